"""What was printed, compared with what a page shows: the same words, and numbers equal up to what is shown of them."""

import re

import pytest

NUMBER = re.compile(r"(?<![\w.])[+\-−]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+\-]?\d+)?")
BAR = re.compile("[█▉▊▋▌▍▎▏▒░]+")


def assert_same(found: str, shown: str) -> None:
    """Equal texts, and equal numbers up to 0.02 or one unit of the last digit shown; bars and spaces do not count."""
    found_lines, shown_lines = ([x for x in text.splitlines() if x.strip()] for text in (found, shown))
    assert len(found_lines) == len(shown_lines), f"found:\n{found}\nshown:\n{shown}"
    for one, other in zip(found_lines, shown_lines, strict=True):
        assert words(one) == words(other)
        for a, b in zip(NUMBER.findall(one), NUMBER.findall(other), strict=True):
            assert value(a) == pytest.approx(value(b), abs=max(0.02, last_digit(b)) * 1.001, rel=0), f"{one}\n{other}"


def words(line: str) -> list[str]:
    """A line without its numbers and bars."""
    return BAR.sub("", NUMBER.sub("#", line)).split()


def value(number: str) -> float:
    """The number that a text shows."""
    return float(number.replace("−", "-"))


def last_digit(number: str) -> float:
    """One unit of the last digit shown; 0 for a whole number, which must be the same."""
    digits, _, exponent = number.partition("e")
    decimals = len(digits.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals) if decimals or exponent else 0.0
