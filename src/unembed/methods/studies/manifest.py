"""The manifest of a study: what its numbers depend on, in `manifest.json` beside them.

It is written once, before the first prompt is asked. A folder whose manifest says anything else is of another study
and is refused; how far a study got is told by the parts that are there.
"""

import importlib.metadata
import json
from pathlib import Path
from typing import Any

from unembed.errors import InputError
from unembed.files import parse_json, write_file
from unembed.loading.fingerprint import identity
from unembed.methods.studies.prompt_files import Prompts
from unembed.methods.studies.tasks import Task
from unembed.models.model import Model

_SCHEMA = "unembed/study-manifest/1"
_NAME = "manifest.json"
_VERSIONED = ("unembed", "torch", "transformers", "polars")
_SAID = {
    "task": "what is asked",
    "model": "the model",
    "prompts": "the prompts",
    "rows_per_part": "the rows of a part",
    "schema": "the form of the folder",
}
"""What two studies may differ in, for a person."""

Manifest = dict[str, Any]


def manifest_of(model: Model, prompts: Prompts, task: Task, rows_per_part: int, parts: int) -> Manifest:
    """What the numbers of a study depend on, JSON-ready."""
    return {
        "schema": _SCHEMA,
        "task": task.options,
        "model": {
            "name": model.name,
            "fingerprint": identity(model),
            "dtype": str(model.dtype).removeprefix("torch."),
            "device": model.device.type,
            "edits": list(model.edits),
        },
        "prompts": {"name": prompts.name, "sha256": prompts.sha256, "rows": len(prompts.rows)},
        "rows_per_part": rows_per_part,
        "parts": parts,
        "versions": {name: importlib.metadata.version(name) for name in _VERSIONED},
    }


def claim(folder: Path, manifest: Manifest) -> None:
    """Make a folder that of a study: write its manifest, unless it is there already.

    Raises:
        InputError: the folder is of another study or holds something else, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise InputError(f"Cannot use {folder} as the folder of a study: {error.strerror}.") from error
    if _NAME in found:
        check_same(folder, read_manifest(folder), manifest)
    elif found:
        raise InputError(
            f"{folder} holds {found[0]} and no {_NAME}: it is no folder of a study.\nName a new or an empty folder."
        )
    else:
        write_file(folder / _NAME, json.dumps(manifest, indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder.

    Raises:
        InputError: there is none, or it is damaged.
    """
    try:
        found = parse_json((folder / _NAME).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{folder} has no {_NAME}: it is no folder of a study ({error.strerror}).") from error
    except ValueError as error:
        raise InputError(f"{folder / _NAME} is damaged ({error}).\nName a new folder, or restore the file.") from error
    if not isinstance(found, dict) or found.get("schema") != _SCHEMA:
        raise InputError(f"{folder / _NAME}: expected the schema {_SCHEMA}; another version of unembed wrote it.")
    return found


def check_same(folder: Path, there: Manifest, wanted: Manifest) -> None:
    """Refuse a folder of another study.

    Raises:
        InputError: its numbers depend on something else.
    """
    for key, said in _SAID.items():
        if _compared(there, key) != _compared(wanted, key):
            raise InputError(
                f"{folder} is of another study: {said} was {_short(there, key)} there, and is {_short(wanted, key)}.\n"
                "Name another folder, or ask as it was asked."
            )


def _compared(manifest: Manifest, key: str) -> Any:
    """What counts: a model by its fingerprint, prompts by their checksum, whatever they are called."""
    value = manifest.get(key)
    kept = {"model": ("fingerprint", "dtype", "device", "edits"), "prompts": ("sha256", "rows")}.get(key)
    return {name: value.get(name) for name in kept} if kept and isinstance(value, dict) else value


def _short(manifest: Manifest, key: str) -> str:
    value = manifest.get(key)
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{name} {str(each)[:12]}" for name, each in value.items() if each not in (None, []))
