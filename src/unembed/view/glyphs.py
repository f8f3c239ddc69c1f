"""Glyphs: how tokens and numbers are written, bars, and what stands for them where only ASCII can be shown.

The page writes by the same rule (explorer/src/lib/format.ts); one table of cases is tested in both languages.

- **Sign.** The minus is `−` (U+2212), as wide as the plus. What rounds to zero has no sign: `+0.01`, `0.00`, `−0.01`.
- **Number.** A fixed count of decimals, halves rounded away from zero; scientific from a million on. `NaN` and `∞` are
  written as such. An exponent is written as programs write it: `4e-06`.
- **Probability.** In per cent, with no space: one decimal, or two below 0.1%. It is never written as 0% or 100%, since
  a softmax gives neither, and a float that says so has been rounded: `<0.01%`, `0.04%`, `77.3%`, `>99.9%`. That of a
  whole answer is told where it is smaller: `1.4e-07`.
- **Share.** Of a count or a sum, so that it may be none, all or more: one decimal, `0.0%`, `41.2%`, `100.0%`.
- **Token.** A space is `·`, a line end `↵`, a tab `⇥`, no text `''`. A character that would not be seen, or that would
  act on the text around it, is its code point: `\\u200b`, and `\\u{e0001}` where that has more than four digits.
  In a sentence what is nothing but white space is said: a space, 2 line breaks.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from unembed.models.labels import visible as visible

_EIGHTHS = " ▏▎▍▌▋▊▉"
_LARGE = 1e6


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
            "↵": "\\u000a",
            "⇥": "\\u0009",
            "−": "-",
            "✓": "ok",
            "Δ": "error",
            "▀": "^",
            "…": "...",
            "∞": "inf",
            "–": "-",
            "±": "+-",
            "●": "*",
            "○": "o",
            "▸": ">",
        }
        swapped = "".join(swap.get(c, c) for c in text)
        return swapped.encode("ascii", "backslashreplace").decode()

    def bar(self, value: float, largest: float, width: int) -> str:
        """A bar for |value| on a scale where `largest` fills `width`.

        The sign shows in the fill, of the shortest bar too: what is positive is solid and ends in eighths of a cell,
        what is negative is shaded and ends in a half. In ASCII a bar shorter than half a cell is not drawn.
        """
        eighths = 0 if largest <= 0 else round(8 * width * min(1.0, abs(value) / largest))
        whole, rest = divmod(eighths, 8)
        if self.ascii:
            return ("#" if value >= 0 else "=") * (whole + (rest >= 4))
        if value < 0:
            return "▒" * whole + ("░" if rest else "")
        return "█" * whole + (_EIGHTHS[rest] if rest else "")

    def shade(self, share: float) -> str:
        """One character for a share in [0, 1]."""
        ramp = " .:=#" if self.ascii else " ░▒▓█"
        return ramp[min(4, int(5 * max(0.0, share)))]


_BLANKS = {" ": "space", "\n": "line break", "\t": "tab"}


def blank(text: str) -> str | None:
    """A token of nothing but white space, in words: a space, 2 line breaks; None for all others."""
    name = _BLANKS.get(text[:1])
    if name is None or text.strip(text[0]):
        return None
    return f"a {name}" if len(text) == 1 else f"{len(text)} {name}s"


def decimal(value: float, digits: int = 2) -> str:
    """A number with a fixed count of decimals: 17.37, −1.86."""
    return _written(value, digits, "")


RESOLVED = 0.005
"""In logits: what two decimals tell from 0. What a 16-bit run rounded is shown from here on."""


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign: +3.43, −1.12, 0.00."""
    return _written(value, digits, "+")


def _written(value: float, digits: int, plus: str) -> str:
    size = abs(value)
    if not size < _LARGE:
        return scientific(value, digits, plus=plus)
    # Decimal takes a float as it is, so that a half is a half in both languages; formats of floats round it to even.
    text = f"{Decimal(size).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"
    return _sign(value, plus) + text if float(text) else text


