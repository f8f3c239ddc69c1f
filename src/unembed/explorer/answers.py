"""Answers: what a session answered last, so that a page that is loaded again is answered at once.

An answer is kept as the text of its JSON, under its ask with every field. What is kept is bounded by number and size.
"""

from collections import OrderedDict

_MOST = 512
"""Answers that are kept."""
_SIZE = 64_000_000
"""Characters of their JSON and of their asks; an answer of more than a quarter of that is not kept."""


class Answers:
    """The JSON of the answers that were used last. One thread uses it at a time."""

    def __init__(self, most: int = _MOST, size: int = _SIZE) -> None:
        self._most, self._size = most, size
        self._kept: OrderedDict[str, str] = OrderedDict()
        self._used = 0

    def find(self, asked: object) -> str | None:
        """The answer to an ask, which is known by its `repr`."""
        key = repr(asked)
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, asked: object, text: str) -> None:
        """Keep an answer that is not kept yet, and let go of those that were not used for longest."""
        key = repr(asked)
        if len(key) + len(text) > self._size // 4:
            return
        self._kept[key] = text
        self._used += len(key) + len(text)
        while self._used > self._size or len(self._kept) > self._most:
            self._used -= sum(map(len, self._kept.popitem(last=False)))

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()
        self._used = 0
