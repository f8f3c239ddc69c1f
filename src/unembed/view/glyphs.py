"""Glyphs: tokens made visible, numbers, bars, and what stands for them where only ASCII can be shown."""

import unicodedata
from dataclasses import dataclass

_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class Glyphs:
    """The characters a terminal can show."""

    ascii: bool = False

    def plain(self, text: str) -> str:
        """`text`, or its nearest ASCII."""
        if not self.ascii:
            return text
        swap = {
            "│": "|",
            "─": "-",
            "→": "->",
            "←": "<-",
            "·": "_",
            "−": "-",
            "✓": "ok",
            "Δ": "error",
            "▀": "^",
            "…": "...",
            "–": "-",
            "●": "*",
            "○": "o",
        }
        swapped = "".join(swap.get(c, c) for c in text)
        return swapped.encode("ascii", "backslashreplace").decode()

    def bar(self, value: float, largest: float, width: int) -> str:
        """A bar for |value| on a scale where `largest` fills `width`; the sign shows in the fill."""
        eighths = 0 if largest <= 0 else round(8 * width * min(1.0, abs(value) / largest))
        whole, rest = divmod(eighths, 8)
        if self.ascii:
            return ("#" if value >= 0 else "=") * (whole + (rest >= 4))
        return ("█" if value >= 0 else "▒") * whole + (_EIGHTHS[rest] if rest else "")

    def shade(self, share: float) -> str:
        """One character for a share in [0, 1]."""
        ramp = " .:=#" if self.ascii else " ░▒▓█"
        return ramp[min(4, int(5 * max(0.0, share)))]


def visible(text: str) -> str:
    """A token as it is shown: spaces as ·, line ends as ↵, everything that would not show or would act as an escape."""
    return "".join(_visible(c) for c in text) or "''"


def _visible(c: str) -> str:
    if c == " ":
        return "·"
    if c == "\n":
        return "↵"
    if c == "\t":
        return "⇥"
    # Controls, formats (zero-width, right-to-left), surrogates, unassigned, private, separators.
    if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp", "Zs"):
        return f"\\u{ord(c):04x}"
    return c


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, the minus as wide as the plus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def percent(probability: float) -> str:
    """A probability for reading: 77.2%, 0.04%, <0.01%."""
    if 0 < probability < 1e-4:
        return "<0.01%"
    return f"{100 * probability:.1f}%" if probability >= 1e-3 else f"{100 * probability:.2f}%"


def between(before: float, after: float, link: str = "→") -> str:
    """Two probabilities for reading: 77→15%, 6.5→3.1%, 0.04→0.02%, 2e-06→9e-07."""
    largest = max(before, after)
    if largest < 5e-5:
        return f"{before:.0e}{link}{after:.0e}"
    digits = 0 if largest >= 0.1 else 1 if largest >= 0.01 else 2
    return f"{100 * before:.{digits}f}{link}{100 * after:.{digits}f}%"
