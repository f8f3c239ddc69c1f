"""The search for knowledge neurons: its numbers are those of `attribute`, it keeps values, and goes on when killed."""

import json
import re
from collections.abc import Sequence

import pytest
import torch

import unembed
from builders.random_encoder_decoders import build as build_encoder_decoder
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.errors import InputError, Interrupted
from unembed.methods.knowledge import find as searching
from unembed.methods.knowledge.asking import only
from unembed.methods.knowledge.attribution import LayerPath, NeuronPath, attribute
from unembed.methods.knowledge.facts import Fact, Relation
from unembed.methods.knowledge.find import FLOOR, Found, find, shapes_of
from unembed.methods.knowledge.neurons import Criteria, Neuron, above

FEW = LayerPath(steps=3)
FACTS = tuple(
    Fact("capital", subject, answer, prompts)
    for subject, answer, prompts in (
        ("France", "Paris", ("the capital of France is", "France the capital is", "a capital of France")),
        ("Rome", "new", ("the capital of Rome is", "Rome the capital is", "a capital of Rome")),
        ("a", "of", ("the capital of a is", "a the capital is", "new capital of a")),
    )
)
RELATION = Relation("capital", "", (), FACTS)


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("llama"), make_tokenizer())


@pytest.fixture(scope="module")
def found(model: unembed.Model) -> Found:
    return find(model, RELATION, path=FEW)


def expected(values: dict[str, list[Sequence[torch.Tensor]]], by: Criteria) -> dict[str, set[Neuron]]:
    """What each fact keeps, counted prompt by prompt."""
    votes = {}
    for subject, prompts in values.items():
        hits: dict[Neuron, int] = {}
        for layers in prompts:
            top = max(float(v.max()) for v in layers)
            for layer, value in enumerate(layers):
                for n in range(len(value)):
                    if float(value[n]) > by.t * top:
                        hits[Neuron(layer, n)] = hits.get(Neuron(layer, n), 0) + 1
        votes[subject] = {neuron for neuron, count in hits.items() if count >= by.p * len(prompts) - 1e-9}
    return votes


@pytest.fixture(scope="module")
def attributed(model: unembed.Model) -> dict[str, list[Sequence[torch.Tensor]]]:
    return {f.subject: [attribute(model, p, f.target, path=FEW).values for p in f.prompts] for f in FACTS}


@pytest.mark.parametrize(
    "by", [Criteria(0.3, 0.6, 0.4), Criteria(0.1, 1.0, 0.0), Criteria(FLOOR, 0.3, 1.0), Criteria()]
)
def test_every_choice_follows_the_attributions(found, attributed, by: Criteria) -> None:
    """Also one that was not asked for: `at` chooses from what is kept."""
    chosen, votes = found.at(by), expected(attributed, by)
    for entry in chosen.facts:
        mine = votes[entry.fact.subject]
        assert entry.kept == mine
        others = [votes[s] for s in votes if s != entry.fact.subject]
        assert entry.refined == {n for n in mine if sum(n in o for o in others) <= by.share * 2}
        assert len(entry.probabilities) == 3
    everybody = [n for n in set.union(*votes.values()) if sum(n in v for v in votes.values()) >= 2]
    assert chosen.shared == set(everybody)
    assert (chosen.t, chosen.p, chosen.share, found.t) == (by.t, by.p, by.share, 0.2)


def test_refining_does_something_here(found) -> None:
    assert any(entry.refined < entry.kept for entry in found.at(Criteria(0.3, 0.6, 0.4)).facts)


def test_a_smaller_threshold_keeps_more_and_is_refused_where_that_is_gone(model, found) -> None:
    with pytest.raises(InputError, match=r"Values from 0\.01 of each prompt's largest on are kept, and t = 0\.001"):
        found.at(Criteria(t=0.001))
    low = find(model, RELATION.of(FACTS[:1]), criteria=Criteria(t=0.001), path=FEW)
    assert low.floor == 0.001
    assert low.facts[0].kept > found.at(Criteria(FLOOR)).facts[0].kept


