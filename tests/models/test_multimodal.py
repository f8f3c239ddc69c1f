"""Images and sound within the prompt: the terms of every position sum to the module's own logit."""

from dataclasses import replace

import pytest
import torch

import unembed
from builders import masked_models
from builders.random_encoder_decoders import ENCODER_DECODERS
from builders.random_models import MODEL_TYPES
from builders.random_multimodal import MARK, MULTIMODAL, build_multimodal, inputs_of, prompt_of
from oracles.parts import PARTS
from unembed.models.families import supported
from unembed.models.sources import Source

STEPS = 2e-6
"""Of the largest logit: attention takes its softmax, and some norms a step, in float32, in either run in an order of
its own: a few units of it (1.2e-7) a block."""


def test_every_row_has_a_builder_and_an_oracle() -> None:
    assert sorted(MODEL_TYPES) == sorted(PARTS)
    assert supported() == sorted({*MODEL_TYPES, *ENCODER_DECODERS, *masked_models.ROWS, *MULTIMODAL})


@pytest.mark.parametrize("model_type", sorted(MULTIMODAL))
def test_the_terms_sum_to_the_modules_own_logits(model_type: str) -> None:
    module, prompt, inputs = build_multimodal(model_type), prompt_of(model_type), inputs_of(model_type)
    with torch.no_grad():
        own = module(torch.tensor([prompt]), use_cache=False, **inputs).logits[0]
        blank = module(torch.tensor([[5 if x == MARK else x for x in prompt]]), use_cache=False).logits[0]
    assert float((own - blank)[-1].abs().max()) > 0.1  # what stands in the prompt is read
    model = replace(unembed.wrap(module), source=Source((), inputs, None, None))
    assert model.level == "everything"
    run = unembed.record(model, prompt)
    marks = {position for position, token in enumerate(prompt) if token == MARK}
    for position in range(len(prompt)):
        ledger = unembed.decompose(unembed.readout(run, 12, position=position, reference="raw"), by="source+neuron")
        total = sum(float(segment.values.sum()) for segment in ledger.segments)
        assert total == pytest.approx(float(own[position, 12]), abs=STEPS * float(own.abs().max()))
    read = [abs(x.value) for x in ledger.terms() if x.kind == "head" and x.source in marks]
    assert max(read) > 1e-3  # by heads of the last position
