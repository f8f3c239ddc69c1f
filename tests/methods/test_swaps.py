"""Swapped words: values of the other prompt's run set in, part by part, against full runs of the module with hooks."""

import re

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from oracles.full_runs import logits, part_set
from oracles.full_runs import read as read_target
from unembed.errors import InputError
from unembed.methods.controls import swapped_each
from unembed.models.sites import Site
from unembed.runs.record import record

FAMILIES = ("gpt2", "llama", "gemma2", "phi", "gpt_neo", "mixtral")
TOKENS = [3, 50, 7, 11, 96, 17]
CLOSE = 1e-6
"""Most families take the softmax of attention in float32, also in a float64 model; measures are in float32."""


@pytest.fixture(scope="module")
def models():
    return {family: unembed.wrap(build(family), make_tokenizer(), name=family) for family in FAMILIES}


def place(x) -> tuple:
    """The part of a term, its layer, and its index in the layer."""
    return ("head", x.layer, x.head) if x.head is not None else ("neuron", x.layer, x.neuron)


PROMPT, OTHER = "the capital of France is", "the capital of Rome is"


def values(model, ids, part: str, layer: int) -> torch.Tensor:
    """What a part holds at the last position of a full run, by a hook."""
    block, seen = model.blocks[layer], []
    if part in ("head", "neuron"):
        owner = block.output_projection if part == "head" else block.down_projection
        hook = owner.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    else:
        owner = block.attention_write if part == "attention" else block.mlp_write
        hook = owner.register_forward_hook(lambda _, args, out: seen.append(out[0] if isinstance(out, tuple) else out))
    logits(model, ids)
    hook.remove()
    return seen[0].reshape(-1, seen[0].shape[-1])[-1]


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "phi", "gpt_neo"])
def test_every_swapped_probability_is_a_full_run(models, family):
    model = models[family]
    result = unembed.explain(model, PROMPT, swap=("France", "Rome"))
    ids, other = (model.tokenizer(text)["input_ids"] for text in (PROMPT, OTHER))
    token, last = result.target.token, [len(ids) - 1]
    assert result.swap.run.tokens == tuple(other)
    assert result.swap.target.probability == pytest.approx(read_target(model, other, token)[1], abs=CLOSE)
    assert result.swap.predictions[0].rank == 1
    moved = []
    for note in (*result.heads, *result.neurons):
        part, layer, index = place(note.term)
        value = values(model, other, part, layer)
        value = value.view(model.heads, -1)[index] if part == "head" else value[index]
        with part_set(model, part, layer, index, last, value):
            found = read_target(model, ids, token)[1]
        assert note.swapped == pytest.approx(found, abs=CLOSE)
        assert note.zeroed is not None
        moved.append(abs(found - result.target.probability))
    assert len(result.swap.sublayers) == min(8, 2 * model.layers)
    for term, swapped in result.swap.sublayers:
        with part_set(model, term.kind, term.layer, None, last, values(model, other, term.kind, term.layer)):
            found = read_target(model, ids, token)[1]
        assert swapped == pytest.approx(found, abs=CLOSE)
        moved.append(abs(found - result.target.probability))
    assert max(moved) > 1000 * CLOSE


def test_a_swap_without_tests(models):
    result = unembed.explain(models["mixtral"], PROMPT, swap=("France", "Rome"), test=False)
    notes = (*result.heads, *result.neurons)
    assert all(n.zeroed is None for n in notes)
    assert all(0 <= n.swapped <= 1 for n in notes)
    assert result.population is None


def test_swapping_nothing_different_changes_nothing(models):
    """Values swapped in from the very same run."""
    run = record(models["gpt2"], TOKENS, positions=[5])
    target = run.prediction(40, position=5)
    heads = [Site(kind="z", layer=1, head=head, positions=(5,)) for head in range(4)]
    found = swapped_each(run, target.token, heads, run)
    assert found == pytest.approx([target.probability] * 4, abs=CLOSE)
    assert swapped_each(run, target.token, [], run) == ()


SWAPS = {
    "not there": (PROMPT, ("Spain", "Rome"), {}, "Expected the word 'Spain' exactly once in"),
    "twice": ("the capital of the new", ("the", "a"), {}, "found it 2 times"),
    "part of a word": ("the capital", ("cap", "a"), {}, "found it 0 times"),
    "nothing": (PROMPT, ("", "Rome"), {}, "two different words (France=Germany)"),
    "by nothing": (PROMPT, ("France", ""), {}, "two different words (France=Germany)"),
    "itself": (PROMPT, ("France", "France"), {}, "two different words (France=Germany)"),
    "longer": (PROMPT, ("France", "new Rome"), {}, f"{PROMPT!r} has 5, 'the capital of new Rome is' has 6"),
    "after": (PROMPT, ("France", "Rome"), {"position": 2}, "changes nothing at or before the explained position 2"),
    "token ids": (TOKENS, ("France", "Rome"), {}, "give the prompt as text"),
    "one word": (PROMPT, ("France",), {}, "Expected a swap as ('France', 'Germany')"),
    "a text": (PROMPT, "is", {}, "Expected a swap as ('France', 'Germany')"),
    "a number": (PROMPT, ("France", 5), {}, "Expected a swap as ('France', 'Germany')"),
    "none of several": (PROMPT, ("France", "Rome", 0), {}, "'all' or a number from 1, found 0"),
    "another word for all": (PROMPT, ("France", "Rome", "each"), {}, "'all' or a number from 1, found 'each'"),
    "same token": (PROMPT, ("is", "was"), {"position": 3}, "changes nothing"),
}


@pytest.mark.parametrize("name", SWAPS)
def test_what_is_no_swap_is_refused(models, name):
    prompt, words, how, message = SWAPS[name]
    with pytest.raises(InputError, match=re.escape(message)):
        unembed.explain(models["llama"], prompt, swap=words, **how)
