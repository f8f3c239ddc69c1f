"""A study against the methods asked prompt by prompt: whatever the batches, order, shards and interruptions."""

import json
import random
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import unembed
from builders.masked_models import masked_by, word_pieces
from builders.random_models import build
from builders.words import WORDS, make_tokenizer
from unembed.errors import InputError, Interrupted
from unembed.methods.studies import plan as plans
from unembed.methods.studies.merge import merge
from unembed.methods.studies.plan import plan_study
from unembed.methods.studies.prompt_files import prompts_of
from unembed.methods.studies.study import run_study, study
from unembed.methods.studies.tasks import Task

CLOSE = 1e-9
"""float64, of gpt2, whose norms do not fall back to float32: a batch sums its products in another order."""


@pytest.fixture(scope="module")
def model() -> unembed.Model:
    return unembed.wrap(build("gpt2", layers=2), make_tokenizer())


@pytest.fixture(autouse=True)
def small_parts(monkeypatch) -> None:
    """Parts of four rows, so that a dozen prompts make several."""
    monkeypatch.setattr(plans, "_FEWEST", 4)


def rows(count: int = 14) -> list[dict[str, Any]]:
    """Prompts of three to six tokens; some say what is asked, and one cannot be asked."""
    chance = random.Random(0)
    made: list[dict[str, Any]] = [
        {"prompt": " ".join(chance.choices(WORDS[2:], k=chance.randint(3, 6))), "group": "ab"[i % 2], "place": i}
        for i in range(count)
    ]
    made[2]["prompt"] = ""
    made[4] |= {"target": "Paris", "versus": "Rome"}
    made[7]["target"] = 5
    return made


def asked_alone(model: unembed.Model, row: dict[str, Any]) -> dict[str, Any]:
    """The row's answer by `explain`: the oracle."""
    words = {name: row[name] for name in ("target", "versus") if name in row}
    found = unembed.explain(model, row["prompt"], **words, by="head", test=False)
    terms = {(t.kind, t.layer, t.head): t.value for t in found.ledger.terms()}
    return {"target_id": found.target.token, "probability": found.target.probability, "terms": terms}


def whole(folder: Path) -> pl.DataFrame:
    """What anyone reads with polars."""
    return pl.read_parquet(folder / "part-*.parquet").sort("row")


def terms_of(row: dict[str, Any]) -> dict[tuple, float]:
    return {(t["kind"], t["layer"], t["head"]): t["value"] for t in row["terms"]}


def test_each_row_is_what_explain_says_of_its_prompt(model, tmp_path) -> None:
    given = rows()
    result = study(model, given, out=tmp_path / "s", test=False)
    frame = whole(tmp_path / "s")
    assert result.complete
    assert frame["row"].to_list() == list(range(len(given)))
    assert frame["group"].to_list() == [row["group"] for row in given]
    assert frame["given_target"].to_list() == [
        json.dumps(row["target"]) if row.get("target") == 5 else row.get("target") for row in given
    ]
    for row, found in zip(given, frame.iter_rows(named=True), strict=True):
        if not row["prompt"]:
            assert "empty" in found["error"]
            assert found["terms"] is None
            continue
        alone = asked_alone(model, row)
        assert found["error"] is None
        assert found["target_id"] == alone["target_id"]
        assert found["probability"] == pytest.approx(alone["probability"], abs=CLOSE)
        assert terms_of(found) == pytest.approx(alone["terms"], abs=CLOSE)
        assert sum(terms_of(found).values()) == pytest.approx(found["value"], abs=CLOSE)


