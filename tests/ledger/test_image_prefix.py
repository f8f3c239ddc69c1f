"""A GPT that reads an image within its prompt: the ledger against a linearised run, the engine against full re-runs."""

from dataclasses import replace

import pytest
import torch

import unembed
from builders.random_encoder_decoders import build_llava
from builders.random_models import VOCAB, build
from unembed import Site
from unembed.engine import edits
from unembed.errors import InputError
from unembed.models.read_source import with_image
from unembed.models.sources import Source

IMAGE = VOCAB - 1
PROMPT = (1, *[IMAGE] * 9, 5, 9, 33)


@pytest.fixture(scope="module", params=["llama", "qwen3", "olmo2"])
def model(request):
    """With an image of random pixels."""
    found = unembed.wrap(build_llava(text=request.param))
    pixels = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return replace(found, source=Source((), {"pixel_values": pixels}, None, None))


def own_logits(model, ids=PROMPT):
    return model.module(torch.tensor([ids]), use_cache=False, **model.source.inputs).logits[0]


def test_the_ledger_counts_the_image_as_sources(model):
    trace = unembed.record(model, PROMPT)
    # Softmax and RMSNorm compute in float32 in these models, in both runs alike.
    assert float((trace.logits - own_logits(model).detach()).abs().max()) < 1e-6
    read = unembed.readout(trace, 12, reference="raw")
    ledger = unembed.decompose(read, by="source+neuron")
    assert abs(ledger.error) <= ledger.tolerance
    patches = [term for term in ledger.terms() if term.kind == "head" and term.source in range(1, 10)]
    assert len(patches) == 3 * 4 * 9
    assert max(abs(term.value) for term in patches) > 1e-3
    projector = model.module.model.multi_modal_projector
    with torch.no_grad():
        features = model.module.model.get_image_features(**model.source.inputs, return_dict=True).pooler_output[0]
    assert projector.linear_2.out_features == features.shape[1]
    assert torch.allclose(trace.embedding[1:10], features, atol=1e-12)


def test_another_image_swapped_in_by_its_positions(model):
    """All the stream at the patches taken from another image is that image."""
    other = replace(model, source=Source((), {"pixel_values": -model.source.inputs["pixel_values"]}, None, None))
    run, theirs = unembed.record(model, PROMPT), unembed.record(other, PROMPT)
    patches = Site(kind="resid_pre", layer=0, positions=tuple(range(1, 10)))
    found = unembed.counterfactuals(run, [edits.swap(patches, theirs, run=run)], lambda logits: logits[:, 0])
    assert float((found[0] - own_logits(other)[-1].detach()).abs().max()) < 1e-6
    assert float((found[0] - own_logits(model)[-1].detach()).abs().max()) > 1e-3


def test_generation_reads_the_image_once(model):
    model.module.generation_config.eos_token_id = None
    steps = list(unembed.generate(model, PROMPT, tokens=2))
    assert steps[0].token == int(own_logits(model)[-1].argmax())
    longer = model.module(torch.tensor([[*PROMPT, steps[0].token]]), use_cache=False, **model.source.inputs).logits[
        0, -1
    ]
    assert steps[1].token == int(longer.argmax())


def test_models_without_images_say_so(tmp_path):
    with pytest.raises(InputError, match="reads no image"):
        with_image(unembed.wrap(build("llama")), "a text", tmp_path / "picture.png")
