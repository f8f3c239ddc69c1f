"""Run benchmarks and write what they measured as JSON.

Usage: ``python benchmarks/run.py [--only NAME] [--slow] [--peers] [--rounds N] [--threads N] [--out FILE] [--check]``
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from pathlib import Path

import timing
import torch

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
BENCHMARKS = (
    "startup",
    "ledger",
    "loading",
    "generation",
    "lens",
    "words",
    "circuit",
    "graph",
    "memory",
    "counterfactual",
    "explain",
    "counterfactual_memory",
    "explorer",
    "cloze_attribution",
)
SLOW = ("neuron_attribution", "long", "study")
PEERS = ("peers", "counterfactual_peers")
PACKAGES = ("unembed", "safetensors", "tokenizers", "numpy")


def run_one(name: str, rounds: int) -> dict:
    """One benchmark's report."""
    print(f"{name} …", file=sys.stderr, flush=True)
    return importlib.import_module(f"bench_{name}").run(rounds)


def show(report: dict) -> None:
    """One line for each limit."""
    for name, part in report["benchmarks"].items():
        for line in part["limits"]:
            verdict = "holds" if line["holds"] else "FAILS"
            print(f"{verdict}  {name:<22}{line['value']:9.3f}  at most {line['limit']:<6.4g}  {line['what']}")


def write(report: dict, out: Path) -> None:
    """The report as JSON."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n")


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=(*BENCHMARKS, *SLOW, *PEERS))
    parser.add_argument("--peers", action="store_true", help="also set up and measure the peers")
    parser.add_argument("--slow", action="store_true", help=f"also run what takes minutes: {', '.join(SLOW)}")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, help="torch threads; one is steadier on a busy machine")
    parser.add_argument("--out", type=Path, help="default: results/NAME.json, or results/all.json for several")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit does not hold")
    return parser.parse_args()


def main() -> int:
    """Run what was asked for."""
    asked = options()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if asked.threads:
        torch.set_num_threads(asked.threads)
    names = list(
        dict.fromkeys([*(asked.only or BENCHMARKS), *(SLOW if asked.slow else ()), *(PEERS if asked.peers else ())])
    )
    report = {
        "schema": "unembed/benchmark/1",
        "rounds": asked.rounds,
        "environment": timing.environment(*PACKAGES),
        "benchmarks": {name: run_one(name, asked.rounds) for name in names},
    }
    out = asked.out or RESULTS / f"{names[0] if len(names) == 1 else 'all'}.json"
    write(report, out)
    show(report)
    failed = any(not line["holds"] for part in report["benchmarks"].values() for line in part["limits"])
    return int(asked.check and failed)


if __name__ == "__main__":
    sys.exit(main())
