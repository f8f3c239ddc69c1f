"""Methods at the blank of masked language models, against full hooked re-runs of the module (oracles/stacks.py)."""

from functools import cache
from typing import Any

import pytest
import torch

import unembed
from builders.masked_models import each_masked, masked_by, masked_tokenizer, word_pieces
from builders.stack_versions import StackCase
from oracles.rerun import exactly
from oracles.stacks import Change, StackRerun
from unembed.methods.ablate import ablate
from unembed.methods.attention import attention
from unembed.methods.causal_trace import causal_trace
from unembed.methods.lens import lens
from unembed.methods.patch import patch
from unembed.models.tokens import name_of

PROMPT, OTHER = "the capital of france is [MASK] in a city", "the river of germany is [MASK] in a city"
BLANK, SUBJECT = 6, 4
KINDS = {"head": "z", "attention": "attention_write", "mlp": "mlp_write", "neuron": "neuron"}


@cache
def case(model_type: str) -> StackCase:
    with exactly():
        model = masked_by(word_pieces(), model_type)
        tokens = unembed.record(model, PROMPT).tokens
        made = StackCase(model, tokens, (model, unembed.record(model, OTHER).tokens))
        _ = made.run, made.other_run, made.values, made.other_values
    assert tokens[BLANK] == model.tokenizer.mask_token_id
    return made


@each_masked
def test_ablating_parts_equals_full_reruns(model_type: str) -> None:
    at = case(model_type)
    target, own = 7, at.run.logits[BLANK]
    with exactly():
        for site, kind in KINDS.items():
            for position in ("all", 2, BLANK + 1):
                found = ablate(at.model, PROMPT, target, site=site, position=position)  # type: ignore[arg-type]
                assert len(found.effects) == len(at.model.parts(site)) == found.planned
                for effect in found.effects[:: max(1, len(found.effects) // 3)]:
                    index = tuple(i for i in (effect.head, effect.neuron) if i is not None)
                    change = Change("encoder", kind, effect.layer, found.positions, lambda x: 0 * x, index)
                    logits = at.expected([change])[BLANK]
                    assert effect.logit == pytest.approx(float(logits[target] - own[target]), abs=1e-9)
                    moved = logits.softmax(-1)[target] - own.softmax(-1)[target]
                    assert effect.probability == pytest.approx(float(moved), abs=1e-9)


@pytest.mark.crossed(1)
@each_masked
@pytest.mark.parametrize(
    ("site", "kind"), [("resid_post", "resid_post"), ("attention", "attention_write"), ("mlp", "mlp_write")]
)
def test_a_causal_trace_equals_full_reruns(model_type: str, site: str, kind: str) -> None:
    """Noise on the embedding of a word; one state of one position is restored, also of those before the word."""
    at = case(model_type)
    with exactly():
        found = causal_trace(at.model, PROMPT, 7, subject=[SUBJECT], site=site, samples=1, seed=3, noise=0.7)
        width = at.run.embedding.shape[1]
        noise = found.std * torch.randn(1, width, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
        assert found.clean == pytest.approx(float(at.run.logits[BLANK].softmax(-1)[7]), rel=1e-9)
        assert float(found.corrupt[0]) == pytest.approx(noisy(at, noise, []), rel=1e-8)
        for layer in range(at.model.layers):
            for position in (1, SUBJECT, BLANK, BLANK + 2):
                clean = at.values["encoder", kind, layer][[position]]
                back = Change("encoder", kind, layer, (position,), lambda _, x=clean: x)
                expected = noisy(at, noise, [back])
                assert float(found.restored[0, layer, position]) == pytest.approx(expected, rel=1e-8)


def noisy(at: StackCase, noise: torch.Tensor, changes: list[Change]) -> float:
    def corrupt(_: Any, __: Any, out: torch.Tensor) -> torch.Tensor:
        out = out.clone()
        out[:, SUBJECT] += noise[0]
        return out

    module: Any = at.model.module
    handle = module.get_input_embeddings().register_forward_hook(corrupt)
    try:
        logits = StackRerun(module, changes)(input_ids=torch.tensor([at.tokens]))
    finally:
        handle.remove()
    return float(logits[BLANK].softmax(-1)[7])


@each_masked
def test_patching_equals_full_reruns(model_type: str) -> None:
    at = case(model_type)
    with exactly():
        found = patch(at.model, PROMPT, OTHER, 7, versus=9, site="resid_pre")
        values = dict(zip(((c.layer, c.position) for c in found.cells), found.values["denoise"].tolist(), strict=True))
        for layer, position in ((0, 4), (1, 2), (2, 1), (2, BLANK), (1, BLANK + 2)):
            clean = at.values["encoder", "resid_pre", layer][[position]]
            changed = [Change("encoder", "resid_pre", layer, (position,), lambda _, x=clean: x)]
            again = StackRerun(at.model.module, changed)(input_ids=torch.tensor([at.other[1]]))[BLANK]
            assert values[layer, position] == pytest.approx(float(again[7] - again[9]), abs=1e-9)


@each_masked
def test_heads_at_the_blank_read_both_sides(model_type: str) -> None:
    at = case(model_type)
    with exactly():
        found = attention(at.model, PROMPT, 7)
        assert found.readout.position == BLANK
        patterns = [layer.heads.pattern for layer in at.run.layers if layer.heads is not None]
        after = torch.stack([pattern[:, BLANK, BLANK + 1 :].sum(-1) for pattern in patterns])
        assert float(after.max()) > 0.1
        seen = lens(at.model, PROMPT, 7)
        last = next(c for c in seen.entries() if (c.layer, c.position) == (at.model.layers - 1, BLANK))
        assert last.probability == pytest.approx(float(at.run.logits[BLANK].softmax(-1)[7]), abs=1e-9)


def test_both_tokens_of_a_difference_are_read_as_words_at_the_blank() -> None:
    """Byte-level: the other token as well is ` Rome`, not what would join the word before the blank."""
    model = masked_by(masked_tokenizer("byte-level"), "roberta")
    clean, corrupt = "the capital of Italy is <mask> and", "the capital of France is <mask> and"
    found = patch(model, clean, corrupt, "Paris", versus="Rome")
    assert found.target is not None
    assert [name_of(model, token) for token in (*found.target, found.versus or 0)] == [" Paris", " Rome"]
    run = unembed.record(model, clean)
    own = run.logits[run.asked, [found.target[0], found.versus or 0]]
    assert found.clean == pytest.approx(float(own[0] - own[1]), abs=1e-9)
