"""Knowledge at a blank: tiny random masked models with each kind of tokenizer, against plain runs with hooks.

Tolerance: float64 sums of some thousand products, relative to the largest number compared: 1e-10.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from math import exp
from types import SimpleNamespace

import pytest
import torch
from transformers import AddedToken

import unembed
from builders.masked_models import build_masked
from builders.random_models import CONTEXT
from builders.tokenizers_of_kinds import KINDS
from oracles.rerun import exactly
from unembed.errors import InputError
from unembed.methods.knowledge.asking import asked_of, asking, reference_texts
from unembed.methods.knowledge.comparison import neighbours, random_like, report_beside_control
from unembed.methods.knowledge.editing import Value, amplify, erase, suppress, update
from unembed.methods.knowledge.facts import Fact, Relation, shipped
from unembed.methods.knowledge.find import find
from unembed.methods.knowledge.key_value_memory import layer_memory
from unembed.methods.knowledge.neurons import Neuron
from unembed.methods.knowledge.report import Groups, perplexity, report
from unembed.methods.knowledge.weight_edits import applied
from unembed.models.model import value_rows
from unembed.runs.activations import activations, last_streams

MODELS = {
    "bert": ("word-piece", "[MASK]", "bert.encoder.layer.{}.output.dense"),
    "electra": ("word-piece", "[MASK]", "electra.encoder.layer.{}.output.dense"),
    "distilbert": ("word-piece", "[MASK]", "distilbert.transformer.layer.{}.ffn.lin2"),
    "roberta": ("byte-level", "<mask>", "roberta.encoder.layer.{}.output.dense"),
    "modernbert": ("byte-level", "<mask>", "model.layers.{}.mlp.Wo"),
    "xlm-roberta": ("sentence-piece", "<mask>", "roberta.encoder.layer.{}.output.dense"),
}
"""Tokenizer, how it writes its blank, and the module that reads a layer's neurons."""
each = pytest.mark.parametrize("name", MODELS)
ONE_OF_A_KIND = pytest.mark.parametrize("name", ["bert", "roberta", "xlm-roberta"])
PROMPT = "the capital of France is [MASK] and the capital of Italy is Rome"
NEURONS = [Neuron(0, 3), Neuron(1, 7), Neuron(1, 40), Neuron(2, 11)]
FACT = Fact("capital", "France", "Paris", ("the capital of France is", "children of France play"))
OTHER = Fact("capital", "Italy", "Rome", ("the capital of Italy is", "children of Italy play"))
CITIES = Relation("capital", "", (), (FACT, OTHER))


@cache
def case(name: str) -> SimpleNamespace:
    kind, blank, reader = MODELS[name]
    tokenizer = KINDS[kind](ends=True)
    tokenizer.add_special_tokens({"mask_token": AddedToken(blank, lstrip=kind != "word-piece", special=True)})
    module = build_masked(name, vocab_size=len(tokenizer))
    readers = [module.get_submodule(reader.format(layer)) for layer in range(3)]
    return SimpleNamespace(
        module=module, tokenizer=tokenizer, blank=blank, readers=readers, model=unembed.wrap(module, tokenizer)
    )


