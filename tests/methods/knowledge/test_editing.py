"""Edits of facts: the closed forms of ROME and of the value edit by hand; the report against plain runs."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.engine.measures import question
from unembed.errors import InputError
from unembed.methods.knowledge import rome as rome_module
from unembed.methods.knowledge.comparison import neighbours, random_keys, random_like
from unembed.methods.knowledge.editing import amplify, erase, new_target, reference_texts, suppress, update
from unembed.methods.knowledge.facts import Fact, Relation, shipped
from unembed.methods.knowledge.neurons import Neuron
from unembed.methods.knowledge.report import answers, perplexity, report
from unembed.methods.knowledge.rome import direction, located, rome, second_moment
from unembed.methods.knowledge.weight_edits import applied, rank_one, weight_edits
from unembed.models.model import Model, value_rows
from unembed.models.prompts import tokenize
from unembed.runs.activations import activations

TEXTS = ("the capital of Rome is a new Paris", "a new Rome is the capital", "Paris is a new of the", "is a of new Rome")
FACT = Fact("capital", "France", "Paris", ("the capital of France is", "a new France is", "of France is"), "Paris")


def model_of(model_type: str, **words: object) -> Model:
    return unembed.wrap(build(model_type, **words), make_tokenizer())


def logits(model: Model, tokens: Sequence[int]) -> torch.Tensor:
    with torch.no_grad():
        return model.module(torch.tensor([tokens]), use_cache=False).logits[0].double()


def probability(model: Model, prompt: str, answer: str) -> float:
    """Of an answer of one or several tokens, from plain runs."""
    tokens, product = list(tokenize(model, prompt)), 1.0
    for token in model.tokenizer(answer, add_special_tokens=False)["input_ids"]:
        product *= float(logits(model, tokens)[-1].softmax(-1)[token])
        tokens.append(token)
    return product


# ------------------------------------------------------------ ROME


def test_one_key_without_slack_is_the_papers_closed_form() -> None:
    """`u = C^-1 k / (k^T C^-1 k)`, so that `k . u = 1`."""
    random = torch.Generator().manual_seed(0)
    samples = torch.randn(200, 12, generator=random, dtype=torch.float64)
    c, k = samples.T @ samples / 200, torch.randn(12, generator=random, dtype=torch.float64)
    u = direction(k[None], c, ridge=0.0, slack=1e-9)
    expected = torch.linalg.solve(c, k)
    expected = expected / (k @ expected)
    assert torch.allclose(u, expected, rtol=0, atol=1e-6)
    assert float(k @ u) == pytest.approx(1.0, abs=1e-6)


def test_the_direction_is_the_least_squares_solution() -> None:
    """The gradient of `mean_j (k_j . u - 1)^2 + slack * u^T C u` is zero there."""
    random = torch.Generator().manual_seed(1)
    samples = torch.randn(50, 9, generator=random, dtype=torch.float64)
    c, keys = samples.T @ samples / 50, torch.randn(4, 9, generator=random, dtype=torch.float64)
    u = direction(keys, c, ridge=0.3, slack=0.2).requires_grad_()
    ridged = c + 0.3 * c.diagonal().mean() * torch.eye(9, dtype=torch.float64)
    loss = (keys @ u - 1).square().mean() + 0.2 * u @ ridged @ u
    (slope,) = torch.autograd.grad(loss, u)
    assert float(slope.abs().max()) < 1e-12


def test_the_second_moment_is_that_of_single_runs() -> None:
    model = model_of("gpt2")
    rows = []
    for text in TEXTS:
        seen = []
        handle = model.blocks[1].down_projection.register_forward_pre_hook(
            lambda _, args, seen=seen: seen.append(args[0])
        )
        logits(model, tokenize(model, text))
        handle.remove()
        rows.append(seen[0][0][1:].detach())
    keys = torch.cat(rows)
    assert torch.allclose(second_moment(model, 1, TEXTS), keys.T @ keys / len(keys), rtol=0, atol=1e-6)


def test_a_remembered_second_moment_is_not_taken_for_an_edited_model() -> None:
    model = model_of("gpt2")
    plain = second_moment(model, 2, TEXTS)
    with applied(model, suppress(model, [Neuron(0, n) for n in range(48)])):
        assert not torch.allclose(second_moment(model, 2, TEXTS), plain, rtol=0, atol=1e-3)
    assert second_moment(model, 2, TEXTS) is plain


def test_the_subject_is_found_by_its_last_token() -> None:
    model = model_of("gpt2")
    assert located(model, "France is a new Rome the", "new Rome") == ((5, 6, 9, 10, 8, 2), 4)
    assert located(model, "Rome is Rome of", "Rome")[1] == 2
    assert located(model, "the capital of France", "france")[1] == 3
    with pytest.raises(InputError, match="Expected the subject 'Paris' in every prompt"):
        located(model, "the capital", "Paris")
    with pytest.raises(InputError, match="Expected the subject '' in every prompt"):
        located(model, "the capital", "")
    with pytest.raises(InputError, match="no fast tokenizer"):
        located(unembed.wrap(build("gpt2")), "the capital", "capital")


def with_delta(model: Model, text: str, place: int, delta: torch.Tensor, layer: int) -> torch.Tensor:
    """Log probabilities of a plain run, with a vector added to what the down projection gives at one position."""
    tokens = tokenize(model, text)

    def add(_, args, out):
        change = torch.zeros(len(tokens), model.d_model, dtype=out.dtype)
        change[place] = delta
        return out + change.reshape(out.shape)

    handle = model.blocks[layer].down_projection.register_forward_hook(add)
    found = logits(model, tokens).log_softmax(-1)
    handle.remove()
    return found


FAMILIES = ("gpt2", "llama", "gemma2", "phi", "gpt_neo", "opt")


@pytest.mark.parametrize("model_type", FAMILIES)
def test_the_descent_reads_what_plain_runs_give(model_type: str) -> None:
    """Every prompt after every prefix, an answer of two tokens, and the last row; to 1e-5, for softmaxes in float32."""
    model = model_of(model_type)
    prompts = ["the capital of France is", "a new France"]
    delta = 3 * torch.randn(32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rome_module, "PREFIXES", ("", "Paris is of ", "not read here"))
        found = rome_module._problem(model, prompts, "France", "Rome new", 1).log_probabilities(delta)
    rows = []
    for prefix, shift in (("", 0), ("Paris is of ", 3)):
        for prompt, place in zip(prompts, (3, 2), strict=True):
            rows += list(with_delta(model, prefix + prompt + " Rome", place + shift, delta, 1)[-2:])
    rows.append(with_delta(model, "France is a", 0, delta, 1)[-1])
    assert torch.allclose(found, torch.stack(rows), rtol=0, atol=1e-5)
    assert not torch.allclose(found[0], logits(model, tokenize(model, prompts[0]))[-1].log_softmax(-1), atol=1e-3)


@pytest.mark.parametrize("model_type", FAMILIES)
def test_rome_makes_the_subject_write_what_the_descent_found(model_type: str) -> None:
    """With one key and next to no slack, the edited down projection gives exactly `delta` more there."""
    model = model_of(model_type)
    seen: list[torch.Tensor] = []
    inner = rome_module._descend
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rome_module, "_descend", lambda *args: seen.append(inner(*args)) or seen[-1])
        patch.setattr(rome_module, "PREFIXES", ("",))
        patch.setattr(rome_module, "CONTEXTS", ())
        edit = rome(model, ["the capital of France is"], "France", "Rome", texts=TEXTS, layer=1, slack=1e-9)
    (_, found) = next(activations(model, 1, [tokenize(model, "the capital of France")]))
    written = [found[-1] @ value_rows(model.blocks[1]).clone()]
    with applied(model, weight_edits(model, [edit], "")):
        written.append(found[-1] @ value_rows(model.blocks[1]).clone())
    assert torch.allclose(written[1] - written[0], seen[0], rtol=0, atol=1e-5)
    assert float(seen[0].norm()) > 0.1


def test_the_descent_lowers_its_loss_and_stays_within_its_limit() -> None:
    model = model_of("llama")
    problem = rome_module._problem(model, ["the capital of France is"], "France", "Rome new", 1)
    delta = rome_module._descend(problem, 20, 0.5, 0.0625, 0.01, lambda *_: None)
    assert 0 < float(delta.norm()) <= rome_module.LIMIT * problem.size * (1 + 1e-6)
    found = problem.log_probabilities(delta)
    plain = problem.log_probabilities(torch.zeros_like(delta))
    both = [(row, token) for row, token in zip(range(4), (8, 10) * 2, strict=True)]
    assert sum(float(found[i].detach()) for i in both) > sum(float(plain[i]) for i in both)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"layer": 3}, "no layer 3 to edit: expected 0 to 2"),
        ({"prompts": []}, "no prompt"),
        ({"prompts": ["the capital of Rome is"]}, "Expected the subject 'France'"),
        ({"to": ""}, "The new answer is empty"),
        ({"to": " Paris "}, "'Paris' is the answer already"),
        ({"to": "Xyzzy"}, "'Xyzzy' is not in the vocabulary"),
        ({"method": "memit"}, "Expected a method of value or rome, found 'memit'"),
        ({"neurons": [Neuron(0, 1)]}, "takes no neurons"),
        ({"method": "value"}, "no neuron to edit"),
        ({"method": "value", "neurons": [Neuron(0, 1)], "layer": 1}, "a layer belongs to ROME"),
        ({"method": "value", "neurons": [Neuron(0, 48)]}, "no neuron 48"),
        ({"texts": ["the"]}, "A second moment needs a text"),
    ],
)
def test_bad_updates_are_refused(words: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        update(model_of("gpt2"), FACT, **{"to": "Rome", "texts": TEXTS, **words})


def test_rome_refuses_a_mixture() -> None:
    with pytest.raises(InputError, match="Layer 0 is a mixture of experts, and ROME edits dense layers only"):
        update(model_of("mixtral"), FACT, "Rome", texts=TEXTS)


# ------------------------------------------------------------ suppress, amplify, value


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
    edits = update(model, FACT, "Rome", method="value", neurons=neurons, strength=0.7)
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
    everything, without = reference_texts(), reference_texts(without="France")
    assert len(everything) == sum(len(shipped(name).facts) for name in unembed.methods.knowledge.facts.relations())
    assert set(without) == {text for text in everything if "france" not in text.lower()}
    assert 0 < len(without) < len(everything)


# ------------------------------------------------------------ the report

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
    found = report(
        model, edits, own=own, related=[("of Rome", "new")], new=[("a", "Rome")], control=[control], text=TEXTS
    )
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
    edits = update(model, FACT, "Rome", texts=TEXTS, layer=1)
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
    one, other = (report(model, edit, own=asked, text=TEXTS).effects for edit in others)
    both = report(model, edits, own=asked, text=TEXTS, control=others).control
    assert both is not None
    assert both.own.after == (*one.own.after, *other.own.after)
    assert both.perplexity == pytest.approx((one.perplexity * other.perplexity) ** 0.5, rel=1e-9)


def test_a_report_says_when_no_prompt_is_unseen() -> None:
    model, edits = model_of("llama"), suppress(model_of("llama"), [Neuron(1, 3)])
    asked = [(FACT.prompts[0], " Rome")]
    assert report(model, edits, own=asked).notes == ()
    assert report(model, edits, own=asked, new=asked, unseen=asked).notes == ()
    assert "unseen ones is not tested" in report(model, edits, own=asked, new=asked).notes[0]


def test_a_text_without_two_tokens_is_refused() -> None:
    model = model_of("llama")
    with pytest.raises(InputError, match="passage of two tokens or more"):
        report(model, suppress(model, [Neuron(1, 3)]), own=[(FACT.prompts[0], " Rome")], text=["the", "a"])


def test_top_predictions_are_counted() -> None:
    model = model_of("llama")
    best = [int(logits(model, tokenize(model, prompt))[-1].argmax()) for prompt in FACT.prompts]
    random = torch.Generator().manual_seed(0)
    large = rank_one(2, 9 * torch.randn(48, generator=random), torch.randn(32, generator=random))
    edits = weight_edits(model, [large], "a large one")
    change = report(model, edits, own=list(zip(FACT.prompts, best, strict=True))).effects.own  # type: ignore[arg-type]
    with applied(model, edits):
        after = [int(logits(model, tokenize(model, prompt))[-1].argmax()) for prompt in FACT.prompts]
    assert change.top_before == 3
    assert change.top_after == change.kept == sum(a == b for a, b in zip(best, after, strict=True)) < 3


def test_neighbours_have_other_answers_and_relations() -> None:
    own, related, unrelated = neighbours(RELATION, FACT, unrelated=12)
    assert list(own) == [(prompt, "Paris") for prompt in FACT.prompts]
    assert list(related) == [("the capital of Rome is", "new")]
    assert len(unrelated) == 12
    capitals = {prompt for fact in shipped("capital").facts for prompt in fact.prompts}
    assert not capitals & {prompt for prompt, _ in unrelated}
    own, related, _ = neighbours(RELATION, None)
    assert (len(own), len(related)) == (3, 0)


def test_other_relations_are_those_of_the_file_where_it_has_some() -> None:
    other = replace(shipped("language"), facts=shipped("language").facts[:3])
    assert len(neighbours(RELATION, FACT, known=(RELATION, other))[2]) == 3
    asked = {prompt for prompt, _ in neighbours(RELATION, FACT, known=(RELATION, other))[2]}
    assert asked <= {prompt for fact in other.facts for prompt in fact.prompts}
    assert neighbours(RELATION, FACT, known=(RELATION,)) == neighbours(RELATION, FACT)


def test_random_neurons_like_others() -> None:
    model = model_of("gpt2")
    chosen = {Neuron(1, 3), Neuron(1, 4), Neuron(2, 5)}
    found = random_like(model, chosen, ("the capital", "of"))
    assert sorted(n.layer for n in found) == [1, 1, 2]
    assert not found & chosen
    assert random_like(model, [Neuron(1, n) for n in range(25)], ("the capital", "of")) == frozenset()
    assert random_like(model_of("mixtral"), [Neuron(0, 1, 2)], ("the capital", "of")) == frozenset()


@pytest.mark.real
def test_real_update_holds_on_unseen_paraphrases(real_model: Model) -> None:
    """Made with three prompts, tried on the other three; other facts keep their answers; then all is as before."""
    fact = next(f for f in shipped("capital").facts if f.subject == "France")
    others = [f for f in shipped("capital").facts if f.subject in ("Austria", "Portugal", "Greece", "Denmark")]
    edits = update(real_model, fact, "Rome", prompts=fact.prompts[0::2], texts=reference_texts(without="France")[::4])
    result = report(
        real_model,
        edits,
        own=[(fact.prompts[0], fact.target)],
        unseen=[(prompt, " Rome") for prompt in fact.prompts[1::2]],
        related=[(prompt, other.target) for other in others for prompt in other.prompts[:3]],
    ).effects
    assert result.unseen.top_before == 0
    assert result.unseen.top_after >= 2
    assert result.related.top_before >= 6
    assert result.related.kept >= 0.9 * result.related.top_before
    assert real_model.edits == ()
