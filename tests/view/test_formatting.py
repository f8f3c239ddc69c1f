"""Tokens and numbers as they are written: the cases of formatting.json, which the tests of the page read as well."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unembed.view.glyphs import Glyphs, between, blank, decimal, percent, scientific, share, signed, told, visible

CASES = json.loads(Path(__file__).with_name("formatting.json").read_text(encoding="utf-8"))
NUMBERS = {"decimal": decimal, "signed": signed, "scientific": scientific, "percent": percent, "share": share}


def cases() -> Iterator:
    for name, write in NUMBERS.items():
        for case in CASES[name]:
            digits = {"digits": case["digits"]} if "digits" in case else {}
            yield pytest.param(write, case["value"], digits, case["text"], id=f"{name}-{case['text']}")


@pytest.mark.parametrize(("write", "value", "digits", "text"), list(cases()))
def test_a_number_is_written_as_the_table_says(write, value, digits, text):
    assert write(float(value), **digits) == text


@pytest.mark.parametrize("case", CASES["visible"], ids=[case["text"] for case in CASES["visible"]])
def test_a_token_is_written_as_the_table_says(case):
    assert visible(case["value"]) == case["text"]


@pytest.mark.parametrize("case", CASES["blank"], ids=[str(case["text"]) for case in CASES["blank"]])
def test_white_space_is_said_in_words(case):
    assert blank(case["value"]) == case["text"]


def test_half_a_surrogate_pair_is_written_as_its_code():
    # No table of cases in JSON can hold one that every parser takes.
    assert visible("a\ud83d") == "a\\ud83d"


@given(st.floats(-9e5, 9e5), st.integers(0, 4))
def test_a_number_reads_back_within_half_a_digit(value, digits):
    text = signed(value, digits)
    read = float(text.replace("−", "-"))
    assert abs(read - value) <= 0.5 * 10**-digits * (1 + 1e-9)
    assert (text[0] in "+−") == (read != 0)


@pytest.mark.parametrize("case", CASES["told"], ids=["-".join(case["texts"]) for case in CASES["told"]])
def test_two_probabilities_are_told_as_the_table_says(case):
    assert list(told(case["before"], case["after"])) == case["texts"]


@given(st.floats(1e-3, 1 - 1e-3), st.floats(-3, 3))
def test_odds_that_differ_are_written_differently(p, nats):
    odds = p / (1 - p) * math.exp(nats)
    after = odds / (1 + odds)
    if abs(nats) > 0.1:
        assert len(set(told(p, after))) == 2
        assert len(set(between(p, after).rstrip("%").split("→"))) == 2


def test_two_probabilities_in_a_narrow_column():
    assert between(0.9995, 0.9985) == "99.95→99.85%"
    assert between(0.684, 0.0003) == "68→<1%"
    assert between(0.99999, 0.5) == ">99→50%"
    assert between(0.973, 0.972) == "97→97%", "odds that hardly differ need no more decimals"
    assert between(0.773, 0.147) == "77→15%"
    assert between(0.065, 0.031) == "6.5→3.1%"
    assert between(0.004, 0.002) == "0.40→0.20%"
    assert between(0.0, 1.0) == "0→100%"
    assert between(2e-6, 9e-7) == "2e-06→9e-07"
    assert between(0.0, 0.0) == "0→0"
    assert between(0.704, 0.81, "–") == "70–81%"


def test_what_only_ascii_can_show():
    assert Glyphs(ascii=True).plain(f"{signed(-1.5)} {scientific(float('-inf'))}") == "-1.50 -inf"
