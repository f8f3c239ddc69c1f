"""Paper: how wide the page is and what can be written on it; helpers that every view shares."""

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from unembed.models.labels import harmless
from unembed.view.glyphs import Glyphs, signed, visible, whole_chance
from unembed.view.payloads.common import ModelFacts, PromptToken, Token

WIDTH = 100
POSITIVE, NEGATIVE, FAINT, STRONG = "dark_orange3", "medium_purple", "dim", "bold"


@dataclass(frozen=True)
class Paper:
    """What the views write on."""

    width: int = WIDTH
    glyphs: Glyphs = field(default_factory=Glyphs)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave a closed pipe (`| head`) to the command line, which ends without an error."""
        raise BrokenPipeError


def console(file: TextIO) -> Console:
    """A console for a stream: colours only on a terminal, no style at all under NO_COLOR."""
    bare = bool(os.environ.get("NO_COLOR")) or not file.isatty()
    width = None if file.isatty() else WIDTH
    return _Console(file=file, color_system=None if bare else "auto", width=width, highlight=False, soft_wrap=True)


def paper_for(file: TextIO) -> Paper:
    """The paper a stream offers."""
    encoding = (getattr(file, "encoding", None) or "ascii").lower().replace("-", "")
    return Paper(width=max(40, min(WIDTH, console(file).width)), glyphs=Glyphs(ascii=not encoding.startswith("utf")))


def show(lines: Iterable[Text], file: TextIO) -> None:
    """Write lines to a stream, in the characters it can take."""
    out, glyphs = console(file), paper_for(file).glyphs
    for line in lines:
        if glyphs.ascii:
            line = Text(glyphs.plain(line.plain))
        line.plain = harmless(line.plain)  # as many characters, so that styles stay where they are
        line.rstrip()
        out.print(line)


def cell(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` terminal cells, cut with … where it is longer."""
    if cell_len(text) > width:
        text = set_cell_size(text, max(0, width - 1)).rstrip() + "…"
    return " " * (width - cell_len(text)) + text if right else set_cell_size(text, width)


def signed_cell(value: float, width: int, digits: int = 2) -> str:
    """A signed number at the left of its cell; zero, which has no sign, leaves the room of one."""
    text = signed(value, digits)
    return cell(text if text[0] in "+−" else f" {text}", width)


def headline(title: str, model: ModelFacts, paper: Paper) -> Text:
    """A title on the left, the model on the right."""
    edits = f" + {len(model.edits)} edit{'s' if len(model.edits) > 1 else ''}" if model.edits else ""
    facts = f"{model.name}{edits} · {model.device} · {model.dtype}"
    room = paper.width - cell_len(facts) - 1
    return Text(cell(title, max(room, 10)) + " ").append(facts, FAINT)


def signed_style(value: float) -> str:
    """The colour of a sign; the glyphs carry it too."""
    return POSITIVE if value >= 0 else NEGATIVE


def answer_line(answer: Sequence[Token], log_probability: float, probability: float, paper: Paper) -> Text:
    """A whole answer with its log-probability, which is told where its probability would be too small."""
    chance = whole_chance(probability, log_probability)
    said = f": log-probability {signed(log_probability)}, probability {chance}"
    text = "".join(visible(token.text) for token in answer)
    room = max(4, paper.width - cell_len(said) - 9)
    return Text(f" answer {text if cell_len(text) <= room else cell(text, room)}{said}")


def token_strip(
    tokens: list[PromptToken], tail: str, width: int, *, keep: Sequence[int] = (), rather: Sequence[int] = ()
) -> tuple[Text, dict[int, tuple[int, int]]]:
    """A prompt as one line that ends with `tail`, and where each shown token stands on it (column, width).

    A prompt that does not fit keeps its first token and its last, those at `keep`, then those at `rather`, and as much
    of its end as there is room for; the gaps are named.
    """
    cells = {t.position: f"{t.position} {visible(t.text)}" for t in tokens}
    kept = _fitting(cells, width - cell_len(tail) - 4, {0, len(tokens) - 1, *keep}, rather)
    line, places, last = Text(" "), {}, -1
    for place in kept:
        if place > last + 1:
            line.append(_gap(place - last - 1), FAINT)
        places[place] = (line.cell_len, cell_len(cells[place]))
        number, _, text = cells[place].partition(" ")
        line.append(number + " ", FAINT).append(text).append(" │ ", FAINT)
        last = place
    return line.append(tail, STRONG), places


def _gap(count: int) -> str:
    return f"… {count} token{'' if count == 1 else 's'} … │ "


def _fitting(cells: dict[int, str], room: int, always: set[int], rather: Sequence[int]) -> list[int]:
    size = {i: cell_len(text) + 3 for i, text in cells.items()}

    def takes(shown: set[int]) -> int:
        """Cells of these tokens and of the names of the gaps between them."""
        order = sorted(shown)
        gaps = (b - a - 1 for a, b in itertools.pairwise(order))
        return sum(size[i] for i in order) + sum(len(_gap(gap)) for gap in gaps if gap)

    shown = set(always)
    for i in rather:
        if takes(shown | {i}) <= room:
            shown.add(i)
    for i in sorted(cells, reverse=True):
        # A gap of one token is named at more length than most tokens have, so filling it may make room.
        if takes(shown | {i}) > max(room, takes(shown)):
            break
        shown.add(i)
    return sorted(shown | {i for i in cells if {i - 1, i + 1} <= shown and size[i] <= len(_gap(1))})


def wrapped(text: str, width: int, indent: str = " ") -> Iterator[str]:
    """A sentence as lines of at most `width` cells, broken between words."""
    line = indent
    for word in text.split(" "):
        if line != indent and cell_len(line) + 1 + cell_len(word) > width:
            yield line
            line = indent
        line += word if line == indent else f" {word}"
    yield line
