"""How a token's text is shown: all of it can be seen, and none of it acts as an escape.

This module needs neither a model nor torch, so that every view can use it.
"""

import re
import unicodedata

_SHOWN = {" ": "·", "\n": "↵", "\t": "⇥"}
# Controls, formats (zero-width, right-to-left), surrogates, unassigned (in this Unicode), private, separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp", "Zs"}
# Letters, marks and symbols that draw nothing: Unicode's Default_Ignorable_Code_Point, and Braille without dots.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def visible(text: str) -> str:
    """A token as it is shown: all of it can be seen, and none of it acts as an escape."""
    return "".join(map(_visible, text)) or "''"


def _visible(c: str) -> str:
    if c in _SHOWN:
        return _SHOWN[c]
    return _code_point(c) if unicodedata.category(c) in _HIDDEN or _BLANK.match(c) else c


def _code_point(c: str) -> str:
    return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\u{{{ord(c):x}}}"
