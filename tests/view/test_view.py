"""The terminal view: its numbers add up as shown, and nothing in a token can act on the terminal."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from unembed.view.glyphs import Glyphs, between, decimal, percent, signed, visible
from unembed.view.payloads import payload_of
from unembed.view.payloads.explanation import explain_payload
from unembed.view.payloads.sentence import plain, sentence_of
from unembed.view.terminal.explanation import explain_lines
from unembed.view.terminal.paper import Paper, cell
from unembed.view.terminal.patching import patch_lines

PROMPT = "the capital of France is"


@pytest.fixture(scope="module")
def model():
    return unembed.wrap(build("gpt2", layers=4), make_tokenizer())


def shown(model, **how) -> list[str]:
    result = unembed.explain(model, how.pop("prompt", PROMPT), **how)
    return [line.plain for line in explain_lines(explain_payload(result), Paper())]


def numbers(lines: list[str]) -> list[float]:
    return [float(n.replace("−", "-")) for line in lines for n in re.findall(r"[+−]\d+\.\d\d\b", line)]


@pytest.mark.crossed(1)
@pytest.mark.parametrize("by", ["sublayer", "head", "source", "neuron", "source+neuron"])
@pytest.mark.parametrize("how", [{}, {"reference": "raw"}, {"versus": "Rome", "target": "Paris"}])
def test_what_is_shown_sums_to_the_total_that_is_shown(model, by, how):
    lines = shown(model, by=by, **how)
    start = next(i for i, line in enumerate(lines) if line.startswith(" WHY"))
    end = next(i for i, line in enumerate(lines) if " total " in line)
    terms, total = numbers(lines[start + 1 : end]), numbers([lines[end]])[0]
    assert len(terms) >= 9
    assert sum(terms) == pytest.approx(total, abs=0.005 * (len(terms) + 1))
    assert "= model ✓" in lines[end]


def tables(lines: list[str]) -> list[str]:
    """The rows of the heads and neurons."""
    start = next(i for i, line in enumerate(lines) if line.startswith(" HEADS"))
    return [line for line in lines[start:] if re.match(r" [ ▸]L\d+\.", line)]


@pytest.mark.parametrize("family", ["gpt2", "gpt_oss"])
def test_each_part_shows_its_tests(family):
    model = unembed.wrap(build(family), make_tokenizer())
    result = unembed.explain(model, PROMPT, swap=("France", "Rome"))
    lines = [line.plain for line in explain_lines(explain_payload(result), Paper())]
    assert max(cell_len(line.rstrip()) for line in lines) <= 100
    notes = (*result.heads, *result.neurons)
    for line, note in zip(tables(lines), notes, strict=True):
        base, effect = result.target.probability, note.zeroed.effect
        assert line[2:].split()[0] == note.term.label
        assert (line[1] == "▸") == (note.term.part == result.answer.part and result.answer.zeroed is not None)
        mark = "○" if "ordinary" in (effect.verdict, effect.size) or effect.size == "none" else "●"
        words = effect.size if effect.verdict is None else f"{effect.size} {effect.verdict}"
        assert between(base, note.zeroed.probability) in line
        assert f"{mark} {'ordinary' if effect.verdict == 'ordinary' else words}" in line
        assert f"{signed(effect.nats)}{'*' if 'effect' in note.shown_for else ''} " in line
        assert f"{signed(note.term.value)}{'*' if 'credit' in note.shown_for else ''} " in line
        assert f" {effect.rank}/{effect.among} " in line
        assert line.endswith(between(base, note.swapped))
    control = " ".join(
        line.strip() for line in lines[next(i for i, t in enumerate(lines) if t.startswith(" CONTROL")) :]
    )
    neurons = len(result.population.effects("neurons"))
    said = f"{neurons} active or credited neurons: 5% reach"
    assert f"12 heads, too few for a verdict by rank; {said}" in control
    assert f"reach {decimal(result.population.limit('neurons'))} nats" in control
    swap = next(line for line in lines if line.startswith(" SWAP"))
    assert "France → Rome" in swap
    assert percent(result.swap.target.probability) in swap
    assert plain(sentence_of(result)).endswith(lines[lines.index(swap) - 1].strip()), "right after the sentence"


def test_without_tests_there_is_no_column_for_them(model):
    text = "\n".join(shown(model, test=False))
    assert text.count("zeroed") == 1, "of the answer: nothing was zeroed"
    assert "rank" not in text.replace("rank:", "")
    assert "CONTROL" not in text
    assert "→ ·" not in "\n".join(tables(text.splitlines()))


@pytest.mark.parametrize("length", [1, 2, 64])
@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_paper(model, length, width):
    result = unembed.explain(model, [3 + i % 8 for i in range(length)])
    lines = [line.plain for line in explain_lines(explain_payload(result), Paper(width=width))]
    assert max(cell_len(line.rstrip()) for line in lines) <= width


def test_a_long_prompt_names_what_it_leaves_out(model):
    """All tokens are on the strip or in a gap, and so is the one that the answer names."""
    lines = shown(model, prompt=[3 + i % 8 for i in range(60)])
    line = next(line for line in lines if re.match(r" 0 \S+ │", line))
    gaps = [int(gap) for gap in re.findall(r"… (\d+) tokens …", line)]
    assert gaps
    assert line.count("│") - len(gaps) + sum(gaps) == 60


@given(st.text(min_size=1, max_size=12))
def test_a_token_cannot_act_on_the_terminal(text):
    out = visible(text)
    assert out.isprintable()
    assert " " not in out


@given(st.floats(-30, 30), st.floats(0.01, 30), st.integers(1, 30), st.booleans())
def test_bars_are_proportional_and_keep_their_width(value, largest, width, ascii_only):
    bar = Glyphs(ascii=ascii_only).bar(value, largest, width)
    share = min(1.0, abs(value) / largest)
    assert cell_len(bar) <= width
    assert abs(cell_len(bar) - share * width) <= 1
    assert not ascii_only or bar.isascii()


@given(st.floats(0.01, 30), st.floats(0.01, 30), st.integers(1, 30), st.booleans())
def test_a_negative_bar_has_no_glyph_of_a_positive_one(value, largest, width, ascii_only):
    """So that signs are told apart without colour, however short the bar."""
    glyphs = Glyphs(ascii=ascii_only)
    up, down = glyphs.bar(value, largest, width), glyphs.bar(-value, largest, width)
    assert not set(up) & set(down)
    assert bool(up) == bool(down)


@given(st.text(max_size=20), st.integers(2, 30))
def test_cells_have_exactly_their_width(text, width):
    assert cell_len(cell(visible(text), width)) == width


@pytest.mark.parametrize(
    ("until", "weakest", "said"),
    [(1, 0.9, True), (0, 0.6, True), (1, 0.4, False), (None, 0.9, False)],
    ids=["moves after L1", "moves after L0", "carried by none", "stays"],
)
def test_a_sweep_says_where_the_difference_moves(model, until, weakest, said):
    found = payload_of(unembed.patch(model, PROMPT, "the capital of Rome is", "Paris", "Rome"))

    def effect(cell):
        at = 3 if until is None or cell.layer <= until else 4
        return weakest if cell.position == at else 0.0

    found = replace(found, grid=[replace(cell, effect=effect(cell)) for cell in found.grid])
    text = "\n".join(line.plain for line in patch_lines(found, Paper()))
    sentence = f"the difference is carried at 3 France up to L{until}, and at 4 is from L{(until or 0) + 1} on"
    assert (sentence in text) == said
    assert ("is carried at" in text) == said
