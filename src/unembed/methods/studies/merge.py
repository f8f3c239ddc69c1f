"""merge: the parts that shares of one study made in folders of their own, in one folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unembed.errors import InputError
from unembed.files import write_file
from unembed.methods.studies.manifest import Manifest, check_same, claim, read_manifest
from unembed.methods.studies.parts import name_of, read_parts
from unembed.models.reprs import Brief


@dataclass(frozen=True, repr=False)
class Merged(Brief):
    """A folder with what is there of a study. Made by `merge`."""

    folder: Path
    manifest: Manifest
    answered: int
    """Rows that are there."""
    failures: int
    """Of these, with an error."""
    missing: tuple[int, ...]
    """Parts that no folder has."""

    def _found(self) -> str:
        return f"{self.answered} of {self.manifest['prompts']['rows']} rows in {self.folder}"


def merge(out: str | Path, folders: Sequence[str | Path]) -> Merged:
    """Put the parts of several folders of one study into one; a part that several have is taken once.

    Raises:
        InputError: no folders, one of another study, or a part that cannot be read or written.
    """
    if not folders:
        raise InputError("Expected the folders that are merged, after the one that they are merged into.")
    sources, target = [Path(folder).expanduser() for folder in folders], Path(out).expanduser()
    manifest = read_manifest(sources[0])
    for folder in sources[1:]:
        check_same(folder, read_manifest(folder), manifest)
    claim(target, manifest)
    for index in range(manifest["parts"]):
        path = next((folder / name_of(index) for folder in sources if (folder / name_of(index)).exists()), None)
        if path is not None and not (target / path.name).exists():
            write_file(target / path.name, path.read_bytes())
    return _there(target)


def _there(folder: str | Path) -> Merged:
    """What is there of the study in a folder.

    Raises:
        InputError: it is of no study, or a part cannot be read.
    """
    folder = Path(folder).expanduser()
    manifest = read_manifest(folder)
    errors = [part["error"] for part in read_parts(folder, manifest, ["error"])]
    missing = tuple(index for index in range(manifest["parts"]) if not (folder / name_of(index)).exists())
    failures = sum(len(each) - each.null_count() for each in errors)
    return Merged(folder, manifest, sum(map(len, errors)), failures, missing)
