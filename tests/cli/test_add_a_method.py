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
