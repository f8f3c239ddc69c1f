"""How long work reports itself: a callback, so that the library never prints."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""`progress(stage, fraction)`: `stage` names what runs now, `fraction` in [0, 1] is the share of it that is done."""


def silent(stage: str, fraction: float) -> None:
    """The default: report nothing."""
