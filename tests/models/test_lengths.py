"""Models whose rotary factors depend on the length of the run, against full runs of a fresh module on both sides of it.

The models are float64, but their norms and softmaxes compute in float32 (u = 1.2e-7): two ways to the same number of
order 10 differ by a few units, 1e-5 at most. A run of another length differs by 1e-3 and more.
"""

from copy import deepcopy

import pytest
import torch

import unembed
from builders.random_models import build
from builders.rotary import dynamic, longrope
from builders.words import make_tokenizer
from oracles.rerun import Change, Rerun
from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.measures import logit, question
from unembed.errors import InputError
from unembed.explorer.session import Session
from unembed.methods.explain import explain
from unembed.methods.generate import generate
from unembed.methods.heads.noise import noise
from unembed.methods.knowledge import rome
from unembed.methods.patch import patch
from unembed.models.lengths import acts_alike, switches
from unembed.models.prompts import tokenize
from unembed.runs.activations import activations, last_streams
from unembed.runs.prefix import prefix

SWITCH = 8
PROMPT = tuple((7 * i * i + 3 * i + 5) % 97 for i in range(13))
CLOSE = 1e-5
_OTHER = 1e-3
DYNAMIC, LONG = dynamic(), longrope(SWITCH)
_LOCAL = {"rope_type": "default", "rope_theta": 100.0}
BY_LENGTH = {
    "dynamic": ("llama", {"rope_parameters": DYNAMIC, "context": SWITCH}),
    "dynamic neox": ("gpt_neox", {"rope_parameters": {**DYNAMIC, "partial_rotary_factor": 0.5}, "context": SWITCH}),
    "longrope": ("llama", {"rope_parameters": LONG, "context": 32}),
    "longrope phi3": ("phi3", {"rope_parameters": LONG, "context": 32, "original_max_position_embeddings": SWITCH}),
    # Each kind of layer with factors of its own.
    "dynamic gemma3": (
        "gemma3_text",
        {"rope_parameters": {"full_attention": DYNAMIC, "sliding_attention": _LOCAL}, "context": SWITCH},
    ),
    "longrope gemma3": (
        "gemma3_text",
        {"rope_parameters": {"full_attention": LONG, "sliding_attention": _LOCAL}, "context": 32},
    ),
}
each = pytest.mark.parametrize("kind", BY_LENGTH)


def made(kind: str):
    """A model, and its module as it was built, for runs of their own."""
    model_type, settings = BY_LENGTH[kind]
    module = build(model_type, **settings)
    return unembed.wrap(module), deepcopy(module)


def full(module, ids):
    """The logits of a fresh module, which has run nothing before; attention as in recorded runs."""
    fresh = deepcopy(module)
    fresh.set_attn_implementation("eager")
    with torch.no_grad():
        return fresh(torch.tensor([list(ids)]), use_cache=False).logits[0]


def near(found, expected) -> bool:
    return float((torch.as_tensor(found) - torch.as_tensor(expected)).abs().max()) <= CLOSE


@each
def test_the_configuration_tells(kind):
    model, module = made(kind)
    assert switches(model) == {kind.split()[0]: SWITCH}
    assert acts_alike(model, 3, SWITCH)
    assert not acts_alike(model, 3, SWITCH + 1)
    assert acts_alike(model, SWITCH + 1, SWITCH + 2) == kind.startswith("longrope")
    shorter = full(module, PROMPT[:6])
    assert near(full(module, PROMPT[:SWITCH])[:6], shorter)
    assert not torch.allclose(full(module, PROMPT)[:6], shorter, atol=_OTHER)


@pytest.mark.parametrize("settings", [{}, {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4}}])
def test_other_models_are_the_same_at_any_length(settings):
    assert switches(unembed.wrap(build("llama", **settings))) == {}
    assert switches(unembed.wrap(build("gpt2"))) == {}


@each
def test_a_run_does_not_know_what_ran_before(kind):
    model, module = made(kind)
    lengths = (13, 10, 9, 13, 5, 11, 10, 8)
    for length in lengths:
        assert near(unembed.record(model, PROMPT[:length]).logits, full(module, PROMPT[:length]))


