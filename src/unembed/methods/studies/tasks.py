"""Tasks: what a study asks of each prompt, and the columns of its answer.

Every answer has `target`, `target_id`, `logit` and `probability` beside columns of its own (columns.py), which are
lists with one entry a part, a layer or a word. Each is what the method of the same name says of that prompt
(answers.py); `explain` without its tests, and that alone, takes prompts of one length together: one forward for all of
them, and a ledger of each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from unembed.errors import InputError
from unembed.ledger.ledger import Grain
from unembed.methods.prompt_sets import OVER_A_SET
from unembed.methods.studies import answers, columns
from unembed.methods.studies.answers import Answer
from unembed.methods.studies.asked import Asked
from unembed.models.model import Model
from unembed.models.refusals import NEED_OF, needed

if TYPE_CHECKING:
    import polars as pl

_UNITS = ("token", "word", "sentence", "line", "turn")
_HOWS = ("zero", *OVER_A_SET)
_OWN: Any = None
"""An option that is left out: what is done has its own default."""


@dataclass(frozen=True)
class Task:
    """What is asked of every prompt. An option that is not read by what is done is refused; one left out takes the
    default of what is done."""

    do: str = "explain"
    """"explain", "words", "heads", "lens", "ablate", "knowledge", "patch" or "circuit"."""
    by: str = _OWN
    """Granularity of the ledger of `explain`, as in `decompose` ("head"); the units of `words` ("word")."""
    test: bool = _OWN
    """Whether `explain` also zeroes every head and sublayer, and takes each word away (it does)."""
    site: str = _OWN
    """Which parts `ablate` and `patch` change ("head")."""
    reference: str = _OWN
    """Of `explain` and `heads`, as in `readout` ("mean")."""
    how: str = _OWN
    """What `ablate` and `heads` set parts to: "zero" by default; "mean-position" and "resample" by the data set."""
    size: float = _OWN
    """Of `circuit`, as a share of all edges (0.01)."""

    def __post_init__(self) -> None:
        if self.do not in _KINDS:
            raise InputError(f"Expected a study to do one of {', '.join(_KINDS)}; found {self.do!r}.")
        for field in fields(self)[1:]:
            if getattr(self, field.name) is None:
                object.__setattr__(self, field.name, self.kind.options.get(field.name))
            elif field.name not in self.kind.options:
                who = ", ".join(name for name, kind in _KINDS.items() if field.name in kind.options)
                raise InputError(f"A study that does {self.do} takes no `{field.name}`: it is an option of {who}.")
        self._check_values()

    def _check_values(self) -> None:
        """Refuse a value that what is done does not know."""
        if self.do == "explain":
            Grain.parse(self.by)
        if self.do == "words" and self.by not in _UNITS:
            raise InputError(f"Expected words by {', '.join(_UNITS)}; found {self.by!r}.")
        if self.reference not in (None, "mean", "raw"):
            raise InputError(f"Expected a reference of mean or raw, found {self.reference!r}.")
        if self.how not in (None, *_HOWS):
            raise InputError(f"Expected parts to be set by {', '.join(_HOWS)}; found {self.how!r}.")
        if self.size is not None and not 0 < self.size <= 1:
            raise InputError(f"Expected a size above 0 and up to 1, the share of all edges, found {self.size}.")

    @property
    def kind(self) -> "Kind":
        """What it is made of."""
        return _KINDS[self.do]

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that a file must have."""
        return ("corrupt",) if self.how == "resample" else self.kind.needs

    @property
    def over_a_set(self) -> bool:
        """Whether parts are set by what they do over all prompts."""
        return self.how in OVER_A_SET

    @property
    def together(self) -> bool:
        """Whether prompts of one length share a forward."""
        return self.do == "explain" and not self.test

    @property
    def options(self) -> dict[str, Any]:
        """The choices that its numbers depend on."""
        return {name: getattr(self, name) for name in ("do", *self.kind.options)}

    def check(self, model: Model) -> None:
        """Refuse what this model cannot be asked, before any prompt is.

        Raises:
            InputError: parts of it cannot be changed, and the task changes some.
        """
        needed(model, f"A study that does {self.do}", NEED_OF.get(self.do, "changes"))


@dataclass(frozen=True)
class Kind:
    """A kind of task: the columns it adds, the options it reads with their defaults, and how it asks one prompt."""

    columns: Callable[[], "dict[str, pl.DataType]"]
    options: Mapping[str, Any]
    ask: Callable[[Model, Asked, Task], Answer]
    needs: tuple[str, ...] = ()
    """Columns that a file must have."""


_KINDS: dict[str, Kind] = {
    "explain": Kind(columns.explain_columns, {"by": "head", "test": True, "reference": "mean"}, answers.ask_explain),
    "words": Kind(columns.word_columns, {"by": "word"}, answers.ask_words),
    "heads": Kind(columns.heads_columns, {"reference": "mean", "how": "zero"}, answers.ask_heads),
    "lens": Kind(columns.lens_columns, {}, answers.ask_lens),
    "ablate": Kind(columns.ablate_columns, {"site": "head", "how": "zero"}, answers.ask_ablate),
    "knowledge": Kind(columns.knowledge_columns, {}, answers.ask_knowledge),
    "patch": Kind(columns.patch_columns, {"site": "head"}, answers.ask_patch, needs=("corrupt",)),
    "circuit": Kind(
        columns.circuit_columns, {"size": 0.01}, answers.ask_circuit, needs=("corrupt", "target", "versus")
    ),
}
"""By the word that a study is told to do."""
assert {name for kind in _KINDS.values() for name in kind.options} == {field.name for field in fields(Task)[1:]}
OPTIONS = tuple(field.name for field in fields(Task)[1:])
"""What may be chosen beside what is done."""
