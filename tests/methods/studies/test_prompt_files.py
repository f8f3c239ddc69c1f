"""Files of prompts in the wild: what is read, and what is refused by number and name."""

import json
from pathlib import Path

import polars as pl
import pytest

from unembed.errors import InputError
from unembed.methods.studies.prompt_files import prompts_of, read_prompts
from unembed.methods.studies.shards import parse_shard

ROWS = [
    {"prompt": "the capital", "target": " of", "group": "a"},
    {"prompt": "a new, \n one", "target": None, "group": "b"},
]


def written(folder: Path, kind: str) -> Path:
    path = folder / f"prompts.{kind}"
    if kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, ROWS)))
    elif kind == "csv":
        pl.DataFrame(ROWS).write_csv(path)
    else:
        pl.DataFrame(ROWS).write_parquet(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_each_kind_of_file_gives_the_same_rows(tmp_path, kind: str) -> None:
    found = read_prompts(written(tmp_path, kind))
    assert list(found.rows) == ROWS
    assert found.numbers == (0, 1)
    assert found.columns == ("prompt", "target", "group")


def test_an_empty_line_is_no_row_but_counts(tmp_path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('\ufeff{"prompt": "a"}\n\n{"prompt": "b"}\n')
    assert read_prompts(path).numbers == (0, 2)


def test_columns_may_be_called_otherwise(tmp_path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("question,prompt,answer\nwhat,other,it\n")
    found = read_prompts(path, {"prompt": "question", "target": "answer"})
    assert found.rows == ({"prompt": "what", "target": "it"},)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "p.jsonl",
            '{"prompt": "a"}\n{"prompt": \n[1]\n',
            r"(?s)nothing was asked.*line 2: no JSON.*line 3: expected an object",
        ),
        ("p.jsonl", "{\n" * 9, r"and 4 more"),
        ("p.jsonl", "", "no rows"),
        ("p.csv", "prompt,target\na,b\nc\n\nd,e,f\n", r"(?s)line 3: expected 2 cells, found 1.*line 5: .* found 3"),
        ("p.csv", "prompt,prompt\na,b\n", "'prompt' twice"),
        ("p.csv", 'prompt\n"a\n', "bad lines"),
        ("p.csv", "text\na\n", r"(?s)no column `prompt`: found text.*--column prompt=NAME"),
        ("p.parquet", "PAR1", "Cannot read .* as Parquet"),
        ("p.json", "{}", r"(?s)expected a list of objects.*\.jsonl"),
        ("p.json", "[", "is no JSON"),
        ("p.txt", "a", "ends in .jsonl, .json, .csv, .parquet or .yaml"),
    ],
)
def test_a_bad_file_is_refused_for_a_person(tmp_path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said):
        read_prompts(tmp_path / name)


def test_what_is_no_file_or_no_text_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        read_prompts(tmp_path / "none.csv")
    (tmp_path / "p.jsonl").write_bytes(b'{"prompt": "a"}\n{"prompt": "\xff"}')
    with pytest.raises(InputError, match="line 2: expected UTF-8, found the byte 0xff"):
        read_prompts(tmp_path / "p.jsonl")
    with pytest.raises(InputError, match="as a mapping with a `prompt`, found 'a' as row 1"):
        prompts_of([{"prompt": "b"}, "a"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="found wrong"):
        read_prompts(written(tmp_path, "csv"), {"wrong": "group"})


@pytest.mark.parametrize("wrong", ["0/4", "5/4", "1", "a/b", "1/0"])
def test_a_shard_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="Expected a shard such as 2/4"):
        parse_shard(wrong)
    assert parse_shard("2/4") == (2, 4)
    assert parse_shard(None) == (1, 1)


SHAPES = {
    "counterfact": (
        {
            "case_id": 0,
            "requested_rewrite": {
                "prompt": "The mother tongue of {} is",
                "relation_id": "P103",
                "target_new": {"str": "English", "id": "Q1860"},
                "target_true": {"str": "French", "id": "Q150"},
                "subject": "Danielle Darrieux",
            },
            "paraphrase_prompts": ["Danielle Darrieux spoke"],
        },
        ("The mother tongue of Danielle Darrieux is", " French", " English"),
    ),
    "pararel": (
        {"sub_label": "France", "obj_label": "Paris", "pattern": "The capital of [X] is [Y] .", "predicate_id": "P36"},
        ("The capital of France is", " Paris", None),
    ),
    "a pattern that goes on": (
        {"sub_label": "Paris", "obj_label": "France", "template": "[X] is [Y]'s capital."},
        (None, " France", None),
    ),
    "ioi": (
        {"ioi_sentences": "When Mary and John met, John gave a drink to Mary", "IO": "Mary", "S": "John"},
        ("When Mary and John met, John gave a drink to", " Mary", " John"),
    ),
}


@pytest.mark.parametrize("shape", list(SHAPES))
def test_files_of_known_shapes_are_asked_as_they_are_meant(tmp_path, shape: str) -> None:
    row, (prompt, target, versus) = SHAPES[shape]
    (tmp_path / "p.json").write_text(json.dumps([row]))
    (found,) = read_prompts(tmp_path / "p.json").rows
    assert (found["prompt"], found["target"], found.get("versus")) == (prompt, target, versus)
    assert row.items() <= found.items()


def test_the_facts_that_ship_are_prompts(tmp_path) -> None:
    found = read_prompts("facts")
    assert len(found.rows) == 1692
    assert len({(row["relation"], row["subject"]) for row in found.rows}) == 282
    (france,) = [row for row in found.rows if row["prompt"] == "Country: France. Capital:"]
    assert france["target"] == " Paris"
    (tmp_path / "mine.yaml").write_text("{relation: r, templates: ['{subject} is'], facts: [{subject: a, answer: b}]}")
    (row,) = read_prompts(tmp_path / "mine.yaml").rows
    assert row == {"prompt": "a is", "target": " b", "relation": "r", "subject": "a", "paraphrase": 0}
