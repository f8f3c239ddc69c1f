"""Asked: a row of a study as a question: token ids, and where it is asked."""

from dataclasses import dataclass
from typing import Any

from unembed.errors import InputError
from unembed.methods.prompt_sets import PromptSet
from unembed.methods.studies.prompt_files import Row
from unembed.models.model import Model
from unembed.models.reprs import Brief
from unembed.runs.prompted import prompt_of


@dataclass(frozen=True, repr=False)
class Asked(Brief):
    """One row as a question: token ids, and where it is asked."""

    number: int
    row: Row
    tokens: tuple[int, ...]
    place: int
    among: PromptSet | None = None
    """The data set that parts are set by, where they are."""

    @property
    def prompt(self) -> Any:
        """As it was given."""
        return self.row["prompt"]

    @property
    def length(self) -> int:
        """Of the prompt, in tokens."""
        return len(self.tokens)

    def words(self, *names: str) -> dict[str, Any]:
        """Some of the row's choices as keywords; empty cells are left out."""
        return {name: self.row[name] for name in names if self.row.get(name) is not None}


def asked(model: Model, number: int, row: Row) -> Asked:
    """A row as a question.

    Raises:
        InputError: it has no prompt, one that the model cannot read, or a blank too few.
    """
    given = row.get("prompt")
    if given is None or isinstance(given, bool | int | float):
        raise InputError(f"Expected a prompt as text or token ids, found {'none' if given is None else repr(given)}.")
    for name in ("target", "versus", "answer"):
        if isinstance(row.get(name), bool | float | dict):
            raise InputError(f"Expected {name} as text or a token id, found {row[name]!r}.")
    prompt = prompt_of(model, given)
    return Asked(number, row, prompt.tokens, prompt.place())
