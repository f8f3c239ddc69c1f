"""`unembed study`, `study merge`, `report`: the commands, and a study whose process is killed."""

import json
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from builders.commands import refusal, run_json, valid
from builders.words import save_tiny
from unembed.methods.studies import plan
from unembed.view.glyphs import signed

ROWS = [{"prompt": f"the capital of {place} is", "place": place} for place in ("France", "Rome", "Paris", "new")]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def prompts(tmp_path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in [*ROWS, {"prompt": "", "place": "none"}]))
    return path


def test_a_study_and_its_report(tiny, prompts, tmp_path) -> None:
    asked = ["study", prompts, "--no-test", "--out", tmp_path / "s", "--model", tiny, "--json"]
    found = valid(json.dumps(run_json(*asked)))
    assert (found["rows"], found["answered"], found["failures"], found["complete"]) == (5, 5, 1, True)
    assert found["failed"] == [{"row": 4, "prompt": "", "error": "The prompt is empty: expected at least one token."}]
    assert run_json(*asked) == found
    told = valid(json.dumps(run_json("report", tmp_path / "s", "--by", "place", "--json")))
    assert told["groups"] == sorted(row["place"] for row in ROWS)
    assert {table["what"] for table in told["tables"]} == {"credit by part", "credit by layer"}


def test_a_report_is_a_file_that_shows_without_a_script(tiny, tmp_path) -> None:
    hostile = "<b>bold</b> & co"
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(f"{json.dumps({**row, 'place': hostile})}\n" for row in ROWS))
    run_json("study", path, "--no-test", "--out", tmp_path / "s", "--model", tiny, "--json")
    told = run_json("report", tmp_path / "s", "--by", "place", "--html", tmp_path / "r.html", "--json")
    found = Document((tmp_path / "r.html").read_text())
    rows = [mean for table in told["tables"] for mean in table["means"]]
    assert len(found.rows) == len(rows)
    assert {mean["name"] for mean in rows} == {row[0] for row in found.rows}
    assert {row[1] for row in found.rows} == {"all", hostile}
    assert [row[2] for row in found.rows] == [signed(mean["mean"]) for mean in rows]
    assert '<script type="module"' not in found.text
    assert "no folder" in refusal("report", tmp_path, "--html", tmp_path / "r2.html")


class Document(HTMLParser):
    """The cells of the rows that have a bar, as text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.rows, self._cells, self._bar = text, list[list[str]](), list[str](), False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self._cells, self._bar = [], False
        elif tag in ("td", "th"):
            self._cells.append("")
        self._bar = self._bar or tag == "svg"

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr" and self._bar:
            self.rows.append(self._cells)

    def handle_data(self, data: str) -> None:
        if self._cells:
            self._cells[-1] += data


def test_shares_are_merged(tiny, prompts, tmp_path) -> None:
    for share in (1, 2):
        out = tmp_path / f"share{share}"
        run_json("study", prompts, "--do", "lens", "--shard", f"{share}/2", "--out", out, "--model", tiny, "--json")
    found = valid(
        json.dumps(run_json("study", "merge", tmp_path / "m", tmp_path / "share1", tmp_path / "share2", "--json"))
    )
    assert (found["answered"], found["missing"], found["complete"]) == (5, [], True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--do", "guess"], "explain, words, heads, lens, ablate, knowledge, patch, circuit; found 'guess'"),
        (["--shard", "3/2"], "Expected a shard"),
        (["--do", "patch"], "needs the columns `corrupt`"),
        (["--do", "words", "--by", "head"], "Expected words by token"),
        (["--column", "prompt"], "OURS=THEIRS"),
    ],
)
def test_bad_input_is_one_message(tiny, prompts, tmp_path, words, said: str) -> None:
    assert said in refusal("study", prompts, "--out", tmp_path / "s", "--model", tiny, *words)


_ONE_BY_ONE = """
import sys, unembed
from unembed.methods.studies import plan
from unembed.view.glyphs import signed

plan._FEWEST, plan._PARTS = 1, 10**9  # parts of one row each
rows = [{"prompt": f"the capital of {place} is"} for place in ("France", "Rome", "Paris", "new")] * 12
unembed.study(unembed.load(sys.argv[1]), rows, out=sys.argv[2], test=False)
"""


@pytest.mark.slow
def test_a_killed_study_goes_on_where_it_was(tiny, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "s"
    child = subprocess.Popen([sys.executable, "-c", _ONE_BY_ONE, str(tiny), str(folder)])
    while len(list(folder.glob("part-*"))) < 3 and child.poll() is None:
        time.sleep(0.005)
    child.kill()
    child.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in folder.glob("part-*")}
    assert 3 <= len(kept) < 48
    monkeypatch.setattr(sys, "argv", ["", str(tiny), str(folder)])
    monkeypatch.setattr(plan, "_FEWEST", 1)
    monkeypatch.setattr(plan, "_PARTS", plan._PARTS)  # put back afterwards
    exec(_ONE_BY_ONE, {})
    frame = pl.read_parquet(folder / "part-*.parquet")
    assert sorted(frame["row"]) == list(range(48))
    assert {name: (folder / name).stat().st_mtime_ns for name in kept} == kept
