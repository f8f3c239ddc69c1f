"""Key-value memories against runs of one passage at a time, and values read by hand."""

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.errors import InputError
from unembed.methods.knowledge.key_value_memory import layer_memory, memory, value_logits
from unembed.models.model import Model
from unembed.models.prompts import tokenize
from unembed.models.sites import Site
from unembed.runs.activations import activations, last_streams

TEXTS = ("the capital of France is Paris", "a new Rome", "Paris is the capital of a new France", "Rome", "of of is a")


def model_of(model_type: str) -> Model:
    return unembed.wrap(build(model_type), make_tokenizer())


def neuron_alone(model: Model, text: str, layer: int, expert: int | None, neuron: int) -> torch.Tensor:
    """Its activation at every position of one passage, from a hook or from the expert's own matrices."""
    seen: list = []
    block = model.blocks[layer]
    part = block.down_projection if block.experts is None else block.experts
    handle = part.register_forward_pre_hook(lambda _, args: seen.append(args))
    with torch.no_grad():
        model.module(torch.tensor([tokenize(model, text)]), use_cache=False)
    handle.remove()
    if block.experts is None:
        return seen[0][0].reshape(-1, seen[0][0].shape[-1])[:, neuron]
    hidden, index, _ = seen[0]
    experts = block.experts
    gate_up = hidden @ (experts.gate_up_proj[expert] if experts.is_transposed else experts.gate_up_proj[expert].T)
    if experts.has_bias:
        gate_up = gate_up + experts.gate_up_proj_bias[expert]
    chosen = (index == expert).any(1)
    return (experts._apply_gate(gate_up)[:, neuron] * chosen).detach()


FAMILIES = ("gpt2", "gemma2", "phi", "gpt_neo", "mixtral", "gpt_oss", "opt")


@pytest.mark.parametrize("model_type", FAMILIES)
def test_triggers_are_where_a_neuron_fires_most(model_type: str) -> None:
    model = model_of(model_type)
    expert = None if model.blocks[1].experts is None else 1
    site = Site(kind="neuron", layer=1, expert=expert, neuron=7)
    (found,) = memory(model, [site], TEXTS, top=3, among=9).neurons
    peaks = []
    for text in TEXTS:
        later = neuron_alone(model, text, 1, expert, 7)[1:]
        if len(later) and bool(later.any()):
            peaks.append(
                (float(later.abs().max()), text, int(later.abs().argmax()) + 1, float(later[later.abs().argmax()]))
            )
    peaks.sort(reverse=True)
    passages = memory(model, [site], TEXTS).passages
    assert len(passages) == 4  # "Rome" has one token
    assert len(found.triggers) == min(3, len(peaks))
    for trigger, (_, text, position, activation) in zip(found.triggers, peaks, strict=False):
        tokens = tokenize(model, text)
        assert (passages[trigger.passage], trigger.position) == (tokens, position)
        assert trigger.activation == pytest.approx(activation, rel=1e-5)
        assert trigger.token == tokens[position]
        assert trigger.next == (tokens[position + 1] if position + 1 < len(tokens) else None)


def test_the_value_is_read_through_gain_and_unembedding() -> None:
    """By finite differences of the modules: the logits of a large multiple of the value row, its scale divided out."""
    for model_type in ("gpt2", "gemma2", "llama"):
        model = model_of(model_type)
        block = model.blocks[2]
        weight = block.down_projection.weight
        row = (weight[7] if model_type == "gpt2" else weight[:, 7]).detach()
        final = model.module.get_submodule(model.family.final_norm)
        with torch.no_grad():
            x = 1e6 * row
            x = x if block.mlp_norm is None else block.mlp_write(x) - block.mlp_write(0 * x)
            x = 1e6 * x
            expected = model.unembedding @ (final(x) - final(0 * x))
        found = value_logits(model, Site(kind="neuron", layer=2, neuron=7)).double()
        assert torch.allclose(found / found.norm(), expected / expected.norm(), rtol=0, atol=1e-6), model_type


