"""Knowledge of encoder-decoders: attribution in both stacks, suppression and search, against full hooked re-runs."""

from contextlib import ExitStack
from functools import cache

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

import unembed
from builders.random_encoder_decoders import ENCODER_DECODERS, build
from builders.random_models import VOCAB
from builders.random_models import build as build_gpt
from oracles.rerun import exactly
from oracles.stacks import Change, StackRerun
from unembed.engine.measures import question
from unembed.errors import InputError
from unembed.methods.ablate import ablate
from unembed.methods.knowledge import editing
from unembed.methods.knowledge.attribution import LayerPath, NeuronPath, attribute, mean_activations
from unembed.methods.knowledge.facts import Fact, Relation
from unembed.methods.knowledge.find import find
from unembed.methods.knowledge.neurons import Criteria, Neuron, above, parse_neuron, probabilities, random_neurons
from unembed.models.cloze import blank_in_source, cloze, cloze_prompt
from unembed.models.model import Model
from unembed.models.read_source import probe_source, with_source

PROMPT = (0, 5, 9)
WORDS = ["the", "capital", "of", "france", "italy", "is", "paris", "rome", "."]
TEXT = "the capital of france is <extra_id_0> ."
each = pytest.mark.parametrize("model_type", ENCODER_DECODERS)


@cache
def case(model_type: str) -> Model:
    with exactly():
        return probe_source(unembed.wrap(build(model_type)), 6)


def tokenizer(*blanks: str) -> PreTrainedTokenizerFast:
    """Words, with sentinels of T5 or the mask of BART as its blank."""
    words = ["<pad>", "<s>", "</s>", "<unk>", *WORDS, *blanks]
    words += [f"word{i}" for i in range(VOCAB - len(words))]
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    names |= {"mask_token": "<mask>"} if blanks == ("<mask>",) else {"additional_special_tokens": list(blanks)}  # type: ignore[dict-item]
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)


@cache
def of_words(model_type: str, *blanks: str) -> Model:
    with exactly():
        return unembed.wrap(build(model_type), tokenizer(*blanks), name="cloze")


def inputs(model: Model, tokens: tuple[int, ...]) -> dict[str, torch.Tensor]:
    assert model.source is not None
    return {**model.source.inputs, "decoder_input_ids": torch.tensor([tokens])}


def chance(model: Model, tokens: tuple[int, ...], answer: tuple[int, ...], changes: list[Change]) -> float:
    """P(answer) in a full re-run with changes."""
    ids = (*tokens, *answer[:-1])
    logits = StackRerun(model.module, changes)(**inputs(model, ids))
    rows = [logits[len(tokens) - 1 + j].softmax(-1)[token] for j, token in enumerate(answer)]
    return float(torch.stack(rows).prod())