def test_on_the_neuron_path_values_are_exact(model) -> None:
    chosen = find(model, RELATION.of(FACTS[:1]), criteria=Criteria(0.3, 1.0, 1.0), path=NeuronPath(40))
    sets = [above(attribute(model, prompt, " Paris", path=NeuronPath(40)).values, 0.3) for prompt in FACTS[0].prompts]
    assert chosen.facts[0].kept == frozenset.intersection(*sets)


@pytest.mark.parametrize("model_type", ["mixtral", "gpt_oss"])
def test_neurons_of_experts_have_their_places(model_type: str) -> None:
    mixture = unembed.wrap(build(model_type), make_tokenizer())
    fact = FACTS[0]
    chosen = find(mixture, RELATION.of([fact]), criteria=Criteria(0.1, 1 / 3), path=FEW)
    values = [attribute(mixture, prompt, fact.target, path=FEW).values for prompt in fact.prompts]
    assert [tuple(v.shape) for v in values[0]] == list(shapes_of(mixture))
    assert chosen.facts[0].kept == frozenset.union(*(above(v, 0.1) for v in values))
    assert any(neuron.expert for neuron in chosen.facts[0].kept)


def test_layers_of_an_encoder_come_last() -> None:
    both = unembed.wrap(build_encoder_decoder("t5"))
    assert len(shapes_of(both)) == both.layers + both.encoder.layers


# ------------------------------------------------------------ kept in a folder


class KilledError(Exception):
    pass


def counting(monkeypatch, stop_at: int | None = None) -> list[str]:
    """Which prompts are attributed; the work is killed at one of them."""
    asked: list[str] = []
    real = searching.attribute

    def watched(model, prompt, *args, **words):
        if len(asked) == stop_at:
            raise KilledError
        asked.append(prompt)
        return real(model, prompt, *args, **words)

    monkeypatch.setattr(searching, "attribute", watched)
    return asked


@pytest.mark.parametrize("at", [0, 4, 8])
def test_what_was_killed_goes_on_and_loses_nothing(model, found, monkeypatch, tmp_path, at: int) -> None:
    counting(monkeypatch, stop_at=at)
    with pytest.raises(KilledError):
        find(model, RELATION, path=FEW, keep=tmp_path / "kept")
    monkeypatch.undo()
    asked = counting(monkeypatch)
    again = find(model, RELATION, path=FEW, keep=tmp_path / "kept")
    assert len(asked) == 9 - at
    same(again, found)
    asked.clear()
    same(find(model, RELATION, path=FEW, criteria=Criteria(t=0.1), keep=str(tmp_path / "kept")).at(Criteria()), found)
    assert asked == []


def same(one: Found, other: Found) -> None:
    """To the last bit."""
    for a, b in zip(one.values, other.values, strict=True):
        for x, y in zip(a.prompts, b.prompts, strict=True):
            assert (x.probability, x.top) == (y.probability, y.top)
            assert x.places.tolist() == y.places.tolist()
            assert x.values.tolist() == y.values.tolist()
    assert one.facts == other.facts


def test_a_file_that_was_changed_is_computed_again(model, found, monkeypatch, tmp_path) -> None:
    find(model, RELATION.of(FACTS[:1]), path=FEW, keep=tmp_path)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 3
    files[0].write_text(files[0].read_text()[:50])
    data = json.loads(files[1].read_text())
    data["values"]["values"][0] *= 2
    files[1].write_text(json.dumps(data))
    asked = counting(monkeypatch)
    again = find(model, RELATION.of(FACTS[:1]), path=FEW, keep=tmp_path)
    assert len(asked) == 2
    assert again.values[0].prompts[0].values.tolist() == found.values[0].prompts[0].values.tolist()


def test_another_model_path_or_floor_shares_no_file(model, monkeypatch, tmp_path) -> None:
    one = RELATION.of([Fact("capital", "France", "Paris", FACTS[0].prompts[:1])])
    other = unembed.wrap(build("llama", seed=5), make_tokenizer())
    asked = counting(monkeypatch)
    find(model, one, path=FEW, keep=tmp_path)
    for again in (
        lambda: find(other, one, path=FEW, keep=tmp_path),
        lambda: find(model, one, path=LayerPath(steps=4), keep=tmp_path),
        lambda: find(model, one, path=FEW, criteria=Criteria(t=0.005), keep=tmp_path),
    ):
        asked.clear()
        again()
        assert len(asked) == 1
    assert len(list(tmp_path.iterdir())) == 4


