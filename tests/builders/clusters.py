"""A Ray cluster on this machine, and models whose worker does not survive a prompt."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

_LEFT_OUT = "rfc3987_syntax"
"""What jupyter brings and jsonschema then imports: five seconds in each of Ray's ten processes, for nothing here."""


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Any]:
    """Ray with so many cores on this machine; whoever asks for a cluster meanwhile is given this one."""
    (folder / f"{_LEFT_OUT}.py").write_text("raise ImportError\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        ours = [str(folder), str(Path(__file__).parents[1]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
        patch.setenv("PYTHONPATH", os.pathsep.join(ours))
        import ray

        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}
        ray.init("local", num_cpus=workers, object_store_memory=100_000_000, **quiet)
        try:
            yield ray
        finally:
            ray.shutdown()


@dataclass
class Deadly:
    """A hook of an embedding that kills the process that embeds a token; not the one that made the hook."""

    token: int
    once: Path | None = None
    """A file that is made by the first kill, after which there are none; None kills each time."""
    here: int = field(default_factory=os.getpid)

    def __call__(self, module: nn.Module, given: tuple[torch.Tensor]) -> None:
        if os.getpid() == self.here or self.token not in given[0].flatten().tolist():
            return
        if self.once is None or not self.once.exists():
            if self.once is not None:
                self.once.touch()
            os.kill(os.getpid(), signal.SIGKILL)
