"""Create one virtual environment per peer, with the same torch in each.

Usage: ``python benchmarks/peers/setup.py [PEER ...]``; without names, every peer.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENVS = HERE.parent / ".venvs"
TORCH = "torch==2.13.0"
PEERS = ("transformer_lens", "nnsight", "captum", "interpkit")


def interpreter(peer: str) -> Path:
    """The Python of a peer's environment."""
    folder = "Scripts" if sys.platform == "win32" else "bin"
    return VENVS / peer / folder / "python"


def install(peer: str) -> None:
    """Create the peer's environment, or complete it where it is there already."""
    if not interpreter(peer).exists():
        venv.create(VENVS / peer, with_pip=True)
    requirements = HERE / f"{peer}.txt"
    pip = [str(interpreter(peer)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, TORCH, "-r", str(requirements)], check=True)
    (VENVS / peer / "ready").touch()


def is_ready(peer: str) -> bool:
    """Whether the peer's environment was installed to the end."""
    return (VENVS / peer / "ready").exists()


def main() -> int:
    """Install the named peers; the exit code is the number of failures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peers", nargs="*", help=f"some of: {', '.join(PEERS)}")
    failures = 0
    for peer in parser.parse_args().peers or PEERS:
        try:
            install(peer)
        except subprocess.CalledProcessError as error:
            failures += 1
            print(f"{peer}: pip ended with {error.returncode}", file=sys.stderr)
        else:
            print(f"{peer}: ready")
    return failures


if __name__ == "__main__":
    sys.exit(main())
