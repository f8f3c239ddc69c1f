"""The report on an edit against plain runs before and after; its neighbours and controls."""

import math
from dataclasses import replace

import pytest
import torch

from builders.facts import FACT, TEXTS, logits, model_of, probability
from unembed.engine.measures import question
from unembed.errors import InputError
from unembed.methods.knowledge.comparison import neighbours, random_keys, random_like
from unembed.methods.knowledge.editing import suppress, update
from unembed.methods.knowledge.facts import Fact, Relation, shipped
from unembed.methods.knowledge.neurons import Neuron
from unembed.methods.knowledge.report import Groups, answers, perplexity, report
from unembed.methods.knowledge.rome import Rome
from unembed.methods.knowledge.weight_edits import applied, rank_one, weight_edits
from unembed.models.model import value_rows
from unembed.models.prompts import tokenize

RELATION = Relation(
    "capital",
    "",
    (),
    (
        FACT,
        Fact("capital", "Rome", "new", ("the capital of Rome is",), "new"),
        Fact("capital", "of", "Paris", ("of",), "Paris"),
    ),
)


@pytest.mark.parametrize("model_type", ["gpt2", "gemma2", "phi", "mixtral"])
def test_answers_are_those_of_plain_runs(model_type: str) -> None:
    model = model_of(model_type)
    asked = [("the capital of France is", "Paris"), ("a", "new Rome"), ("is of the", "a new capital")]
    best = int(logits(model, tokenize(model, "a new"))[-1].argmax())
    found = answers(model, [*(question(model, *pair) for pair in asked), question(model, "a new", best)])
    for answer, pair in zip(found, asked, strict=False):
        assert answer.probability == pytest.approx(probability(model, *pair), rel=1e-5)
    assert found[-1].top
    assert not answers(model, [question(model, "a new", (best + 1) % 97)])[0].top


@pytest.mark.parametrize("model_type", ["gpt2", "gemma2", "phi", "mixtral"])
def test_perplexity_is_that_of_plain_runs(model_type: str) -> None:
    model = model_of(model_type)
    passages = [tokenize(model, text) for text in (*TEXTS, "the")]
    surprise = []
    for tokens in passages:
        rows = logits(model, tokens).log_softmax(-1)
        surprise += [-float(rows[i, token]) for i, token in enumerate(tokens[1:])]
    assert perplexity(model, passages) == pytest.approx(math.exp(sum(surprise) / len(surprise)), rel=1e-6)
    with pytest.raises(InputError, match="A perplexity needs a text"):
        perplexity(model, [(1,)])


def test_the_report_is_plain_runs_before_and_after() -> None:
    model = model_of("llama")
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    edits = suppress(model, [Neuron(1, n) for n in range(20)])
    control = suppress(model, [Neuron(1, n) for n in range(20, 40)])
    own = [(prompt, FACT.target) for prompt in FACT.prompts]
    groups = Groups(own, related=[("of Rome", "new")], new=[("a", "Rome")])
    found = report(model, edits, groups, control=[control], text=TEXTS)
    plain = [probability(model, *pair) for pair in own]
    passages = [tokenize(model, text) for text in TEXTS]
    assert found.perplexity == pytest.approx(perplexity(model, passages), rel=1e-9)
    for effects, edit in ((found.effects, edits), (found.control, control)):
        with applied(model, edit):
            edited = [probability(model, *pair) for pair in own]
            assert effects.own.ratio == pytest.approx(sum(edited) / sum(plain) - 1, rel=1e-4)
            assert effects.related.after[0].probability == pytest.approx(probability(model, "of Rome", "new"), rel=1e-5)
            assert effects.perplexity == pytest.approx(perplexity(model, passages), rel=1e-9)
    assert found.effects.unrelated.ratio is None
    assert found.effects.new.before[0].probability == pytest.approx(probability(model, "a", "Rome"), rel=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in model.module.state_dict().items())


