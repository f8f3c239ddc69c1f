"""Means and resamples over a data set by position, against sums by hand and full runs of the module with hooks."""

from collections import defaultdict
from contextlib import ExitStack

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.errors import InputError
from unembed.methods.edges.tasks import task_rows
from unembed.methods.kept_heads import keep_heads
from unembed.methods.prompt_sets import PromptSet, prompt_set, unmarked

CLOSE = 1e-9
"""float64: sums of some tens of products in another order."""
ROWS = [
    {
        "marked": "the {A:Rome} of {B:Paris} is",
        "marked_corrupt": "the capital the {A:France} of {B:Rome} is",
        "target": "Paris",
        "versus": "Rome",
    },
    {
        "marked": "a new {A:capital} of {B:France} is",
        "marked_corrupt": "a the {A:Paris} of {B:Rome} is",
        "target": "France",
        "versus": "Rome",
    },
]
NAMES = [["0", "A", "A+1", "B", "END"], ["0", "1", "A", "A+1", "B", "END"]]


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("gpt2", layers=2), make_tokenizer())


@pytest.fixture(scope="module")
def among(model) -> PromptSet:
    return prompt_set(model, ROWS)


def mixes(model: unembed.Model, tokens) -> list[torch.Tensor]:
    """What the output projection of each layer reads, `position head d_head`: the module alone."""
    found: list[torch.Tensor] = []
    with ExitStack() as stack:
        for block in model.module.transformer.h:
            keep = block.attn.c_proj.register_forward_pre_hook(lambda _, args: found.append(args[0][0].clone()))
            stack.callback(keep.remove)
        model.module(torch.tensor([tokens]))
    return [z.unflatten(-1, (model.heads, -1)) for z in found]


def with_heads(model: unembed.Model, tokens, values: dict[tuple[int, int], torch.Tensor], places) -> torch.Tensor:
    """The last logits with some heads set at some positions: a full run of the module."""

    def setting(layer: int):
        def set_heads(_, args):
            z = args[0].clone().unflatten(-1, (model.heads, -1))
            for (at, head), value in values.items():
                if at == layer:
                    z[0, list(places), head] = value
            return (z.flatten(-2),)

        return set_heads

    with ExitStack() as stack, torch.no_grad():
        for layer, block in enumerate(model.module.transformer.h):
            stack.callback(block.attn.c_proj.register_forward_pre_hook(setting(layer)).remove)
        return model.module(torch.tensor([tokens])).logits[0, -1]


def mean_by_name(model: unembed.Model, among: PromptSet, layer: int) -> dict[str, torch.Tensor]:
    held = defaultdict(list)
    for one in among.examples:
        for name, z in zip(one.corrupt_names, mixes(model, one.corrupt)[layer], strict=True):
            held[name].append(z)
    return {name: torch.stack(found).mean(0) for name, found in held.items()}


def test_positions_are_named_by_marks(among) -> None:
    assert [list(one.names) for one in among.examples] == NAMES
    assert list(among.examples[0].corrupt_names) == ["0", "1", "2", "A", "A+1", "B", "END"]
    assert among.examples[1].position("B") == 4
    assert unmarked("{IO:Mary} and {S1:John}") == ("Mary and John", {"IO": [0, 4], "S1": [9, 13]})


def test_unmarked_prompts_keep_their_braces(model) -> None:
    tokens = unembed.record(model, "{A:Rome} is").tokens
    assert prompt_set(model, [{"prompt": "{A:Rome} is"}]).examples[0].tokens == tokens


@pytest.mark.parametrize("how", ["mean-position", "resample"])
def test_an_ablation_over_a_data_set_is_a_full_run_with_the_value_set(model, among, how: str) -> None:
    one = among.examples[0]
    target = unembed.record(model, one.tokens).token("Paris")
    found = unembed.ablate(model, one.tokens, "Paris", how=how, texts=among, position="all")
    for effect in found.effects:
        if how == "resample":
            z = mixes(model, one.corrupt)[effect.layer]
            value = torch.stack([z[one.corrupt_names.index(name), effect.head] for name in one.names])
        else:
            means = mean_by_name(model, among, effect.layer)
            value = torch.stack([means[name][effect.head] for name in one.names])
        logits = with_heads(model, one.tokens, {(effect.layer, effect.head): value}, range(len(one.tokens)))
        expected = logits.double().log_softmax(-1)[target]
        assert found.base.log_probability + effect.log_probability == pytest.approx(float(expected), abs=CLOSE)


