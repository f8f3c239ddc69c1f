"""record_together: prompts that share a forward pass are recorded as if each had run alone."""

import pytest
import torch

import unembed
from builders.random_models import MODEL_TYPES, build
from oracles.rerun import exactly
from unembed.runs.record import record, record_together

PROMPTS = ([3, 14, 15, 92, 65, 35], [3, 14, 27, 92, 65, 8], [8, 8, 2, 60, 1, 9])


def tensors(x, found: list) -> list:
    """Every tensor in a run, in one order."""
    if isinstance(x, torch.Tensor):
        found.append(x)
    elif isinstance(x, dict):
        for value in x.values():
            tensors(value, found)
    elif isinstance(x, list | tuple):
        for value in x:
            tensors(value, found)
    elif hasattr(x, "__dataclass_fields__"):
        for name in x.__dataclass_fields__:
            if name != "model":
                tensors(getattr(x, name), found)
    return found


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", MODEL_TYPES)
@pytest.mark.parametrize("positions", [None, (2, 5)])
def test_together_is_as_alone(model_type, positions):
    model = unembed.wrap(build(model_type))
    with exactly():
        together = record_together(model, PROMPTS, positions=positions)
        for prompt, run in zip(PROMPTS, together, strict=True):
            alone = record(model, prompt, positions=positions)
            assert run.tokens == tuple(prompt)
            pairs = list(zip(tensors(run, []), tensors(alone, []), strict=True))
            assert len(pairs) > 10 * model.layers
            for a, b in pairs:
                assert a.shape == b.shape
                assert torch.allclose(a, b, atol=1e-10)
            assert not torch.allclose(run.final, together[run is together[0]].final)


def test_prompts_of_different_length_do_not_run_together():
    with pytest.raises(unembed.InputError, match=r"equal length to run together, found \[6, 2\] tokens"):
        record_together(unembed.wrap(build("gpt2")), [PROMPTS[0], [3, 4]])