def test_numbers_depend_neither_on_order_nor_on_batches_nor_on_shards(model, tmp_path, monkeypatch) -> None:
    given = rows()
    study(model, given, out=tmp_path / "plain", test=False)
    expected = {row["place"]: row for row in whole(tmp_path / "plain").iter_rows(named=True)}
    study(model, given[::-1], out=tmp_path / "reversed", test=False)
    for share in (2, 1):
        study(model, given, out=tmp_path / f"share{share}", shard=f"{share}/2", test=False)
    merged = merge(tmp_path / "merged", [tmp_path / "share1", tmp_path / "share2"])
    assert (merged.missing, merged.answered, merged.failures) == ((), len(given), 1)
    monkeypatch.setattr(plans, "_TOGETHER", 1)
    study(model, given, out=tmp_path / "alone", test=False)
    for name in ("reversed", "merged", "alone"):
        found = {row["place"]: row for row in whole(tmp_path / name).iter_rows(named=True)}
        assert found.keys() == expected.keys()
        for place, row in found.items():
            assert row["error"] == expected[place]["error"]
            if row["error"] is None:
                assert terms_of(row) == pytest.approx(terms_of(expected[place]), abs=CLOSE)


def test_a_study_that_was_stopped_goes_on_without_duplicates(model, tmp_path) -> None:
    given, whole_before = prompts_of(rows()), tmp_path / "whole"
    study(model, given, out=whole_before, test=False)

    def stop(stage: str, fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        study(model, given, out=tmp_path / "s", test=False, progress=stop)
    half = stopped.value.result
    assert not half.complete
    assert 0 < half.answered < len(given.rows)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "s").glob("part-*")}
    assert study(model, given, out=tmp_path / "s", test=False).complete
    assert {name: (tmp_path / "s" / name).stat().st_mtime_ns for name in kept} == kept
    assert whole(tmp_path / "s").equals(whole(whole_before))


