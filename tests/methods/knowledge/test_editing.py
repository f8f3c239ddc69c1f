"""Edits of facts: suppressing, amplifying, and the value edit by its printed formula; one on the real model."""

import pytest
import torch

import unembed
from builders.facts import FACT, logits, model_of
from builders.random_models import build
from unembed.errors import InputError
from unembed.methods.knowledge.asking import reference_texts
from unembed.methods.knowledge.editing import Value, amplify, erase, new_target, suppress, update
from unembed.methods.knowledge.facts import Fact, shipped
from unembed.methods.knowledge.neurons import Neuron
from unembed.methods.knowledge.report import Groups, report
from unembed.methods.knowledge.weight_edits import applied
from unembed.models.model import Model, value_rows
from unembed.models.prompts import tokenize
from unembed.runs.activations import activations


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gpt_oss"])
def test_suppressing_and_amplifying_is_scaling_the_activation(model_type: str) -> None:
    """Against a hook that scales what enters the down projection; for a mixture, rows of the parameter."""
    model = model_of(model_type)
    mixture = model.blocks[0].experts is not None
    neurons = [
        Neuron(2, 5, 1 if mixture else None),
        Neuron(0, 7, 3 if mixture else None),
        Neuron(0, 8, 3 if mixture else None),
    ]
    tokens = tokenize(model, "the capital of France is a new Rome")
    for make, factor in ((suppress, 0.0), (amplify, 2.0)):
        with applied(model, make(model, neurons)):
            found = logits(model, tokens)
        if mixture:
            other = build(model_type)
            with torch.no_grad():
                for n in neurons:
                    other.model.layers[n.layer].mlp.experts.down_proj[n.expert, n.neuron] *= factor
            expected = logits(unembed.wrap(other), tokens)
        else:
            handles = [
                hooked(model, layer, [n.neuron for n in neurons if n.layer == layer], factor) for layer in (0, 2)
            ]
            expected = logits(model, tokens)
            for handle in handles:
                handle.remove()
        assert torch.allclose(found, expected, rtol=0, atol=1e-10)
        assert not torch.allclose(found, logits(model, tokens), rtol=0, atol=1e-6)


def hooked(model: Model, layer: int, neurons: list[int], factor: float):
    def scale(_, args):
        x = args[0].clone()
        x[..., neurons] *= factor
        return (x,)

    return model.blocks[layer].down_projection.register_forward_pre_hook(scale)


def test_descriptions_name_what_is_edited() -> None:
    model = model_of("gpt2")
    assert suppress(model, [Neuron(1, 2)]).description == "suppress 1 neuron (L1.N2)"
    many = [Neuron(1, n) for n in (5, 3, 4, 9)]
    assert erase(model, "capital", many).description == "erase capital: suppress 4 neurons (L1.N3, L1.N4, L1.N5, …)"
    with pytest.raises(InputError, match="no neuron to edit"):
        suppress(model, [])


@pytest.mark.parametrize("model_type", ["gpt2", "llama"])
def test_the_value_edit_is_the_printed_formula(model_type: str) -> None:
    model = model_of(model_type)
    neurons = [Neuron(1, 3), Neuron(2, 4), Neuron(2, 6)]
    edits = update(model, FACT, "Rome", by=Value(neurons, strength=0.7))
    old = {n: value_rows(model.blocks[n.layer])[n.neuron].clone() for n in neurons}
    whole = [value_rows(block).clone() for block in model.blocks]
    toward, against = (model.unembedding[token].detach().double() for token in (8, 7))
    change = 0.7 * (8 * toward / toward.norm() - against / against.norm())
    signs = {}
    for n in neurons:
        passages = [tokenize(model, prompt) for prompt in FACT.prompts]
        last = [found[-1, n.neuron] for _, found in activations(model, n.layer, passages)]
        signs[n] = float(torch.stack(last).mean().sign())
    assert set(signs.values()) == {1.0, -1.0} or model_type == "gpt2"
    with applied(model, edits):
        for n in neurons:
            expected = old[n] + signs[n] * old[n].norm() * change
            assert torch.allclose(value_rows(model.blocks[n.layer])[n.neuron], expected, rtol=0, atol=1e-5)
        for layer, block in enumerate(model.blocks):
            touched = [n.neuron for n in neurons if n.layer == layer]
            rest = [n for n in range(48) if n not in touched]
            assert torch.equal(value_rows(block)[rest], whole[layer][rest])


def test_a_new_target_keeps_the_space_of_the_old() -> None:
    assert new_target(Fact("r", "s", "Paris", ("p",)), "Rome") == " Rome"
    assert new_target(FACT, " Rome") == "Rome"


def test_reference_texts_are_facts_that_do_not_mention_the_subject() -> None:
    model = model_of("llama")
    everything, without = reference_texts(model), reference_texts(model, without="France")
    assert len(everything) == sum(len(shipped(name).facts) for name in unembed.methods.knowledge.facts.relations())
    assert set(without) == {text for text in everything if "france" not in text.lower()}
    assert 0 < len(without) < len(everything)


@pytest.mark.slow
@pytest.mark.real
def test_real_update_holds_on_unseen_paraphrases(real_model: Model) -> None:
    """Made with three prompts, tried on the other three; other facts keep their answers; then all is as before."""
    fact = next(f for f in shipped("capital").facts if f.subject == "France")
    others = [f for f in shipped("capital").facts if f.subject in ("Austria", "Portugal", "Greece", "Denmark")]
    texts = reference_texts(real_model, without="France")[::4]
    edits = update(real_model, fact, "Rome", prompts=fact.prompts[0::2], texts=texts)
    groups = Groups(
        own=[(fact.prompts[0], fact.target)],
        unseen=[(prompt, " Rome") for prompt in fact.prompts[1::2]],
        related=[(prompt, other.target) for other in others for prompt in other.prompts[:3]],
    )
    result = report(real_model, edits, groups).effects
    assert result.unseen.top_before == 0
    assert result.unseen.top_after >= 2
    assert result.related.top_before >= 6
    assert result.related.kept >= 0.9 * result.related.top_before
    assert real_model.edits == ()