def test_ranks_and_agreement_follow_the_sign_of_the_activation() -> None:
    model = model_of("llama")
    found = layer_memory(model, 2, TEXTS, neurons=48, top=4, among=20)
    signs = set()
    for neuron in found.neurons:
        logits = value_logits(model, neuron.site)
        good = []
        for trigger in neuron.triggers:
            signs.add(trigger.activation > 0)
            if trigger.next is not None:
                order = (logits * (1 if trigger.activation > 0 else -1)).argsort(descending=True).tolist()
                assert trigger.rank == order.index(trigger.next) + 1
                listed = neuron.promotes if trigger.activation > 0 else neuron.suppresses
                good.append(trigger.next in listed)
        assert neuron.agreement == (sum(good) / len(good) if good else None)
    assert signs == {True, False}
    assert 0 < sum(n.agreement or 0 for n in found.neurons) < sum(n.agreement is not None for n in found.neurons)


def test_a_layers_neurons_are_those_that_write_most() -> None:
    model = model_of("gpt2")
    sizes = []
    for neuron in range(48):
        peak = max(float(neuron_alone(model, t, 1, None, neuron)[1:].abs().max()) for t in TEXTS if t != "Rome")
        sizes.append(peak * float(model.blocks[1].down_projection.weight[neuron].detach().norm()))
    expected = sorted(range(48), key=lambda n: -sizes[n])[:5]
    assert [n.site.neuron for n in layer_memory(model, 1, TEXTS, neurons=5).neurons] == expected


def near(found: torch.Tensor, expected: torch.Tensor) -> bool:
    """To 16 roundings of float32 of the largest entry: the softmax is of float32, and padding changes its sums."""
    return torch.allclose(found, expected, rtol=0, atol=16 * 2**-24 * max(1, float(expected.abs().max())))


@pytest.mark.parametrize("model_type", FAMILIES)
def test_batches_give_what_single_passages_give(model_type: str, monkeypatch) -> None:
    model = model_of(model_type)
    passages = [tokenize(model, text) for text in TEXTS]
    monkeypatch.setattr("unembed.runs.activations.BATCH", 16)
    expert = None if model.blocks[0].experts is None else 2
    for i, found in activations(model, 0, passages, expert=expert):
        assert near(found[:, 3], neuron_alone(model, TEXTS[i], 0, expert, 3))
    for i, found in last_streams(model, passages):
        assert near(found, unembed.record(model, TEXTS[i], keep="stream").final)


@pytest.mark.parametrize(
    ("site", "message"),
    [
        (Site(kind="neuron", layer=3, neuron=0), "no layer 3"),
        (Site(kind="neuron", layer=0, neuron=48), "no neuron 48"),
        (Site(kind="neuron", layer=0), "Expected one neuron"),
        (Site(kind="z", layer=0), "Expected one neuron"),
    ],
)
def test_what_is_no_neuron_is_refused(site: Site, message: str) -> None:
    with pytest.raises(InputError, match=message):
        memory(model_of("gpt2"), [site], TEXTS)


def test_a_text_without_passages_is_refused() -> None:
    with pytest.raises(InputError, match="at least one passage of two tokens"):
        memory(model_of("gpt2"), [Site(kind="neuron", layer=0, neuron=0)], ["Rome"])
    with pytest.raises(InputError, match="needs its expert"):
        memory(model_of("mixtral"), [Site(kind="neuron", layer=0, neuron=0)], TEXTS)


@pytest.mark.real
def test_real_neuron_of_capitals(real_model: Model) -> None:
    """L24.N1005 fires, negatively, where a capital is asked for; at that sign it promotes words for them."""
    texts = ["The capital of France is Paris", "I like to eat apples and pears", "She went to the cinema with friends"]
    (found,) = memory(real_model, [Site(kind="neuron", layer=24, neuron=1005)], texts).neurons
    assert found.triggers[0].passage == 0
    assert found.triggers[0].activation < -10
    assert real_model.tokenizer.decode([found.suppresses[0]]) == " capitals"