@pytest.mark.parametrize("damage", ["cut", "noise", "another part"])
def test_a_damaged_part_is_found_and_made_again(model, tmp_path, damage: str) -> None:
    given, folder = prompts_of(rows()), tmp_path / "s"
    study(model, given, out=folder, test=False)
    before, part = whole(folder), folder / "part-00001.parquet"
    data = part.read_bytes()
    bad = {
        "cut": data[: len(data) // 2],
        "noise": b"no parquet",
        "another part": (folder / "part-00000.parquet").read_bytes(),
    }
    part.write_bytes(bad[damage])
    plan = plan_study(model, given, Task(test=False), folder)
    assert plan.todo == (1,)
    assert plan.notes[0].startswith("part-00001.parquet ")
    assert "made again" in run_study(plan).notes[0]
    assert whole(folder).equals(before)


def test_a_folder_of_another_study_is_refused(model, tmp_path) -> None:
    study(model, rows(), out=tmp_path / "s", test=False)
    other = unembed.wrap(build("gpt2", layers=2, seed=1), make_tokenizer())
    for words, said in (
        ({"by": "sublayer"}, "what is asked was"),
        ({"prompts": rows(13)}, "the prompts was"),
        ({"model": other}, "the model was"),
    ):
        asked = {"model": model, "prompts": rows(), "by": "head"} | words
        with pytest.raises(InputError, match=said):
            study(asked["model"], asked["prompts"], out=tmp_path / "s", test=False, by=asked["by"])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds thesis\.txt and no manifest"):
        study(model, rows(), out=tmp_path / "other", test=False)


def test_a_full_disk_leaves_what_is_finished(model, tmp_path, monkeypatch) -> None:
    from unembed.methods.studies import parts

    def full(path, data) -> None:
        if path.name == "part-00002.parquet":
            raise InputError(f"Cannot write {path}: No space left on device.")
        path.write_bytes(data)

    monkeypatch.setattr(parts, "write_file", full)
    with pytest.raises(InputError, match="What is finished stays"):
        study(model, rows(), out=tmp_path / "s", test=False)
    monkeypatch.undo()
    assert sorted(path.name for path in (tmp_path / "s").glob("part-*")) == ["part-00000.parquet", "part-00001.parquet"]


@pytest.mark.parametrize(
    ("do", "column"),
    [
        ("explain", "zeroed"),
        ("words", "words"),
        ("lens", "states"),
        ("ablate", "effects"),
        ("knowledge", "neurons"),
        ("patch", "effects"),
    ],
)
def test_the_other_tasks_are_what_their_methods_say(model, tmp_path, do: str, column: str) -> None:
    row = {"prompt": "the capital of France is", "corrupt": "the capital of Rome is", "target": "Paris"}
    study(model, [row, {**row, "target": ""}], do, out=tmp_path / do)
    answer, wrong = whole(tmp_path / do).iter_rows(named=True)
    assert wrong["error"]
    assert wrong["probability"] is None
    assert answer["target"] == "Paris"
    prompt, values = row["prompt"], [_number(entry) for entry in answer[column]]
    if do == "explain":
        explained = unembed.explain(model, prompt, "Paris")
        population = explained.population
        assert population is not None
        assert explained.words is not None
        expected = [*population.effects("heads").values(), *population.effects("sublayers").values()]
        of_words = [unit.effect for unit in explained.words.units]
        assert [unit["effect"] for unit in answer["words"]] == pytest.approx(of_words, abs=CLOSE)
    elif do == "words":
        expected = [unit.effect for unit in unembed.words(model, prompt, "Paris").units]
    elif do == "lens":
        expected = [state.probability for state in unembed.lens(model, prompt, "Paris", positions=[-1]).entries()]
    elif do == "knowledge":
        expected = [neuron.value for neuron in unembed.attribute(model, prompt, "Paris").top(50)]
    elif do == "ablate":
        expected = [effect.log_probability for effect in unembed.ablate(model, prompt, "Paris").effects]
    else:
        expected = [
            cell.effect for cell in unembed.patch(model, prompt, row["corrupt"], "Paris", site="head").entries()
        ]
    assert values == pytest.approx(expected, abs=CLOSE)


def _number(entry: dict[str, Any]) -> float:
    return next(entry[name] for name in ("effect", "probability", "value") if name in entry)


def test_blanks_are_asked_where_they_stand(tmp_path) -> None:
    model = masked_by(word_pieces(), num_hidden_layers=2)
    prompts = ["the [MASK] is a", "paris [MASK] in berlin", "a city [MASK] the", "the river is in"]
    study(model, [{"prompt": prompt} for prompt in prompts], out=tmp_path / "s", test=False)
    *answers, without = whole(tmp_path / "s").iter_rows(named=True)
    assert "blank" in without["error"]
    for prompt, found in zip(prompts, answers, strict=False):
        alone = unembed.explain(model, prompt, by="head", test=False)
        assert found["target_id"] == alone.target.token
        expected = {(t.kind, t.layer, t.head): t.value for t in alone.ledger.terms()}
        assert terms_of(found) == pytest.approx(expected, abs=CLOSE)


def test_duckdb_and_polars_read_the_parts_alike(model, tmp_path) -> None:
    study(model, rows(), out=tmp_path / "s", test=False)
    parts = str(tmp_path / "s" / "part-*.parquet")
    asked = f"""
        SELECT any_value("group"), term.layer, avg(term.value), count(*)
        FROM (SELECT "group", unnest(terms) AS term FROM read_parquet('{parts}') WHERE error IS NULL)
        WHERE term.kind = 'head' GROUP BY "group", term.layer ORDER BY "group", term.layer
    """
    terms = pl.read_parquet(parts).filter(pl.col("error").is_null()).select("group", "terms").explode("terms")
    heads = terms.unnest("terms").filter(pl.col("kind") == "head").group_by("group", "layer")
    expected = heads.agg(pl.col("value").mean(), pl.len().alias("n")).sort("group", "layer").rows()
    found = duckdb.execute(asked).fetchall()
    assert [row[:2] for row in found] == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    for ours, theirs in zip(expected, found, strict=True):
        assert ours[:2] == theirs[:2]
        assert ours[2:] == pytest.approx(theirs[2:], abs=CLOSE)
