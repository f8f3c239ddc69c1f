"""doctor: what this machine has for `unembed`, and what is wrong with it."""

import importlib.metadata
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from unembed.errors import ModelError
from unembed.loading import weights
from unembed.loading.cache import cache_folder
from unembed.loading.catalogue import Entry, catalogue
from unembed.models.families import supported
from unembed.models.reprs import Brief


@dataclass(frozen=True, repr=False)
class Report(Brief):
    """What `doctor` found."""

    versions: dict[str, str]
    devices: tuple[str, ...]
    threads: int
    cache: Path
    cache_bytes: int
    free_bytes: int
    families: tuple[str, ...]
    models: tuple[Entry, ...]
    problems: tuple[str, ...]


def doctor() -> Report:
    """Look at versions, devices, cache and models. Nothing is fetched or changed."""
    import torch

    cache = cache_folder()
    entries = tuple(catalogue())
    free = shutil.disk_usage(_existing(cache)).free
    return Report(
        versions={"python": platform.python_version(), **_versions()},
        devices=(
            "cpu",
            *(f"cuda:{i} {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())),
        ),
        threads=torch.get_num_threads(),
        cache=cache,
        cache_bytes=sum(p.stat().st_size for p in cache.rglob("*") if p.is_file()) if cache.exists() else 0,
        free_bytes=free,
        families=tuple(supported()),
        models=entries,
        problems=tuple(_problems(entries, free)),
    )


def _versions() -> dict[str, str]:
    names = ("unembed", "torch", "transformers", "safetensors", "gguf")
    return {name: importlib.metadata.version(name) for name in names}


def _existing(path: Path) -> Path:
    return next(p for p in (path, *path.parents) if p.exists())


def _problems(entries: tuple[Entry, ...], free: int) -> list[str]:
    found = []
    default = next((entry for entry in entries if entry.name == weights.DEFAULT), None)
    if default is not None and default.state == "not installed":
        found.append(f"the default model is not here; run: {default.fetch}")
    elif default is not None and default.state == "ready":
        try:
            weights.resolve(weights.DEFAULT, offline=True)
        except ModelError as error:
            found.append(str(error))
    if free < 2e9:
        found.append(f"only {free / 1e9:.1f} GB are free where the cache lies; converting a model needs about 1 GB")
    return found
