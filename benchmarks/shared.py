"""What the benchmarks of the library share: the model, the result of a limit, where things are."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from unembed import Model

Report = dict[str, Any]

MODEL = "smollm2-135m"
TARGET = " Paris"


@functools.cache
def model(dtype: str | None = None) -> Model:
    """The embedded model, loaded once per process and precision (None: that of its file)."""
    import unembed

    return unembed.load(MODEL, device="cpu", dtype=dtype, offline=True)


def forward_of(prompt: list[int]) -> Callable[[], torch.Tensor]:
    """The plain forward of a prompt: what a job costs is told in its units."""
    module = model().module
    ids = torch.tensor([prompt], device=module.device)

    def forward() -> torch.Tensor:
        with torch.inference_mode():
            return module(ids).logits

    return forward


def folder() -> Path:
    """The Hugging Face folder that the library made of the embedded model."""
    found = model().folder
    if found is None:
        raise RuntimeError(f"expected {MODEL} to be loaded from a folder")
    return found


def limit(what: str, value: float, at_most: float) -> Report:
    """A number beside the most it may be."""
    return {"what": what, "value": value, "limit": at_most, "holds": value <= at_most}


def load_script(file: Path) -> Any:
    """A module from a file that is in no package."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {file.name}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