def test_a_folder_of_something_else_is_refused(model, tmp_path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match=r"holds thesis\.tex, so it is no folder of attributions"):
        find(model, RELATION, path=FEW, keep=tmp_path)
    with pytest.raises(InputError, match=r"Cannot use .*thesis\.tex as a folder for values"):
        find(model, RELATION, path=FEW, keep=tmp_path / "thesis.tex")


def test_ctrl_c_gives_the_facts_that_are_finished(model, found, monkeypatch) -> None:
    real, count = searching.attribute, [0]

    def interrupted(*args, **words):
        count[0] += 1
        if count[0] == 8:
            raise Interrupted(real(*args, **words))  # as the neuron path does: part of an attribution is no search
        return real(*args, **words)

    monkeypatch.setattr(searching, "attribute", interrupted)
    with pytest.raises(Interrupted) as stopped:
        find(model, RELATION, path=FEW)
    part = stopped.value.result
    assert isinstance(part, Found)
    assert [entry.fact for entry in part.values] == list(FACTS[:2])
    assert not part.complete
    assert "interrupted: 2 of 3 facts are searched" in part.notes[0]
    assert found.complete
    count[0] = 7
    with pytest.raises(KeyboardInterrupt) as stopped:
        find(model, RELATION, path=FEW)
    assert not isinstance(stopped.value, Interrupted)


# ------------------------------------------------------------ which facts


def test_only_what_the_model_knows() -> None:
    """Against plain runs. Of the vocabulary's words this model says one, so that it knows one of the facts."""
    says = unembed.wrap(build("llama", seed=5, vocab_size=12), make_tokenizer())
    known = []
    for fact in FACTS:
        rows = [says.tokenizer(prompt)["input_ids"] for prompt in fact.prompts]
        with torch.no_grad():
            best = [int(says.module(torch.tensor([ids])).logits[0, -1].argmax()) for ids in rows]
        known += [fact] if 2 * sum(says.tokenizer.decode([token]) == fact.answer for token in best) >= 3 else []
    assert known == [FACTS[2]]
    kept = only(says, RELATION, ["known"])
    assert kept.facts == (FACTS[2],)
    assert kept.left_out == ("2 facts are left out: the model does not give the answer to half of the prompts.",)
    assert only(says, RELATION, []) == RELATION
    turned = RELATION.of(FACTS[::-1])
    first = only(says, turned, ["known"], most=1)
    assert (first.facts, first.left_out) == ((FACTS[2],), ())  # what comes after the last is not asked


def test_only_answers_of_one_token(model) -> None:
    long, odd = Fact("capital", "x", "new Paris", ("the capital is",)), Fact("capital", "y", "Xyz", ("the capital is",))
    kept = only(model, RELATION.of([FACTS[0], long]), ["one-token"])
    assert kept.facts == FACTS[:1]
    assert kept.left_out == ("1 fact is left out: the answer is of several tokens.",)
    with pytest.raises(InputError, match=r"No fact of capital is left"):
        only(model, RELATION.of([long, odd]), ["one-token"])
    with pytest.raises(InputError, match="known or one-token, found 'good'"):
        only(model, RELATION, ["good"])


def test_notes_of_a_relation_reach_the_result(model) -> None:
    left = Relation("capital", "", (), FACTS[:1], ("1 subject has several answers.",))
    assert find(model, left, path=FEW).notes[-1] == "1 subject has several answers."
    with pytest.raises(InputError, match=re.escape("There is no fact of capital to search.\n1 subject has several")):
        find(model, left.of([]), path=FEW)


def test_bad_shares_and_no_facts(model) -> None:
    with pytest.raises(InputError, match="Expected p above 0 and at most 1, found 7"):
        find(model, RELATION, criteria=Criteria(p=7))
    with pytest.raises(InputError, match="There is no fact of capital"):
        find(model, RELATION.of([]))