@pytest.mark.crossed(1)
@each
@pytest.mark.parametrize("position", [0, 4, 7, 8, 10, 12])
def test_explain_tests_a_position_in_the_whole_prompt(kind, position):
    model, module = made(kind)
    result = explain(model, PROMPT, 12, position=position, top=2)
    probability = full(module, PROMPT)[position].softmax(-1)[12]
    assert near(result.target.probability, probability)
    for note in result.heads:
        layer, head = note.term.layer, note.term.head
        part = model.module.get_submodule(model.family.blocks)[layer].get_submodule(model.family.output_projection)
        size = part.weight.shape[1] // model.heads
        fresh = deepcopy(module)
        site = fresh.get_submodule(model.family.blocks)[layer].get_submodule(model.family.output_projection)
        site.register_forward_pre_hook(zeroing(position, slice(head * size, (head + 1) * size)))
        assert near(note.zeroed.probability, full(fresh, PROMPT)[position].softmax(-1)[12])


def zeroing(position, columns):
    def hook(_, args):
        x = args[0].clone()
        x[0, position, columns] = 0
        return (x,)

    return hook


@each
def test_a_swap_is_of_the_whole_other_prompt(kind):
    model, module = made(kind)
    other = (*PROMPT[:2], 33, *PROMPT[3:])
    run, read = (prefix(unembed.record(model, ids), 7) for ids in (PROMPT, other))
    assert near(read.logits, full(module, other)[:7])
    site = edits.swap("L0 resid_post @ 6", read, run=run)
    found = counterfactuals(run, [site], logit(12))
    whole = unembed.record(model, PROMPT)
    expected = counterfactuals(
        whole, [edits.swap("L0 resid_post @ 6", unembed.record(model, other), run=whole)], logit(12), at=[6]
    )
    assert near(found, expected)


@each
def test_the_page_reads_the_whole_prompt(kind):
    model, module = made(kind)
    run = Session(model).asked_at(PROMPT, 4)
    assert run.tokens == PROMPT[:5]
    assert near(run.logits[run.row(-1)], full(module, PROMPT)[4])


@each
def test_generation_crosses_the_switch(kind):
    model, module = made(kind)
    module.generation_config.eos_token_id = model.module.generation_config.eos_token_id = None
    ids = list(PROMPT[:5])
    for step in generate(model, PROMPT[:5], tokens=8):
        logits = full(module, ids)[-1]
        assert near(step.run.logits[-1], logits)
        assert step.token == int(logits.argmax())
        assert abs(step.ledger.error) <= step.ledger.tolerance
        ids.append(step.token)
    assert len(ids) == 13 > SWITCH + 2


@each
def test_passages_are_padded_only_to_lengths_that_act_alike(kind):
    model, module = made(kind)
    passages = [PROMPT[:length] for length in (13, 3, 8, 9, 12, 5, 9)]
    for i, stream in last_streams(model, passages):
        fresh, seen = deepcopy(module), []
        norm = fresh.get_submodule(model.family.final_norm)
        norm.register_forward_pre_hook(lambda _, args, seen=seen: seen.append(args[0]))
        with torch.no_grad():
            fresh(torch.tensor([passages[i]]), use_cache=False)
        assert near(stream, seen[0][0])
    for i, neurons in activations(model, 1, passages):
        run = unembed.record(unembed.wrap(deepcopy(module)), passages[i])
        assert near(neurons, run.layers[1].neurons)


@each
def test_noise_reads_a_position_in_the_whole_prompt(kind):
    """Attention to the own token at a position, in plain runs."""
    model, module = made(kind)
    found = noise(model, PROMPT, position=5, strengths=(0.1,), seeds=2, text=list(range(1, 60)))
    run = unembed.record(unembed.wrap(deepcopy(module)), PROMPT)
    own = torch.stack([layer.heads.pattern[:, 5, 5] for layer in run.layers])
    assert near(found.plain.heads[0, 0], own)


@each
def test_an_answer_whose_length_matters_is_refused(kind):
    model, _ = made(kind)
    assert question(model, PROMPT[:6], (1, 2)).tokens == (*PROMPT[:6], 1)
    with pytest.raises(InputError, match="turns its positions by the length of a prompt"):
        question(model, PROMPT[:SWITCH], (1, 2))

    with pytest.raises(InputError, match="turns its positions by the length of a prompt"):
        patch(model, PROMPT[:SWITCH], (3, *PROMPT[1:SWITCH]), (1, 2), metric="probability")


