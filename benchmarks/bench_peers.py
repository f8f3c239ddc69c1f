"""The peers on the same job, each in its own environment and against the plain forward of its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import shared
import torch

PEERS = Path(__file__).resolve().parent / "peers"
LENGTHS = (16, 128)


def measure(name: str, python: str, script: str, arguments: list[str]) -> shared.Report:
    """What one script prints, or why it did not."""
    command = [python, str(PEERS / script), "--model", str(shared.folder()), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"peer": name, "error": done.stderr.strip().splitlines()[-1:]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def prepared(setup: object, name: str) -> str | None:
    """Why the peer's environment cannot be had, or None."""
    if setup.is_ready(name):
        return None
    try:
        setup.install(name)
    except subprocess.CalledProcessError as error:
        return f"pip ended with {error.returncode}"
    return None


def run(rounds: int) -> shared.Report:
    """Every peer at every length; loading and generation once."""
    setup = shared.load_script(PEERS / "setup.py")
    measured: dict[str, object] = {}
    scripts = {
        name: (str(setup.interpreter(name)), f"run_{name}.py")
        for name in setup.PEERS
        if (PEERS / f"run_{name}.py").exists()
    }
    scripts["hooks_by_hand"] = (sys.executable, "hooks_by_hand.py")
    for name, (python, script) in scripts.items():
        if name in setup.PEERS and (reason := prepared(setup, name)):
            measured[name] = {"error": reason}
            continue
        first, *others = LENGTHS
        measured[name] = {str(first): measure(name, python, script, arguments(first, rounds))}
        if name != "interpkit":
            for tokens in others:
                only = ["--only", "attribution"]
                measured[name][str(tokens)] = measure(name, python, script, [*arguments(tokens, rounds), *only])
    return {"peers": measured, "limits": []}


def arguments(tokens: int, rounds: int) -> list[str]:
    """The command line of a peer's script."""
    threads = str(torch.get_num_threads())
    return ["--tokens", str(tokens), "--rounds", str(rounds), "--threads", threads]