def scientific(value: float, digits: int = 0, *, plus: str = "") -> str:
    """A number of any size with one digit and `digits` decimals: 4e-06. `plus` stands before a positive one."""
    if math.isnan(value):
        return "NaN"
    if value == 0:
        return "0"
    size = abs(value)
    rounded = Context(prec=digits + 1, rounding=ROUND_HALF_UP).create_decimal(size)
    return _sign(value, plus) + ("∞" if math.isinf(size) else f"{float(rounded):.{digits}e}")


def _sign(value: float, plus: str) -> str:
    return "−" if value < 0 else plus


def percent(probability: float) -> str:
    """A probability for reading: 77.2%, 0.04%, <0.01%, >99.9%."""
    if probability < 1e-4:
        return "<0.01%"
    text = decimal(100 * probability, 1 if probability >= 1e-3 else 2)
    return ">99.9%" if text == "100.0" else f"{text}%"


def whole_chance(probability: float, log_probability: float) -> str:
    """The probability of a whole answer, which may be too small for per cent and for a float: 1.7%, 1e-07, 10^−412."""
    if probability >= 1e-4:
        return percent(probability)
    return scientific(probability, 1) if probability > 0 else f"10^{decimal(log_probability / math.log(10), 0)}"


def share(part: float) -> str:
    """A share for reading, which may be none, all or more: 0.0%, 41.2%, 100.0%."""
    return f"{decimal(100 * part, 1)}%"


def between(before: float, after: float, link: str = "→") -> str:
    """Two probabilities for reading in a narrow column: 77→15%, 6.5→3.1%, 68→<1%, 2e-06→9e-07, 99.98→99.91%.

    As many decimals as a column needs, and more (up to four) where the odds differ and these would not show it.
    """
    largest = max(before, after)
    if largest < 5e-5:
        return f"{scientific(before)}{link}{scientific(after)}"
    least = 0 if largest >= 0.1 else 1 if largest >= 0.01 else 2
    one, other = _resolved(before, after, least)
    return f"{one}{link}{other}%"


def told(before: float, after: float) -> tuple[str, str]:
    """Two probabilities in a sentence, as `percent` writes them, and with more decimals where `between` takes more."""
    if max(before, after) < 1e-4:
        return scientific(before, 1), scientific(after, 1)
    one, other = percent(before), percent(after)
    if not _apart(before, after) or (one != other and not _near_one(before, after)):
        return one, other
    finer, too = _resolved(before, after, 2)
    return f"{finer}%", f"{too}%"


def _resolved(before: float, after: float, digits: int) -> tuple[str, str]:
    """Per cent with at least so many decimals, and with up to four to tell different odds apart."""
    while digits < 4 and _apart(before, after) and not _told_apart(before, after, digits):
        digits += 1
    return _hundredths(before, digits), _hundredths(after, digits)


def _hundredths(probability: float, digits: int) -> str:
    """Per cent; what would be written as 0 or 100 and is not, as less than one, or more than all but one, unit."""
    text, unit = decimal(100 * probability, digits), 10**-digits
    if 0 < probability < 1 and float(text) in (0.0, 100.0):
        return f">{decimal(100 - unit, digits)}" if float(text) else f"<{decimal(unit, digits)}"
    return text


def _told_apart(before: float, after: float, digits: int) -> bool:
    one, other = _hundredths(before, digits), _hundredths(after, digits)
    return one != other and not (_near_one(before, after) and ">" in one + other)


def _near_one(before: float, after: float) -> bool:
    return min(before, after) > 0.99


def _apart(one: float, other: float) -> bool:
    """Whether the odds differ by a tenth or more: enough to be worth a word."""
    low, high = sorted((one, other))
    return high * (1 - low) > 1.1 * low * (1 - high)