@each
def test_the_neuron_path_is_what_removing_each_neuron_does(model_type: str) -> None:
    model, answer = case(model_type), (12, 40)
    length = len(model.source or ())
    with exactly():
        found = attribute(model, PROMPT, answer, path=NeuronPath())
        whole = chance(model, PROMPT, answer, [])
        assert found.probability == pytest.approx(whole, rel=1e-9)
        assert found.source == tuple(range(length))
        assert len(found.values) == 5  # three layers of the decoder, and then two of the encoder
        scores = found.entries()
        for score in scores[:: len(scores) // 12]:
            stack, places = ("encoder", range(length)) if score.encoder else ("decoder", (2, 3))
            gone = Change(stack, "neuron", score.layer, tuple(places), lambda x: 0 * x, (score.neuron,))
            assert score.value == pytest.approx(whole - chance(model, PROMPT, answer, [gone]), abs=1e-9 * whole)
            name = f"L{score.layer}.N{score.neuron}"
            assert score.label == (f"enc.{name}" if score.encoder else name)
    assert {score.encoder for score in scores} == {True, False}


@each
def test_the_layer_path_is_the_authors_riemann_sum_in_both_stacks(model_type: str) -> None:
    """`w/m sum_k dP/dw(k/m w)`, by autograd through full runs of the module."""
    model, m, at = case(model_type), 3, (1, 4)
    module = model.module
    with exactly():
        found = attribute(model, PROMPT, 12, path=LayerPath("riemann", m), source_positions=at)
        again = StackRerun(module)
        again(**inputs(model, PROMPT))
        module.set_attn_implementation("eager")
        for index, (stack, layer) in enumerate([("decoder", 1), ("encoder", 0), ("encoder", 1)]):
            owner = model if stack == "decoder" else model.encoder
            assert owner is not None
            places = [2] if stack == "decoder" else list(at)
            w = again.seen[stack, "neuron", layer][places]
            total = torch.zeros_like(w)
            for k in range(1, m + 1):
                leaf = (k / m * w).clone().requires_grad_()

                def put(_: object, args: tuple, places: list[int] = places, leaf: torch.Tensor = leaf) -> tuple:
                    x = args[0].clone()
                    x.view(-1, x.shape[-1])[places] = leaf
                    return (x, *args[1:])

                with ExitStack() as hooks:
                    down = owner.blocks[layer].down_projection
                    assert down is not None
                    hooks.enter_context(down.register_forward_pre_hook(put))
                    p = module(**inputs(model, PROMPT), use_cache=False).logits[0, -1].softmax(-1)[12]
                total += torch.autograd.grad(p, leaf)[0]
            expected = (w * total / m).sum(0)
            values = found.values[(1, 3, 4)[index]]
            assert torch.allclose(values, expected, rtol=1e-8, atol=1e-9 * found.probability)
    assert [(one.encoder, one.layer) for one in found.layers] == [(False, i) for i in range(3)] + [(True, 0), (True, 1)]


@each
def test_completeness_holds_in_every_layer_of_both_stacks(model_type: str) -> None:
    model = case(model_type)
    with exactly():
        found = attribute(model, PROMPT, 12)
        for one in found.layers:
            stack, places = ("encoder", range(6)) if one.encoder else ("decoder", (2,))
            places = range(len(model.source or ())) if one.encoder else places
            gone = Change(stack, "neuron", one.layer, tuple(places), lambda x: 0 * x)
            assert one.change == pytest.approx(
                found.probability - chance(model, PROMPT, (12,), [gone]), abs=1e-9 * found.probability
            )
            assert one.error is not None
            assert abs(one.error) <= 0.005 * found.probability


@pytest.mark.crossed(1)
@each
@pytest.mark.parametrize("factor", [0.0, 2.0], ids=["suppressed", "amplified"])
def test_suppressing_and_amplifying_equals_full_reruns(model_type: str, factor: float) -> None:
    model = case(model_type)
    asked = question(model, PROMPT, (12, 40))
    chosen = [Neuron(1, 7), Neuron(0, 3, encoder=True), Neuron(1, 11, encoder=True)]
    selections = [chosen, chosen[:1], chosen[1:], []]
    length = len(model.source or ())
    with exactly():
        found = probabilities(model, asked, selections, factor)
        for value, selection in zip(found.tolist(), selections, strict=True):
            changes = [
                Change(
                    "encoder" if n.encoder else "decoder",
                    "neuron",
                    n.layer,
                    tuple(range(length)) if n.encoder else (2, 3),
                    lambda x: factor * x,
                    (n.neuron,),
                )
                for n in selection
            ]
            assert value == pytest.approx(chance(model, PROMPT, (12, 40), changes), rel=1e-8)
        control = random_neurons(model, asked, chosen, seed=3)
    assert sorted((n.encoder, n.layer) for n in control) == [(False, 1), (True, 0), (True, 1)]
    assert not control & set(chosen)


# Clozes in words


def test_the_sentinel_of_the_source_asks_the_decoder() -> None:
    model = of_words("t5", "<extra_id_0>")
    read, asked = cloze(model, TEXT)
    assert asked == "<extra_id_0>"
    assert blank_in_source(read, asked) == (5,)
    with exactly():
        found = attribute(read, asked, " paris")
        assert found.source == (5,)
        assert found.question.answer == (10,)
        assert found.question.prompt == (0, 13)
        gone = [Change("encoder", "neuron", 1, (5,), lambda x: 0 * x)]
        change = found.probability - chance(read, (0, 13), (10,), gone)
    assert found.layers[-1].change == pytest.approx(change, abs=1e-9)


def test_the_mask_of_a_bart_is_asked_with_what_stands_before_it() -> None:
    model = of_words("bart", "<mask>")
    text = "the capital of france is <mask> ."
    read, asked = cloze(model, text)
    assert asked == "the capital of france is"
    assert blank_in_source(read, asked) == (5,)
    with pytest.raises(InputError, match="The source has no blank that cloze fills"):
        cloze_prompt(model, "the capital of france is paris .")


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("<extra_id_0>", (1,)),
        ("<extra_id_0> capital of", (1,)),  # the blank is still being filled
        ("<extra_id_0> capital <extra_id_1>", (3,)),
        ("<extra_id_0> capital <extra_id_1> france is", (3,)),
        ("<extra_id_2>", tuple(range(5))),  # none of the source's
        ("the capital", tuple(range(5))),
    ],
)
def test_of_several_sentinels_the_last_one_that_was_given_is_asked_about(asked: str, where: tuple[int, ...]) -> None:
    model = of_words("t5", "<extra_id_0>", "<extra_id_1>", "<extra_id_2>")
    read = with_source(model, "the <extra_id_0> of <extra_id_1>")
    assert blank_in_source(read, asked) == where
    assert cloze_prompt(model, "the <extra_id_1> of <extra_id_0>") == "<extra_id_1>"


