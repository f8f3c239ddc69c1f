"""Attention knockout, against full runs of the module whose pattern is renormalised by hand."""

import pytest
import torch

import unembed
from builders.random_encoder_decoders import build as build_encoder_decoder
from builders.random_models import build
from oracles import rerun
from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.errors import InputError

TOKENS = (3, 50, 7, 11, 96, 17, 19, 5, 3)
HIDDEN, AT = (1, 3), (4, 8)
"""Two source tokens, hidden from two positions."""
CLOSE = 1e-9
"""float64 throughout: `1 - pattern` loses as many bits as the pattern of a random model is near 1, which is few."""


def _renormalised(pattern: torch.Tensor) -> torch.Tensor:
    """`position key` without the hidden sources: what a softmax over the others (and a sink) gives."""
    mass = pattern[..., list(HIDDEN)].sum(-1, keepdim=True)
    kept = pattern.clone()
    kept[..., list(HIDDEN)] = 0
    return kept / (1 - mass)


@pytest.mark.parametrize("model_type", ["llama", "gpt2", "gpt_neo", "gemma2", "gpt_oss"])
def test_a_hidden_token_is_left_out_of_the_softmax(model_type: str) -> None:
    module = build(model_type)
    with rerun.exactly():
        model = unembed.wrap(module, None)
        run = unembed.record(model, TOKENS)
        hide = [edits.hide(unembed.Site(kind="pattern", layer=1, head=2, source=s, positions=AT)) for s in HIDDEN]
        zero = [edits.zero(unembed.Site(kind="pattern", layer=1, head=2, source=s, positions=AT)) for s in HIDDEN]
        other = edits.zero("L0.H1 @ 2")
        found = counterfactuals(run, [hide, [*hide, other], zero], lambda logits: logits[:, 0].double())
        change = rerun.Change("pattern", 1, AT, _renormalised, (2,))
        expected = rerun.Rerun(module, [change])(TOKENS)[-1]
        both = rerun.Rerun(module, [change, rerun.Change("z", 0, (2,), torch.zeros_like, (1,))])(TOKENS)[-1]
    assert torch.allclose(found[0], expected.double(), atol=CLOSE, rtol=0)
    assert torch.allclose(found[1], both.double(), atol=CLOSE, rtol=0)
    assert not torch.allclose(found[0], found[2], atol=1e-6, rtol=0)


def test_a_hidden_source_of_a_cross_attention_is_left_out() -> None:
    """Hiding all sources but one leaves that one's value: z is known without a softmax."""
    model = unembed.wrap(build_encoder_decoder("t5"), None)
    model = unembed.with_source(model, [5, 9, 7])
    run = unembed.record(model, [0, 8, 4])
    site = unembed.Site(kind="cross_z", layer=0, head=1, positions=(2,))
    hide = [
        edits.hide(unembed.Site(kind="cross_pattern", layer=0, head=1, source=s, positions=(2,))) for s in (0, 2, 3)
    ][: len(model.source) - 1]
    left = next(s for s in range(len(model.source)) if s not in [edit.site.source for edit in hide])
    value = run.at(unembed.Site(kind="cross_value", layer=0, head=1))[left]
    found = counterfactuals(run, [hide, edits.set_to(site, value)], lambda logits: logits[:, 0].double())
    assert torch.allclose(found[0], found[1], atol=1e-6, rtol=0)


def test_what_cannot_be_hidden_is_refused() -> None:
    for site in ("L0.H1", "L0.H1 pattern"):
        with pytest.raises(InputError, match="entry of a pattern"):
            edits.hide(site)
    run = unembed.record(unembed.wrap(build("llama"), None), TOKENS)
    alone = unembed.Site(kind="pattern", layer=0, head=1, source=0, positions=(0,))
    with pytest.raises(InputError, match="no token at all"):
        counterfactuals(run, [edits.hide(alone)], lambda logits: logits[:, 0].double())
