"""What mixers that are no softmax attention take from each token equals straight-line recurrences."""

from typing import Any

import pytest
import torch
from torch import Tensor

import unembed
from builders.unknown_models import unknown
from oracles import recurrences
from unembed.errors import ModelError

TOKENS = [5, 17, 33, 4, 60, 21, 9]


def _asked(name: str, **changed: Any) -> tuple[Any, Any]:
    """A mixing of the first layer, and its mixer."""
    run = unembed.record(unembed.wrap(unknown(name, **changed)), TOKENS)
    mixing = run.layers[0].mixing
    assert mixing is not None
    return mixing, mixing.mixer


def _stream(mixing: Any) -> Tensor:
    return (mixing.args[0] if mixing.args else mixing.kwargs["hidden_states"])[0]


def _agrees(mixing: Any, by_source: Tensor, heads: int) -> None:
    """At every position, for a random readout: each term, in float64 up to what float32 steps of the module leave."""
    folded = torch.randn(by_source.shape[-1], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for row in range(len(TOKENS)):
        terms = mixing.terms(folded, row)
        expected = (by_source[:, row] * folded).unflatten(-1, (heads, -1)).sum(-1).T
        assert terms.shape == (heads, len(TOKENS))
        assert not bool(terms[:, row + 1 :].any())
        torch.testing.assert_close(terms, expected, rtol=1e-5, atol=1e-6 * float(expected.abs().max()))


@pytest.mark.parametrize("name", ["mamba", "mamba2"])
def test_state_spaces(name: str) -> None:
    mixing, mixer = _asked(name)
    with torch.no_grad():
        expected = getattr(recurrences, name)(mixer, _stream(mixing))
    _agrees(mixing, expected, heads={"mamba": 1, "mamba2": 4}[name])


def test_gated_delta_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    mixing, mixer = _asked("olmo_hybrid")
    import transformers.models.olmo_hybrid.modeling_olmo_hybrid as module

    read: dict[str, Tensor] = {}
    own = module.torch_chunk_gated_delta_rule

    def watched(query: Tensor, key: Tensor, value: Tensor, **others: Any) -> Any:
        read.update(query=query, key=key, value=value, g=others["g"], beta=others["beta"])
        return own(query, key, value, **others)

    monkeypatch.setattr(module, "torch_chunk_gated_delta_rule", watched)
    factors: list[Tensor] = []
    norm = next(part for name, part in mixer.named_children() if "norm" in name)
    norm.register_forward_hook(lambda _, args, out: factors.append((out / args[0]).reshape(len(TOKENS), -1)))
    with torch.no_grad():
        mixer(*mixing.args, **mixing.kwargs)
        expected = recurrences.delta(read, factors[0])
    _agrees(mixing, expected, heads=read["value"].shape[2])


def test_short_convolutions() -> None:
    mixing, mixer = _asked("lfm2_moe")
    with torch.no_grad():
        _agrees(mixing, recurrences.short_convolution(mixer, _stream(mixing)), heads=1)


def test_gated_recurrences() -> None:
    """The convolution has a bias, so values are what it gives: the recurrence reads these."""
    mixing, mixer = _asked("recurrent_gemma")
    unit = mixer.rg_lru

    def gates(v: Tensor) -> tuple[Tensor, Tensor]:
        by_head = v.unflatten(-1, (unit.num_attention_heads, -1))
        made = {
            name: torch.einsum("thi,hij->thj", by_head, getattr(unit, f"{name}_gate_weight"))
            + getattr(unit, f"{name}_gate_bias")
            for name in ("input", "recurrent")
        }
        log_decay = -8 * made["recurrent"].flatten(1).sigmoid() * torch.nn.functional.softplus(unit.recurrent_param)
        factor = (1 - (2 * log_decay).exp()).sqrt()
        factor[0] = 1
        return log_decay.exp(), factor * made["input"].flatten(1).sigmoid()

    with torch.no_grad():
        _agrees(mixing, recurrences.gated_recurrence(mixer, _stream(mixing), gates), heads=1)


def test_a_write_is_its_sources_and_a_mixer_without_a_path_is_one_term() -> None:
    """Also of one token, and of a prompt as long as a chunk of the scan and longer."""
    model = unembed.wrap(unknown("mamba2"))
    for length in (1, 4, 5):
        run = unembed.record(model, TOKENS[:length])
        read = unembed.readout(run, 12, reference="raw")
        finest = unembed.decompose(read, by="source")
        assert [s.values.shape for s in finest.segments if s.kind == "head"] == [(4, length)] * 3
    run = unembed.record(unembed.wrap(unknown("xlstm")), TOKENS)
    assert run.layers[0].mixing is None


def test_a_mixer_whose_operations_are_hidden_is_refused() -> None:
    mixing, mixer = _asked("mamba")
    own = mixer.forward
    mixer.forward = lambda *args, **kwargs: torch.zeros_like(own(*args, **kwargs))
    with pytest.raises(ModelError, match="fused kernel"):
        type(mixing)(mixer, torch.nn.Identity(), mixing.args, mixing.kwargs, mixing.positions).terms(torch.ones(4), 0)


def test_what_is_frozen_is_told() -> None:
    notes = unembed.explain(unembed.wrap(unknown("mamba")), TOKENS, by="source", test=False).notes
    assert "decays" in notes[0]
