"""`heads` and `circuit` of a study, against their methods asked alone; what a task does not take."""

import polars as pl
import pytest

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.errors import InputError
from unembed.methods.edges.find import Choice, find_circuit
from unembed.methods.edges.tasks import PromptPair
from unembed.methods.studies import plan
from unembed.methods.studies.study import study
from unembed.methods.studies.summary import summarise

CLOSE = 1e-9
"""float64: sums of some tens of products in another order."""
ROW = {
    "prompt": "the capital of France is",
    "corrupt": "the capital of Rome is",
    "target": "Paris",
    "versus": "Rome",
}


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("gpt2", layers=2), make_tokenizer())


def first(folder) -> dict:
    return pl.read_parquet(folder / "part-*.parquet").sort("row").row(0, named=True)


def test_heads_are_their_ledger_their_ablation_and_their_pattern(model, tmp_path) -> None:
    study(model, [{"prompt": ROW["prompt"], "target": "Paris"}] * 6, "heads", out=tmp_path / "s")
    found = {(head["layer"], head["head"]): head for head in first(tmp_path / "s")["heads"]}
    run = unembed.record(model, ROW["prompt"])
    ledger = unembed.explain(model, ROW["prompt"], "Paris", by="head", test=False).ledger
    credit = {(term.layer, term.head): term.value for term in ledger.terms() if term.kind == "head"}
    ablation = unembed.ablate(model, ROW["prompt"], "Paris")
    assert {(e.layer, e.head) for e in ablation.effects} == set(found) == set(credit)
    for effect in ablation.effects:
        head = found[effect.layer, effect.head]
        assert head["effect"] == pytest.approx(effect.log_probability, abs=CLOSE)
        assert head["credit"] == pytest.approx(credit[effect.layer, effect.head], abs=CLOSE)
        pattern = run.layers[effect.layer].heads.pattern[effect.head, -1]
        assert (head["source"], head["weight"]) == (int(pattern.argmax()), pytest.approx(float(pattern.max())))
    means = {
        m.name: m.mean for t in summarise(tmp_path / "s").tables if t.what == "heads, direct effect" for m in t.means
    }
    assert means["L1.H0"] == pytest.approx(credit[1, 0], abs=CLOSE)


def test_heads_against_another_token_are_in_logits(model, tmp_path) -> None:
    study(model, [ROW], "heads", out=tmp_path / "s")
    run = unembed.record(model, ROW["prompt"])
    ids = [unembed.record(model, ROW["prompt"]).token(ROW[name]) for name in ("target", "versus")]
    measure = unembed.measures.logit(*ids)
    (without,) = unembed.counterfactuals(run, [unembed.edits.zero("L1.H3 @ -1")], measure).tolist()
    head = next(h for h in first(tmp_path / "s")["heads"] if (h["layer"], h["head"]) == (1, 3))
    base = float(run.logits[-1, ids[0]] - run.logits[-1, ids[1]])
    assert head["effect"] == pytest.approx(without - base, abs=CLOSE)


def test_a_circuit_is_that_of_its_pair_alone(model, tmp_path) -> None:
    study(model, [ROW], "circuit", out=tmp_path / "s", size=0.2)
    answer = first(tmp_path / "s")
    pair = PromptPair(ROW["prompt"], ROW["corrupt"], ROW["target"], ROW["versus"])
    alone = find_circuit(model, [pair], Choice(size=0.2))
    found = {(edge["sender"], edge["reader"]): edge["score"] for edge in answer["edges"]}
    assert found == pytest.approx({(edge.sender, edge.reader): edge.score for edge in alone.edges}, abs=CLOSE)
    assert (answer["clean"], answer["corrupt_value"]) == pytest.approx((alone.clean, alone.corrupt), abs=CLOSE)
    assert answer["circuit_value"] == pytest.approx(alone.circuit, abs=CLOSE)


@pytest.mark.parametrize(
    ("do", "options", "said"),
    [
        ("words", {"by": "head"}, "Expected words by token, word"),
        ("lens", {"by": "neuron"}, "takes no `by`: it is an option of explain, words"),
        ("knowledge", {"test": False}, "takes no `test`: it is an option of explain"),
        ("circuit", {"size": 0}, "size above 0"),
    ],
)
def test_an_option_that_is_not_read_is_refused(model, tmp_path, do: str, options: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        study(model, [ROW], do, out=tmp_path / "s", **options)
    assert not (tmp_path / "s").exists()


def test_missing_columns_are_all_named(model, tmp_path) -> None:
    with pytest.raises(
        InputError, match=r"(?s)`corrupt`, `target`, `versus`.*--column corrupt=NAME --column versus=NAME"
    ):
        study(model, [{"prompt": "the", "target": "is"}], "circuit", out=tmp_path / "s")
    study(model, [ROW, {**ROW, "versus": None}], "circuit", out=tmp_path / "s")
    assert "has no versus" in pl.read_parquet(tmp_path / "s" / "part-*.parquet")["error"].to_list()[1]


SET = [
    {"marked": "the {A:Rome} of {B:Paris} is", "marked_corrupt": "a {A:France} of {B:Rome} is"},
    {"marked": "a {A:capital} of {B:France} is", "marked_corrupt": "new {A:Paris} of {B:Rome} is"},
    {"marked": "a {A:capital} of {B:France} is", "marked_corrupt": "new the {A:Rome} of {B:Paris} is"},
    {"marked": "the {A:capital} is", "marked_corrupt": "the {B:capital} is"},
]


@pytest.mark.parametrize("do", ["ablate", "heads"])
@pytest.mark.parametrize("how", ["mean-position", "resample"])
def test_parts_are_set_by_the_data_set_in_any_share(model, tmp_path, monkeypatch, do: str, how: str) -> None:
    monkeypatch.setattr(plan, "_FEWEST", 2)
    among = unembed.prompt_set(model, SET[:3])
    for share in ("1/1", "1/2", "2/2"):
        study(model, SET, do, out=tmp_path / share, how=how, shard=share)
    *answers, wrong = pl.read_parquet(tmp_path / "1/1" / "part-*.parquet").sort("row").iter_rows(named=True)
    assert "no position A" in wrong["error"]
    for one, answer in zip(among.examples, answers, strict=True):
        alone = unembed.ablate(model, one.tokens, how=how, texts=among.about(one))
        found = [entry["effect"] for entry in answer["effects" if do == "ablate" else "heads"]]
        assert found == pytest.approx([effect.log_probability for effect in alone.effects], abs=CLOSE)
    parts = pl.concat(pl.read_parquet(tmp_path / share / "part-*.parquet") for share in ("1/2", "2/2"))
    assert parts.sort("row").rows(named=True) == [*answers, wrong]


def test_a_task_is_a_file_of_prompts(model, tmp_path) -> None:
    found = study(model, "induction", "lens", out=tmp_path / "s")
    assert (found.rows, found.answered) == (100, 100)
    assert {"prompt", "corrupt", "given_target", "versus"} <= set(next(found.parts()).columns)
