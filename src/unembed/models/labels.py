"""How a token's text is shown and read back: all of it can be seen, and none of it acts as an escape.

This module needs neither a model nor torch, so that every view can use it.
"""

import re
import unicodedata

_SHOWN = {" ": "·", "\n": "↵", "\t": "⇥"}
# Controls, formats (zero-width, right-to-left), surrogates, unassigned (in this Unicode), private, separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp", "Zs"}
# Letters, marks and symbols that draw nothing: Unicode's Default_Ignorable_Code_Point, and Braille without dots.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]{1,6})\}")
_PYTHON_ESCAPE = re.compile(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}")
_LOOKS_SHOWN = re.compile(rf"[{''.join(_SHOWN.values())}]|\\(?=u[0-9a-fA-F]{{4}}|u\{{[0-9a-fA-F]{{1,6}}\}})")

_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal may obey instead of show: controls (ESC, CSI, OSC, BEL, CR), marks of direction; and surrogates."""


def harmless(text: str) -> str:
    """Text of anyone's making as a terminal may be given it: what would act on it is a sign that stands for it.

    Each character gives one, so that widths and places stay: ESC is `␛`. Line ends and tabs are left.
    """
    return _ACTING.sub(lambda found: _sign(ord(found[0])), text)


def _sign(code: int) -> str:
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"


def harmless_json(text: str) -> str:
    """JSON of the same meaning, in which what would act on a terminal is escaped."""
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def visible(text: str) -> str:
    """A token as it is shown: all of it can be seen, and none of it acts as an escape."""
    return "".join(map(_visible, text)) or "''"


def _visible(c: str) -> str:
    if c in _SHOWN:
        return _SHOWN[c]
    return _code_point(c) if unicodedata.category(c) in _HIDDEN or _BLANK.match(c) else c


def _code_point(c: str) -> str:
    return f"\\u{ord(c):04x}" if ord(c) < 0x10000 else f"\\u{{{ord(c):x}}}"


def unescaped(text: str) -> str:
    """The text that `visible` shows so; characters that are shown as they are stay escaped, as names have them."""

    def of(found: re.Match[str]) -> str:
        code = int(found[1] or found[2], 16)
        c = chr(min(code, 0x10FFFF))
        return c if c in _SHOWN or _visible(c) == found[0].lower() else found[0]

    for c, shown in _SHOWN.items():
        text = text.replace(shown, c)
    return _ESCAPE.sub(of, text)


def from_ascii(text: str) -> str:
    """The text that a terminal of ASCII only shows so: `_` for a space, and Python's escapes."""
    return _PYTHON_ESCAPE.sub(lambda found: chr(min(int(found[0][2:], 16), 0x10FFFF)), text.replace("_", " "))


def escaped(text: str) -> str:
    """`text` without characters that `visible` writes for others: a literal `·` becomes `\\u00b7`."""
    if text.isascii() and "\\" not in text:  # most of a vocabulary, of which every token is named
        return text
    return _LOOKS_SHOWN.sub(lambda found: _code_point(found[0]), text)