@pytest.mark.parametrize("how", ["mean-position", "resample", "mean", "zero"])
def test_kept_heads_are_a_full_run_with_all_others_set(model, among, how: str) -> None:
    kept = [(0, 1), (1, 2)]
    found = keep_heads(among, ["L0.H1", (1, 2)], how=how)
    every = {(layer, head) for layer in range(2) for head in range(model.heads)} - set(kept)
    overall = [torch.cat([mixes(model, one.corrupt)[layer] for one in among.examples]).mean(0) for layer in range(2)]
    for one, answer in zip(among.examples, found.prompts, strict=True):
        values = {}
        for layer, head in every:
            if how == "zero":
                values[layer, head] = torch.zeros(1, dtype=torch.float64)
            elif how == "mean":
                values[layer, head] = overall[layer][head]
            else:
                means = mean_by_name(model, among, layer)
                z, its = mixes(model, one.corrupt)[layer], one.corrupt_names
                at = means if how == "mean-position" else {name: z[its.index(name)] for name in one.names}
                values[layer, head] = torch.stack([at[name][head] for name in one.names])
        logits = with_heads(model, one.tokens, values, range(len(one.tokens)))
        ids = [unembed.record(model, one.tokens).token(word) for word in (one.target, one.versus)]
        assert answer.kept == pytest.approx(float(logits[ids[0]] - logits[ids[1]]), abs=CLOSE)
    assert found.share == pytest.approx(sum(p.kept for p in found.prompts) / sum(p.whole for p in found.prompts))
    assert found.interval is None


def test_all_heads_kept_keep_all(among, model) -> None:
    every = [(layer, head) for layer in range(model.layers) for head in range(model.heads)]
    assert keep_heads(among, every).share == 1


def test_a_task_marks_its_positions() -> None:
    for row in task_rows("ioi", 5):
        text, marks = unmarked(row["marked"])
        said = {name: text[start:end] for name, (start, end) in marks.items()}
        assert set(said) == {"IO", "S1", "S2"}
        assert said["S1"] == said["S2"] == row["versus"].strip()
        assert said["IO"] == row["target"].strip()
        other, its = unmarked(row["marked_corrupt"])
        third = other[slice(*its["S2"])]
        assert third not in (said["S1"], said["IO"])


def _other(**changed) -> list[dict]:
    return [{**ROWS[0], **changed}]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "expected at least one row"),
        (_other(marked="{A:the} capital of {A:Rome}"), "stands twice"),
        (_other(marked_corrupt="the {A:Rome} is"), "no position A\\+1"),
        ([{"prompt": "the capital", "positions": {"A": 1, "B": -1}}], "Expected a name a position"),
        ([{"prompt": "the capital", "positions": {"A": 7}}], "outside the prompt"),
        ([{"prompt": "the capital", "positions": {"A": [50, 60]}}], "No token holds"),
    ],
)
def test_a_bad_data_set_is_refused(model, rows: list, said: str) -> None:
    with pytest.raises(InputError, match=said):
        prompt_set(model, rows)


def test_what_a_data_set_cannot_say_is_refused(model, among) -> None:
    for prompt, how, texts, said in (
        ("the capital", "resample", among, "none of the data set"),
        ("the capital", "mean-position", ["the capital"], "over a data set"),
        ("the capital", "resample", prompt_set(model, [{"prompt": "the capital"}]), "has none"),
    ):
        with pytest.raises(InputError, match=said):
            unembed.ablate(model, prompt, how=how, texts=texts)
    twice = prompt_set(
        model, [{"prompt": "the capital", "corrupt": "a new"}, {"prompt": "the capital", "corrupt": "a the"}]
    )
    with pytest.raises(InputError, match="different counterparts"):
        unembed.ablate(model, "the capital", how="resample", texts=twice)
    with pytest.raises(InputError, match=r"Expected heads of .*L7\.H0"):
        keep_heads(among, ["L7.H0"])
    with pytest.raises(InputError, match="no target and versus"):
        keep_heads(prompt_set(model, [{"prompt": "the capital"}]), ["L0.H0"])
