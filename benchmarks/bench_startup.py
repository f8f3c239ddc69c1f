"""How long the command takes before it does anything: whole processes, from the shell's side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import shared
import timing

LIMIT = 0.5


def process(*command: str) -> Callable[[], object]:
    """A job that runs a command to its end."""
    return lambda: subprocess.run(command, check=True, capture_output=True)


def run(rounds: int) -> shared.Report:
    """`--help` and `--version`, beside a Python that does nothing."""
    command = str(Path(sys.executable).with_name("unembed"))
    jobs = {
        "python": process(sys.executable, "-c", "pass"),
        "help": process(command, "--help"),
        "version": process(command, "--version"),
    }
    samples = timing.interleaved(jobs, rounds, warm_up=1)
    medians = timing.medians(samples)
    return {
        "medians": medians,
        "samples": samples,
        "limits": [shared.limit(f"unembed --{name}, seconds", medians[name], LIMIT) for name in ("help", "version")],
    }