@each
def test_patching_across_the_switch_also_patches_what_both_prompts_begin_with(kind):
    """The same tokens hold other values in the longer prompt: what is skipped would be told as no effect."""
    model, module = made(kind)
    clean, corrupt = PROMPT[:SWITCH], (*PROMPT[: SWITCH - 1], 33, 41, 50)
    pairs = {position: position for position in range(SWITCH - 1)} | {SWITCH - 1: SWITCH + 1}
    found = patch(model, clean, corrupt, 12, 7, site="mlp", align=pairs)
    watched = Rerun(deepcopy(module), watch=("mlp_write",))
    watched(clean)
    for cell, value in zip(found.cells, found.values["denoise"].tolist(), strict=True):
        assert cell.position is not None
        taken = watched.seen["mlp_write", cell.layer][[cell.position]]
        change = Change("mlp_write", cell.layer, (pairs[cell.position],), lambda _, taken=taken: taken)
        logits = Rerun(deepcopy(module), [change])(corrupt)
        assert near(value, logits[-1, 12] - logits[-1, 7])
    shared = [abs(run.change) for run in found.entries() if run.cell.position != SWITCH - 1]
    assert max(shared) > 2 * CLOSE


@pytest.mark.crossed(1)
@each
@pytest.mark.parametrize("position", [2, 6, 9])
def test_versions_of_a_prefix_are_versions_of_the_whole(kind, position):
    model, _ = made(kind)
    whole = unembed.record(model, PROMPT)
    part = prefix(whole, position + 1)
    planned = [edits.zero(f"L{layer}.H{head} @ {position}") for layer in range(2) for head in range(model.heads)]
    planned += [edits.zero(f"L1 mlp @ {p}") for p in range(position + 1)]
    one = counterfactuals(part, planned, logit(12))
    assert near(one, counterfactuals(whole, planned, logit(12), at=[position]))
    assert prefix(whole, position + 1) is part
    assert prefix(whole, len(PROMPT)) is whole


# How long a prompt may be


@pytest.mark.parametrize(
    "rope",
    [
        {"rope_type": "linear", "rope_theta": 100.0, "factor": 2.0},
        {"rope_type": "yarn", "rope_theta": 100.0, "factor": 4.0, "original_max_position_embeddings": SWITCH},
        DYNAMIC,
        LONG,
    ],
    ids=lambda rope: rope["rope_type"],
)
def test_what_scaled_rope_reads_is_no_refusal(rope):
    module = build("llama", rope_parameters=rope, context=SWITCH)
    model = unembed.wrap(module)
    fresh = deepcopy(module)
    assert near(unembed.record(model, PROMPT).logits, full(fresh, PROMPT))
    steps = list(generate(model, PROMPT, tokens=2))
    assert steps[0].token == int(full(fresh, PROMPT)[-1].argmax())


def test_learned_positions_end():
    model = unembed.wrap(build("gpt2", context=SWITCH))
    with pytest.raises(InputError, match=r"13 tokens, but .* reads at most 8\.\nIts positions are learned vectors"):
        unembed.record(model, PROMPT)
    with pytest.raises(InputError, match="Its positions are learned vectors"):
        generate(model, PROMPT[:6], tokens=4)


def test_plain_rope_ends_where_the_configuration_says():
    with pytest.raises(InputError, match="no scaling of its positions reaches further"):
        unembed.record(unembed.wrap(build("llama", context=SWITCH)), PROMPT)


LONGER = "the capital of France is a new Rome of the capital is"
"""France is token 3, before the switch, and the end is beyond it."""


def key_of(model, module, text: str, layer: int):
    """What the down projection reads at France in a full run of a fresh module."""
    (name,) = [name for name, part in model.module.named_modules() if part is model.blocks[layer].down_projection]
    tokens, seen = tokenize(model, text), []
    fresh = deepcopy(module)
    fresh.set_attn_implementation("eager")
    fresh.get_submodule(name).register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        fresh(torch.tensor([tokens]), use_cache=False)
    return seen[0].reshape(len(tokens), -1)[tokens.index(5)]


@each
def test_rome_reads_keys_in_whole_prompts_and_descends_in_prompts_of_like_length(kind, monkeypatch):
    model_type, settings = BY_LENGTH[kind]
    module = build(model_type, **settings)
    model = unembed.wrap(module, make_tokenizer(), name="worded")
    module = deepcopy(module)
    monkeypatch.setattr(rome, "PREFIXES", ("",))
    texts = ["the capital of France is", LONGER]  # the shortest is read first
    found = rome._keys(model, 1, texts, "France")
    for key, text in zip(found, texts, strict=True):
        assert near(key, key_of(model, module, text, 1))
    assert float((found[0] - found[1]).abs().max()) > _OTHER, "the same tokens before it, of a run of another length"
    with pytest.raises(InputError, match="cannot run as one batch"):
        rome.rome(model, texts, "France", "Rome", texts=[LONGER], how=rome.Rome(layer=1))