@contextmanager
def changed(reader: torch.nn.Module, change: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
    """A layer's neurons with a change of them all."""
    handle = reader.register_forward_pre_hook(lambda _, args: (change(args[0]),))
    try:
        yield
    finally:
        handle.remove()


def encoded(made: SimpleNamespace, prompt: str) -> tuple[list[int], int]:
    """The plain tokenizer's tokens, and where the (first) blank is."""
    tokens = made.tokenizer(prompt.replace("[MASK]", made.blank))["input_ids"]
    return tokens, tokens.index(made.tokenizer.mask_token_id)


def single(made: SimpleNamespace, word: str) -> int:
    """The token of a word amid a text."""
    (token,) = made.tokenizer(f"the {word}", add_special_tokens=False)["input_ids"][1:]
    return token


def chances(made: SimpleNamespace, prompt: str) -> torch.Tensor:
    """P of every token at the blank, from the module."""
    tokens, place = encoded(made, prompt)
    return made.module(torch.tensor([tokens])).logits[0, place].softmax(-1)


def neurons_at_blank(made: SimpleNamespace, layer: int, prompt: str) -> torch.Tensor:
    """A layer's activations at the blank of the plain run."""
    tokens, place = encoded(made, prompt)
    kept: list[torch.Tensor] = []
    with torch.no_grad(), changed(made.readers[layer], lambda x: kept.append(x[0, place]) or x):
        made.module(torch.tensor([tokens]))
    return kept[0]


def integrated(made: SimpleNamespace, layer: int, token: int, steps: int) -> torch.Tensor:
    """The authors' procedure: `w * mean over k of dP/dw(k w / steps)`, one straight run a step."""
    tokens, place = encoded(made, PROMPT)
    own, total = neurons_at_blank(made, layer, PROMPT), 0.0
    at = (torch.arange(len(tokens)) == place)[None, :, None]
    for k in range(1, steps + 1):
        leaf = (own * k / steps).requires_grad_()
        with changed(made.readers[layer], lambda x, leaf=leaf: torch.where(at, leaf, x)):
            (slope,) = torch.autograd.grad(chances(made, PROMPT)[token], [leaf])
        total = total + slope / steps
    return own * total


def close(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert float((found - expected).abs().max()) <= 1e-10 * max(float(expected.abs().max()), 1e-3)


@each
def test_attribution_is_integrated_gradients_of_the_module(name: str) -> None:
    made, token = case(name), single(case(name), "Paris")
    with exactly():
        found = unembed.attribute(made.model, PROMPT, " Paris", path=unembed.LayerPath("riemann", 6))
        assert found.question.answer == (token,)
        assert found.question.positions == (encoded(made, PROMPT)[1],)
        assert found.probability == pytest.approx(float(chances(made, PROMPT)[token].detach()), rel=1e-10)
        for layer in range(3):
            close(found.values[layer], integrated(made, layer, token, 6))


@ONE_OF_A_KIND
def test_one_neuron_alone_is_worth_what_a_run_without_it_loses(name: str) -> None:
    made, token = case(name), single(case(name), "Paris")
    found = unembed.attribute(made.model, PROMPT, " Paris", path="neuron")
    place = encoded(made, PROMPT)[1]
    for layer, neuron in ((0, 5), (2, 17)):

        def without(x: torch.Tensor, neuron: int = neuron) -> torch.Tensor:
            out = x.clone()
            out[0, place, neuron] = 0
            return out

        with torch.no_grad(), changed(made.readers[layer], without):
            lost = found.probability - float(chances(made, PROMPT)[token])
        assert float(found.values[layer][neuron]) == pytest.approx(lost, abs=1e-12)


def scaled_run(made: SimpleNamespace, prompt: str, neurons: list[Neuron], factor: float) -> torch.Tensor:
    """P at the blank with neurons scaled at every position: what scaled value rows do."""
    handles = []
    for neuron in neurons:

        def scale(_: object, args: tuple[torch.Tensor], neuron: Neuron = neuron) -> tuple[torch.Tensor]:
            out = args[0].clone()
            out[..., neuron.neuron] *= factor
            return (out,)

        handles.append(made.readers[neuron.layer].register_forward_pre_hook(scale))
    with torch.no_grad():
        found = chances(made, prompt)
    for handle in handles:
        handle.remove()
    return found


@each
def test_reports_of_scaled_rows_are_full_runs_and_the_weights_come_back(name: str) -> None:
    made, token = case(name), single(case(name), "Paris")
    before = {key: value.clone() for key, value in made.module.state_dict().items()}
    asked = [(PROMPT, " Paris"), ("[MASK] play and the capital of Italy is Rome", " children")]
    asked = (
        asked[:1] if name in ("roberta", "modernbert") else asked
    )  # a word that begins a text is another token there
    for factor, edits in ((0.0, suppress(made.model, NEURONS)), (2.0, amplify(made.model, NEURONS))):
        found = report(made.model, edits, Groups(asked)).effects.own
        for i, (prompt, answer) in enumerate(asked):
            right = token if i == 0 else single(made, answer.strip())
            plain, after = chances(made, prompt).detach(), scaled_run(made, prompt, NEURONS, factor)
            assert found.before[i].probability == pytest.approx(float(plain[right]), rel=1e-10)
            assert found.after[i].probability == pytest.approx(float(after[right]), rel=1e-10)
            assert found.after[i].says.token == int(after.argmax())
            assert found.after[i].top == (right == int(after.argmax()))
    erased = report(made.model, erase(made.model, "capital", NEURONS), Groups(asked)).effects.own.after
    assert erased[0].probability == pytest.approx(float(scaled_run(made, PROMPT, NEURONS, 0.0)[token]), rel=1e-10)
    after_all = made.module.state_dict()
    assert all(torch.equal(value.view(torch.uint8), after_all[key].view(torch.uint8)) for key, value in before.items())
    assert made.model.edits == ()


@each
def test_the_value_edit_writes_the_answers_direction_into_the_neurons_rows(name: str) -> None:
    """`strength s_n |v_n| (8 e' - e)`, where `e` is the slope of a logit by the last stream, with the head frozen."""
    made, strength = case(name), 0.3
    prompts = [made.tokenizer.decode(encoded(made, f"{p} [MASK].")[0][1:-1]) for p in FACT.prompts]
    edits = update(made.model, FACT, "Rome", by=Value(NEURONS, strength))
    directions = []
    for word in ("Rome", "Paris"):
        slopes = []
        for prompt in prompts:
            read = unembed.readout(made.model, prompt, f" {word}", reference="raw")
            assert read.target == single(made, word)
            slopes.append(read.direction / read.direction.norm())
        mean = torch.stack(slopes).mean(0)
        directions.append(mean / mean.norm())
    for layer, rows in ((0, [3]), (1, [7, 40]), (2, [11])):
        kept = [neurons_at_blank(made, layer, prompt) for prompt in prompts]
        matrix = value_rows(made.model.blocks[layer]).detach().clone()
        expected, signs = matrix.clone(), torch.stack(kept).mean(0).sign()
        for row in rows:
            expected[row] += strength * signs[row] * matrix[row].norm() * (8 * directions[0] - directions[1])
        with applied(made.model, edits):
            changed_rows = value_rows(made.model.blocks[layer]).detach()
            assert float((changed_rows - expected).abs().max()) <= 1e-6 * float(expected.abs().max())  # kept in float32
        assert torch.equal(value_rows(made.model.blocks[layer]), matrix)


@each
def test_streams_and_activations_of_many_texts_are_those_of_plain_runs(name: str) -> None:
    made = case(name)
    passages = [encoded(made, text)[0] for text in (PROMPT, "[MASK] of France", "the [MASK] of Italy", "[MASK]")]
    for i, stream in last_streams(made.model, passages):
        with torch.no_grad():
            plain = made.module(torch.tensor([passages[i]])).logits[0]
            found = made.model.unembed_normed(made.model.norm(stream))
        assert float((found - plain).abs().max()) <= (1e-10 if name != "modernbert" else 1e-4) * float(
            plain.abs().max()
        )
    for i, found in activations(made.model, 1, passages):
        kept: list[torch.Tensor] = []
        with torch.no_grad(), changed(made.readers[1], lambda x, kept=kept: kept.append(x) or x):
            made.module(torch.tensor([passages[i]]))
        assert float((found - kept[0][0]).abs().max()) <= 1e-10 * float(kept[0].abs().max())


@ONE_OF_A_KIND
def test_perplexity_hides_one_token_at_a_time(name: str) -> None:
    made = case(name)
    texts = [made.tokenizer(text)["input_ids"] for text in ("the capital of France is Paris", "children play")]
    surprise = []
    for tokens in texts:
        for i, token in enumerate(tokens):
            if token in made.tokenizer.all_special_ids:
                continue
            hidden = [*tokens[:i], made.tokenizer.mask_token_id, *tokens[i + 1 :]]
            with torch.no_grad():
                surprise.append(-float(made.module(torch.tensor([hidden])).logits[0, i].log_softmax(-1)[token]))
    assert len(surprise) >= 8
    assert perplexity(made.model, texts) == pytest.approx(exp(sum(surprise) / len(surprise)), rel=1e-10)
    with pytest.raises(InputError, match="only special tokens"):
        perplexity(made.model, [made.tokenizer("")["input_ids"]])


@ONE_OF_A_KIND
def test_a_relation_without_blanks_is_asked_with_one_at_the_end(name: str) -> None:
    made = case(name)
    written = [
        Fact(f.relation, f.subject, f.answer, tuple(f"{p} {made.blank}." for p in f.prompts)) for f in CITIES.facts
    ]
    plain, cloze = find(made.model, CITIES), find(made.model, Relation("capital", "", (), tuple(written)))
    for one, other in zip(plain.values, cloze.values, strict=True):
        assert one.fact == other.fact
        for a, b in zip(one.prompts, other.prompts, strict=True):
            assert (a.probability, a.top, a.places.tolist()) == (b.probability, b.top, b.places.tolist())
            assert a.values.tolist() == b.values.tolist()
    assert plain.facts == cloze.facts
    assert [entry.fact.prompts for entry in plain.facts] == [fact.prompts for fact in written]
    best = float(chances(made, f"{FACT.prompts[0]} [MASK].")[single(made, "Paris")].detach())
    assert plain.facts[0].probabilities[0] == pytest.approx(best, rel=1e-10)
    assert plain.facts[0].kept


@pytest.mark.parametrize("name", ["roberta", "xlm-roberta"])
def test_answers_of_several_pieces_are_left_out_of_many_and_refused_alone(name: str) -> None:
    made = case(name)
    long = Fact("capital", "Germany", "Berlin", ("the capital of Germany is",))
    found = find(made.model, Relation("capital", "", (), (FACT, long, OTHER)))
    assert [entry.fact.subject for entry in found.facts] == ["France", "Italy"]
    (note,) = [note for note in found.notes if "left out" in note]
    assert "1 prompt is left out, of Germany (Berlin)" in note
    assert "holds one token, but ' Berlin' is" in note
    with pytest.raises(InputError, match="holds one token, but ' Berlin' is"):
        asked_of(made.model, long)
    with pytest.raises(InputError, match="None can be asked: A blank of"):
        find(made.model, Relation("capital", "", (), (long,)))
    with pytest.raises(InputError, match="holds one token, but ' Berlin' is"):
        update(made.model, FACT, "Berlin", by=Value(NEURONS))


def test_only_the_prompts_that_the_model_can_read_are_asked() -> None:
    """Also one whose blank begins the text: there too the word is that of running text, which is one token."""
    model = case("roberta").model
    prompts = ("[MASK] is the capital of France", "the capital of France is", "the " * 500 + "capital of France is")
    found = asking(model, [Fact("capital", "France", "Paris", prompts)])
    assert found.facts[0].prompts == (prompts[0], "the capital of France is <mask>.")
    assert "1 prompt is left out, of France (Paris)" in found.notes[0]


@ONE_OF_A_KIND
def test_an_edit_is_measured_beside_its_control(name: str) -> None:
    made = case(name)
    groups = neighbours(made.model, CITIES, FACT, known=[CITIES, Relation("play", "", (), (OTHER,))])
    assert [prompt for prompt, _ in groups.own] == [f"{p} {made.blank}." for p in FACT.prompts]
    assert len(groups.related) == len(groups.unrelated) == 1
    beside = random_like(made.model, NEURONS, groups.own[0])
    assert len(beside) == len(NEURONS)
    assert not beside & set(NEURONS)
    found = report_beside_control(
        made.model, lambda neurons, _: suppress(made.model, neurons), NEURONS, groups, text=["children play"]
    )
    assert found.control is not None
    after = scaled_run(made, groups.own[0][0], sorted(beside), 0.0)[single(made, "Paris")]
    assert found.control.own.after[0].probability == pytest.approx(float(after), rel=1e-10)


def test_texts_about_facts_are_whole_statements_that_the_model_can_read() -> None:
    toy = unembed.load("toy/cloze", device="cpu")
    texts = reference_texts(toy)
    assert len(texts) == 800
    assert {"Bambo lives in Prague."} <= set(texts)
    assert not any("[MASK]" in text for text in texts)
    assert not any("Bambo" in text for text in reference_texts(toy, without="Bambo"))
    fitting = reference_texts(case("bert").model)
    assert 0 < len(fitting) < sum(len(shipped(name).facts) for name in unembed.facts.relations())
    assert all(text.endswith(".") and len(case("bert").tokenizer(text)["input_ids"]) <= CONTEXT for text in fitting)


def test_what_is_of_models_that_predict_what_comes_next_is_refused_with_what_to_do() -> None:
    model = case("bert").model
    with pytest.raises(InputError, match=r"ROME is of models that predict what comes next.*\n.*--method value"):
        update(model, FACT, "Rome")
    with pytest.raises(InputError, match=r"key-value memory is of models.*\n.*unembed explain"):
        layer_memory(model, 0, ["children play"])
    with pytest.raises(InputError, match=r"has no blank.*\nWrite .MASK."):
        unembed.attribute(model, "the capital of France is", " Paris")


def test_a_decoder_is_not_asked_at_a_blank() -> None:
    toy = unembed.load("toy/facts", device="cpu")
    fact = Fact("home", "Bambo", "Prague", ("Bambo lives in [MASK].",))
    with pytest.raises(InputError, match="has a blank, and toy/facts predicts what comes after a prompt"):
        find(toy, Relation("home", "", (), (fact,)))
