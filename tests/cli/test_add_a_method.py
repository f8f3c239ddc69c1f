"""The page on adding a method: its code, put where it says, is a command of the package."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import unembed

PAGE = Path(__file__).parents[2] / "docs" / "add-a-method.md"
PROMPT = " fear night world sweet blood"

PROGRAM = """
import sys
home, prompt = sys.argv[1:]
sys.path.insert(0, home)
import contextlib, io, json
from unembed.cli import main

def said(*words):
    sys.argv = ["unembed", "entropy", prompt, "--model", "toy/two-layer", *words]
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main()
    return out.getvalue()

told = {"json": json.loads(said("--json")), "lines": said()}
import unembed
from unembed.methods.entropy import entropy
found = entropy(unembed.load("toy/two-layer"), prompt)
best = found.top(1)[0]
table = found.to_polars()
told |= {"value": found.value, "best": best.value, "total": table["value"].sum(), "token": table["token"][best.token],
    "data": found.to_dict()["entropy"], "bar": found.plot().axes[0].patches[0].get_width(),
    "rows": found._repr_html_().count("<tr>"), "complete": found.complete}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, Any]:
    """What the command prints and what the result gives, in one process."""
    home = tmp_path_factory.mktemp("extended")
    # A copy of the package, of links: what is compiled stays so.
    shutil.copytree(Path(unembed.__file__).parent, home / "unembed", copy_function=os.symlink)
    pieces = re.findall(r"^`((?:\w+/)+entropy\.py)`.*?```py\n(.*?)```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(pieces) == 4
    for place, code in pieces:
        (home / "unembed" / place).write_text(code)
    command = [sys.executable, "-B", "-c", PROGRAM, str(home), PROMPT]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout)


@pytest.fixture(scope="module")
def shares() -> torch.Tensor:
    """−p ln p of every next token, of a plain run of the module."""
    model = unembed.load("toy/two-layer")
    with torch.no_grad():
        logits = model.module(model.tokenizer(PROMPT, return_tensors="pt")["input_ids"]).logits[0, -1]
    return torch.special.entr(logits.double().softmax(-1))


def test_the_method_of_the_page_is_a_command_with_the_right_number(told, shares) -> None:
    expected = float(shares.sum())
    assert told["json"] == {"schema": "unembed/entropy/1", "entropy": pytest.approx(expected, rel=1e-5)}
    assert told["lines"] == f" the next token: {expected:.3f} nats\n"


def test_the_result_of_the_page_has_what_every_result_has(told, shares) -> None:
    assert told["total"] == pytest.approx(told["value"]) == pytest.approx(told["data"])
    assert told["value"] == pytest.approx(float(shares.sum()), rel=1e-5)
    assert told["best"] == told["bar"] == pytest.approx(float(shares.max()), rel=1e-5)
    assert told["token"] == unembed.load("toy/two-layer").tokenizer.decode([int(shares.argmax())])
    assert (told["rows"], told["complete"]) == (11, True)
