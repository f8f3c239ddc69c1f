"""Checkpoints of toys: Hugging Face folders in half precision, about 1 MB each."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError

from unembed.errors import InputError
from unembed.toys import invented_clozes, invented_facts

if TYPE_CHECKING:
    from unembed.toys.recipes import Trained

FACTS_FILE = "facts.yaml"
"""Beside the weights of the toys of facts: what they know, as `unembed knowledge` reads it."""
_KNOWN = {"facts": invented_facts.as_yaml, "cloze": invented_clozes.as_yaml}


def check_free(out: Path) -> None:
    """Refuse what `save` would refuse, before a training rather than after.

    Raises:
        InputError: `out` exists already, or cannot be written.
    """
    if out.exists():
        raise InputError(f"{out} exists already. Give a folder that does not, or remove it first.")
    above = next(folder for folder in out.absolute().parents if folder.exists())
    _hidden_folder(out, above).rmdir()


def save(trained: "Trained", out: Path) -> Path:
    """Write a toy to the folder `out`: whole, or not at all.

    Raises:
        InputError: it exists already, or cannot be written.
    """
    with new_folder(out) as work:
        _write(trained, work)
    return out


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A hidden folder that becomes `out` when the context ends, and is removed if it fails.

    Raises:
        InputError: `out` exists already, or cannot be written.
    """
    check_free(out)
    work = _hidden_folder(out, out.parent)
    try:
        yield work
        for path in (work, *work.iterdir()):  # temporary folders and safetensors are private otherwise
            path.chmod(0o755 if path.is_dir() else 0o644)
        os.replace(work, out)  # noqa: PTH105  Path.replace says the same
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"Cannot write {out}: {error}. Nothing was kept: free some space, or give another folder."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _hidden_folder(out: Path, above: Path) -> Path:
    """A new folder in the folder `above`, in which `out` is made; `above` is made too."""
    try:
        above.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=above))
    except OSError as error:
        raise InputError(f"Cannot write to {above}: {error.strerror}. Give another folder.") from error


def _write(trained: "Trained", folder: Path) -> None:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()
    trained.module.to(torch.float16).save_pretrained(folder)
    tokenizer = trained.tokenizer
    whole = PreTrainedTokenizerFast(tokenizer_object=tokenizer) if isinstance(tokenizer, Tokenizer) else tokenizer
    whole.save_pretrained(folder)
    if whole is tokenizer:  # a model of the library's own would run in half precision, which is for the file
        config = folder / "config.json"
        config.write_text(config.read_text().replace('"dtype": "float16"', '"dtype": "float32"'))
    if trained.name in _KNOWN:
        (folder / FACTS_FILE).write_text(_KNOWN[trained.name](), encoding="utf-8")
