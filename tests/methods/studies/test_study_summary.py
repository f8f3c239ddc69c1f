"""What a report says over many prompts, against means that are taken by hand."""

import random

import numpy as np
import polars as pl
import pytest

import unembed
from builders.random_models import build
from builders.words import WORDS, make_tokenizer
from unembed.errors import InputError
from unembed.methods.studies.study import study
from unembed.methods.studies.summary import FEWEST, interval, summarise


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("study") / "s"
    chance = random.Random(1)
    rows = [{"prompt": " ".join(chance.choices(WORDS[2:], k=4)), "group": "ab"[i % 3 == 0]} for i in range(12)]
    model = unembed.wrap(build("gpt2", layers=2), make_tokenizer())
    study(model, [*rows, {"prompt": "", "group": "b"}], out=made, by="head", test=False)
    study(model, rows, "words", out=made.parent / "words")
    return made


def credits(folder, head: int, group: str | None) -> list[float]:
    frame = pl.read_parquet(folder / "part-*.parquet").filter(pl.col("error").is_null())
    frame = frame if group is None else frame.filter(pl.col("group") == group)
    return [
        sum(t["value"] for t in terms if (t["kind"], t["layer"], t["head"]) == ("head", 1, head))
        for terms in frame["terms"].to_list()
    ]


def test_means_are_those_of_the_rows_that_went_well(folder) -> None:
    found = summarise(folder, by="group", top=1000)
    assert (found.answered, found.failures, found.groups) == (13, 1, ("a", "b"))
    table = next(table for table in found.tables if table.what == "credit by part")
    for group in (None, "a", "b"):
        expected = credits(folder, 2, group)
        mean = next(m for m in table.means if m.name == "L1.H2" and m.group == group)
        assert mean.mean == pytest.approx(np.mean(expected))
        assert mean.prompts == len(expected)
        assert (mean.low is None) == (len(expected) < FEWEST)
    whole = [mean for mean in table.means if mean.group is None]
    assert [abs(m.mean) for m in whole] == sorted((abs(m.mean) for m in whole), reverse=True)


@pytest.mark.parametrize(
    ("do", "column", "given", "unit"),
    [
        ("heads", "heads, zeroed one by one", [{}, {}], "nats"),
        ("heads", "heads, zeroed one by one", [{"versus": WORDS[3]}] * 2, "logits"),
        ("words", "without each word", [{"versus": WORDS[3]}, {}], "nats, or logits of the prompts with a versus"),
        ("ablate", "effect by part", [{"versus": WORDS[3]}] * 2, "nats"),
        ("patch", "effect by part", [{"corrupt": " ".join(WORDS[5:8])}] * 2, "share of the way to the clean run"),
    ],
)
def test_a_table_has_the_unit_of_what_was_asked(tmp_path, do, column, given, unit) -> None:
    model = unembed.wrap(build("gpt2", layers=2), make_tokenizer())
    rows = [{"prompt": " ".join(WORDS[2 + i : 5 + i]), "target": WORDS[4], **one} for i, one in enumerate(given)]
    assert study(model, rows, do, out=tmp_path / "s").failures == 0
    assert {table.what: table.unit for table in summarise(tmp_path / "s").tables}[column] == unit


def test_layers_and_parts_sum_to_the_same(folder) -> None:
    found = summarise(folder, top=1000)
    sums = {t.what: sum(mean.mean for mean in t.means) for t in found.tables}
    assert sums["credit by layer"] == pytest.approx(sums["credit by part"])
    values = pl.read_parquet(folder / "part-*.parquet")["value"].drop_nulls()
    assert sums["credit by part"] == pytest.approx(values.mean())


def test_a_word_is_a_mean_over_the_prompts_that_hold_it(folder) -> None:
    (table,) = summarise(folder.parent / "words", top=1000).tables
    rows = pl.read_parquet(folder.parent / "words" / "part-*.parquet")["words"].to_list()
    for mean in table.means:
        held = [
            [u["effect"] for u in units if u["text"].strip() == mean.name and u["mark"] != "last"] for units in rows
        ]
        expected = [sum(effects) for effects in held if effects]
        assert mean.prompts == len(expected)
        assert mean.mean == pytest.approx(np.mean(expected))


def test_an_interval_covers_the_mean_as_often_as_it_says() -> None:
    chance = np.random.default_rng(0)
    ends = [interval(chance.normal(1.0, 1.0, 40)) for _ in range(200)]
    covered = sum(low is not None and high is not None and low <= 1.0 <= high for low, high in ends)
    assert 0.88 * 200 <= covered <= 200  # 95 % less what a percentile interval of 40 misses, and chance (3 s. d.)
    assert interval(np.zeros(FEWEST - 1)) == (None, None)
    assert interval(np.ones(FEWEST)) == (1.0, 1.0)


def test_a_bad_question_is_refused(folder, tmp_path) -> None:
    with pytest.raises(InputError, match="found 'colour'"):
        summarise(folder, by="colour")
    with pytest.raises(InputError, match=r"no manifest\.json"):
        summarise(tmp_path)
