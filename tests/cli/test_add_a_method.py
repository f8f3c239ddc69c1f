"""The page on adding a method: its code, put where it says, is a command of the package."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import unembed

PAGE = Path(__file__).parents[2] / "docs" / "add-a-method.md"
PROMPT = " fear night world sweet blood"


@pytest.fixture(scope="module")
def extended(tmp_path_factory) -> Path:
    """A copy of the package with the files of the page."""
    home = tmp_path_factory.mktemp("extended")
    shutil.copytree(Path(unembed.__file__).parent, home / "unembed", ignore=shutil.ignore_patterns("__pycache__"))
    pieces = re.findall(r"^`((?:\w+/)+entropy\.py)`.*?```py\n(.*?)```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(pieces) == 4
    for place, code in pieces:
        (home / "unembed" / place).write_text(code)
    return home


def ran(home: Path, *arguments: str) -> str:
    script = f"import sys; sys.path.insert(0, {str(home)!r}); from unembed.cli import main; main()"
    command = [sys.executable, "-c", script, "entropy", PROMPT, "--model", "toy/two-layer", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_the_method_of_the_page_is_a_command_with_the_right_number(extended: Path) -> None:
    model = unembed.load("toy/two-layer")
    tokens = model.tokenizer(PROMPT, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        p = model.module(tokens).logits[0, -1].double().softmax(-1)
    expected = float(torch.special.entr(p).sum())
    found = json.loads(ran(extended, "--json"))
    assert found == {"schema": "unembed/entropy/1", "entropy": pytest.approx(expected, rel=1e-5)}
    assert ran(extended) == f" the next token: {expected:.3f} nats\n"


ASKED = """
import sys; sys.path.insert(0, {home!r})
import json, unembed
from unembed.methods.entropy import entropy
found = entropy(unembed.load("toy/two-layer"), {prompt!r})
best = found.top(1)[0]
table = found.to_polars()
print(json.dumps([found.value, best.value, table["value"].sum(), table["token"][best.token], found.to_dict()["entropy"],
    found.plot().axes[0].patches[0].get_width(), found._repr_html_().count("<tr>"), found.complete]))
"""


def test_the_result_of_the_page_has_what_every_result_has(extended: Path) -> None:
    script = ASKED.format(home=str(extended), prompt=PROMPT)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    value, best, total, token, data, bar, rows, complete = json.loads(done.stdout)
    model = unembed.load("toy/two-layer")
    with torch.no_grad():
        p = model.module(model.tokenizer(PROMPT, return_tensors="pt")["input_ids"]).logits[0, -1].double().softmax(-1)
    shares = torch.special.entr(p)
    assert total == pytest.approx(value) == pytest.approx(data)
    assert best == bar == pytest.approx(float(shares.max()), rel=1e-5)
    assert token == model.tokenizer.decode([int(shares.argmax())])
    assert (rows, complete) == (11, True)
