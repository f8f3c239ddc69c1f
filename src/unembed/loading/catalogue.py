"""The catalogue: which models are on this machine, and what would be a name of one."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unembed.errors import ModelError
from unembed.loading import embedded
from unembed.loading.converted import converted, intact, manifest
from unembed.loading.folders import checked, has_tokenizer, size_of
from unembed.loading.shipped import PREFIX, SHIPPED, toy_folder

HUB_FILES = [
    "model.safetensors",
    "model-*.safetensors",
    "*.json",
    "*.txt",
    "*.model",
    "*.spm",
    "*.tiktoken",
    "*.jinja",
]
"""What is fetched of a model on the hub: weights, and by their endings whatever configures a model, its tokenizer or
its processor (`preprocessor_config.json`, `source.spm`, `sentencepiece.bpe.model`, `chat_template.jinja`)."""

HUB_TEMPLATES = "additional_chat_templates/*.jinja"
"""What is fetched of folders inside it: chat templates that go by a name."""


@dataclass(frozen=True)
class Entry:
    """One model that is here, or that could be fetched."""

    name: str
    kind: Literal["embedded", "toy", "gguf", "hub"]
    state: str
    """`ready`, or what is missing and what happens about it."""
    path: Path | None
    """The folder to load from, None while there is none."""
    bytes: int | None
    """What it takes on disk, or what would be downloaded."""
    fetch: str
    """The command that fetches it, empty when nothing needs to be."""
    licence: str
    """Empty when unknown."""


def catalogue() -> list[Entry]:
    """The embedded model, the toys, the GGUF files converted so far and the models in the Hugging Face cache."""
    return [_embedded_entry(), *_toy_entries(), *_gguf_entries(), *_hub_entries()]


def _toy_entries() -> Iterator[Entry]:
    for toy in SHIPPED:
        folder = toy_folder(toy)
        yield Entry(PREFIX + toy, "toy", "ready", folder, size_of(folder), "", "Apache-2.0")


def _embedded_entry() -> Entry:
    folder = converted(embedded.SHA256)
    if intact(folder):
        return Entry(embedded.NAME, "embedded", "ready", folder, size_of(folder), "", embedded.LICENCE)
    installed = embedded.embedded_file() is not None
    state = "installed, converts on first use" if installed else "not installed"
    if folder.exists():
        state = "damaged, converts again on next use" if installed else "damaged"
    command = "" if installed else embedded.FETCH
    return Entry(embedded.NAME, "embedded", state, None, embedded.BYTES, command, embedded.LICENCE)


def _gguf_entries() -> Iterator[Entry]:
    own = converted(embedded.SHA256)
    for folder in sorted(own.parent.glob("[!.]*")):
        said = manifest(folder)
        if said is None or folder == own:
            continue
        ready = intact(folder)
        state = "ready" if ready else "damaged, converts again on next use"
        yield Entry(said["source"], "gguf", state, folder if ready else None, size_of(folder), "", said["licence"])


def _hub_entries() -> Iterator[Entry]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        repositories = scan_cache_dir().repos
    except CacheNotFound:
        return
    for repository in sorted(repositories, key=lambda repository: repository.repo_id):
        if repository.repo_type == "model":
            path, name = cached(repository.repo_id), repository.repo_id
            state, command = ("ready", "") if path else ("incomplete", f"unembed models fetch {name}")
            yield Entry(name, "hub", state, path, repository.size_on_disk, command, "")


def cached(name: str) -> Path | None:
    """The model's folder in the Hugging Face cache; None unless it is whole."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, allow_patterns=HUB_FILES, ignore_patterns="*/*", local_files_only=True))
        return checked(folder) if has_tokenizer(folder) else None
    except (HFValidationError, LocalEntryNotFoundError, ModelError):
        return None


def unknown(name: str, why: str) -> str:
    """What is said of a name that no model has, with the names that are close."""
    import difflib

    close = difflib.get_close_matches(name, [entry.name for entry in catalogue() if entry.kind != "gguf"])
    hint = f"Did you mean {' or '.join(close)}?" if close else "`unembed models` lists what is there."
    return f"Cannot find the model {name!r}: it is no known name, folder or GGUF file, and {why}. {hint}"