@pytest.mark.parametrize(
    ("asked", "where"),
    [("the", 1), ("the capital of", 3), ("the capital of rome france is", 6), ("the capital of rome", 1), ("", 1)],
)
def test_of_several_masks_the_one_that_comes_next_is_asked_about(asked: str, where: int) -> None:
    read = with_source(of_words("bart", "<mask>"), "the <mask> of <mask> france is <mask> .")
    assert blank_in_source(read, asked) == (where,)


def test_a_model_whose_tokenizer_has_no_blank_is_told_so() -> None:
    with pytest.raises(InputError, match="its tokenizer has no token for one, no sentinel and no mask"):
        cloze_prompt(of_words("marian"), "the capital of france is [MASK]")


def test_a_blank_that_is_none_to_the_tokenizer_is_said() -> None:
    read = with_source(of_words("t5", "<extra_id_0>"), "the [MASK] of <extra_id_7> is <extra_id_0>")
    assert read.source is not None
    assert read.source.notes == (
        "[MASK] is no blank to the tokenizer of cloze, which writes <extra_id_0>: it is read as plain text.",
        "<extra_id_7> is no blank to the tokenizer of cloze, which writes <extra_id_0>: it is read as plain text.",
    )
    assert ablate(read, "", " paris", site="attention").notes[:2] == read.source.notes
    other = with_source(of_words("bart", "<mask>"), "the <mask> is")
    assert other.source is not None
    assert other.source.notes == ()


def test_the_neurons_of_facts_are_found_in_both_stacks() -> None:
    model = of_words("t5", "<extra_id_0>")
    templates = ("the capital of {} is <extra_id_0> .", "<extra_id_0> is the capital of {} .")
    facts = tuple(
        Fact("capital", subject, answer, tuple(text.format(subject) for text in templates))
        for subject, answer in (("france", "paris"), ("italy", "rome"))
    )
    found = find(model, Relation("capital", "", templates, facts), criteria=Criteria(t=0.2, p=0.5))
    votes = []
    for prompt in facts[0].prompts:
        read, asked = cloze(model, prompt)
        values = attribute(read, asked, " paris")
        votes.append({s.label for s in values.entries() if s.value > 0.2 * max(e.value for e in values.entries())})
        assert {n.label for n in above(values.values, 0.2, layers=3)} == votes[-1]
    assert {n.label for n in found.facts[0].kept} == votes[0] | votes[1]
    assert any(n.encoder for n in found.facts[0].kept)
    assert any(not n.encoder for n in found.facts[0].kept)
    bare = Fact("capital", "france", "paris", ("the capital of france is",))
    with pytest.raises(InputError, match="has no blank"):
        find(model, Relation("capital", "", (), (bare,)))


def test_what_cannot_be_asked_is_refused() -> None:
    model = case("t5")
    with pytest.raises(InputError, match="There is no position 6"):
        attribute(model, PROMPT, 12, source_positions=[6])
    with pytest.raises(InputError, match="has no encoder: leave source_positions out"):
        attribute(unembed.wrap(build_gpt("llama")), PROMPT, 12, source_positions=[1])
    with pytest.raises(InputError, match="two stacks read two texts"):
        mean_activations(model, [PROMPT])
    with pytest.raises(InputError, match=r"enc\.L0\.N3 is in an encoder"):
        editing.suppress(model, [Neuron(0, 3, encoder=True)])
    with pytest.raises(InputError, match="is an encoder-decoder: its decoder reads a source"):
        attribute(unembed.wrap(model.module), PROMPT, 12)
    assert parse_neuron("enc.L1.N7") == Neuron(1, 7, encoder=True)
    assert parse_neuron("L1.N7").label == "L1.N7"
    with_other = with_source(of_words("t5", "<extra_id_0>"), "the capital")
    assert blank_in_source(with_other, "<extra_id_0>") == (0, 1, 2)
