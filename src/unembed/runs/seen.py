"""Seen: what a hook will have seen."""

from typing import Generic, TypeVar

_T = TypeVar("_T")


class Seen(Generic[_T]):
    """What a hook will have seen once the model has run."""

    def __init__(self, first: bool = False) -> None:
        self.first = first
        """Whether of several calls the first one counts, and not the last."""
        self.or_none: _T | None = None
        """None where the module was not watched, or did not run."""

    def put(self, value: _T) -> None:
        """What the hook saw."""
        if not self.first or self.or_none is None:
            self.or_none = value

    @property
    def value(self) -> _T:
        """What was surely seen."""
        assert self.or_none is not None
        return self.or_none