def test_the_control_of_rome_is_the_same_edit_at_random_keys() -> None:
    model = model_of("llama")
    edits = update(model, FACT, "Rome", texts=TEXTS, by=Rome(layer=1))
    others, random = random_keys(model, edits, count=2, seed=3), torch.Generator().manual_seed(3)
    (mine,) = edits.edits
    assert mine.input is not None
    before = value_rows(model.blocks[1]).double()
    for (control,) in (other.edits for other in others):
        order = torch.randperm(48, generator=random)
        expected = before + torch.outer(mine.input[order].double(), mine.output.double())  # type: ignore[union-attr]
        assert torch.allclose(control.of(value_rows(model.blocks[1])).double(), expected, rtol=0, atol=1e-12)
        assert not torch.equal(control.input, mine.input)
    with pytest.raises(InputError, match="Expected rank-one edits"):
        random_keys(model, suppress(model, [Neuron(1, 3)]))
    asked = [(prompt, " Rome") for prompt in FACT.prompts]
    one, other = (report(model, edit, Groups(asked), text=TEXTS).effects for edit in others)
    both = report(model, edits, Groups(asked), text=TEXTS, control=others).control
    assert both is not None
    assert both.own.after == (*one.own.after, *other.own.after)
    assert both.perplexity == pytest.approx((one.perplexity * other.perplexity) ** 0.5, rel=1e-9)


def test_a_report_says_when_no_prompt_is_unseen() -> None:
    model, edits = model_of("llama"), suppress(model_of("llama"), [Neuron(1, 3)])
    asked = [(FACT.prompts[0], " Rome")]
    assert report(model, edits, Groups(asked)).notes == ()
    assert report(model, edits, Groups(asked, new=asked, unseen=asked)).notes == ()
    assert "unseen ones is not tested" in report(model, edits, Groups(asked, new=asked)).notes[0]


def test_a_text_without_two_tokens_is_refused() -> None:
    model = model_of("llama")
    with pytest.raises(InputError, match="passage of two tokens or more"):
        report(model, suppress(model, [Neuron(1, 3)]), Groups([(FACT.prompts[0], " Rome")]), text=["the", "a"])


def test_top_predictions_are_counted() -> None:
    model = model_of("llama")
    best = [int(logits(model, tokenize(model, prompt))[-1].argmax()) for prompt in FACT.prompts]
    random = torch.Generator().manual_seed(0)
    large = rank_one(2, 9 * torch.randn(48, generator=random), torch.randn(32, generator=random))
    edits = weight_edits(model, [large], "a large one")
    change = report(model, edits, Groups(list(zip(FACT.prompts, best, strict=True)))).effects.own  # type: ignore[arg-type]
    with applied(model, edits):
        after = [int(logits(model, tokenize(model, prompt))[-1].argmax()) for prompt in FACT.prompts]
    assert change.top_before == 3
    assert change.top_after == change.kept == sum(a == b for a, b in zip(best, after, strict=True)) < 3


def test_neighbours_have_other_answers_and_relations() -> None:
    found = neighbours(model_of("llama"), RELATION, FACT, unrelated=12)
    assert list(found.own) == [(prompt, "Paris") for prompt in FACT.prompts]
    assert list(found.related) == [("the capital of Rome is", "new")]
    assert len(found.unrelated) == 12
    capitals = {prompt for fact in shipped("capital").facts for prompt in fact.prompts}
    assert not capitals & {prompt for prompt, _ in found.unrelated}
    found = neighbours(model_of("llama"), RELATION, None)
    assert (len(found.own), len(found.related)) == (3, 0)


def test_other_relations_are_those_of_the_file_where_it_has_some() -> None:
    other = replace(shipped("language"), facts=shipped("language").facts[:3])
    assert len(neighbours(model_of("llama"), RELATION, FACT, known=(RELATION, other)).unrelated) == 3
    asked = {prompt for prompt, _ in neighbours(model_of("llama"), RELATION, FACT, known=(RELATION, other)).unrelated}
    assert asked <= {prompt for fact in other.facts for prompt in fact.prompts}
    assert neighbours(model_of("llama"), RELATION, FACT, known=(RELATION,)) == neighbours(
        model_of("llama"), RELATION, FACT
    )


def test_random_neurons_like_others() -> None:
    model = model_of("gpt2")
    chosen = {Neuron(1, 3), Neuron(1, 4), Neuron(2, 5)}
    found = random_like(model, chosen, ("the capital", "of"))
    assert sorted(n.layer for n in found) == [1, 1, 2]
    assert not found & chosen
    assert random_like(model, [Neuron(1, n) for n in range(25)], ("the capital", "of")) == frozenset()
    assert random_like(model_of("mixtral"), [Neuron(0, 1, 2)], ("the capital", "of")) == frozenset()
