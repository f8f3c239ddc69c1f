"""Paper: how wide the page is and what can be written on it; helpers that every view shares."""

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from unembed.models.labels import harmless
from unembed.view.glyphs import Glyphs, scientific, signed, visible, whole_chance
from unembed.view.payloads.common import ModelFacts, PromptToken, Token

WIDTH, NARROWEST, WIDEST = 100, 40, 160
"""Columns: of a pipe, and of the narrowest and the widest terminal that lines are laid out for."""
POSITIVE, NEGATIVE, FAINT, STRONG = "dark_orange3", "medium_purple", "dim", "bold"


@dataclass(frozen=True)
class Paper:
    """What the views write on."""

    width: int = WIDTH
    glyphs: Glyphs = field(default_factory=Glyphs)

    @property
    def longest_bar(self) -> int:
        """Cells of a bar where nothing else needs the room."""
        return self.width * 2 // 5

    def bar_beside(self, used: int) -> int:
        """Cells of the longest bar beside what takes `used`."""
        return max(0, min(self.longest_bar, self.width - used))


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
    return Paper(
        width=max(NARROWEST, min(WIDEST, console(file).width)), glyphs=Glyphs(ascii=not encoding.startswith("utf"))
    )


def show(lines: Iterable[Text], file: TextIO) -> None:
    """Write lines to a stream, in the characters and the columns it has."""
    out, paper = console(file), paper_for(file)
    for line in fitted((_written(line, paper.glyphs) for line in lines), paper.width):
        out.print(line)


def _written(line: Text, glyphs: Glyphs) -> Text:
    """A line in characters that the stream has, none of which acts on it."""
    if glyphs.ascii:
        line = Text(glyphs.plain(line.plain))
    line.plain = harmless(line.plain)  # as many characters, so that styles stay where they are
    return line


_LABEL = re.compile(r" *\S{1,16}(?: \S{1,5})? {2,}(?=\S)")
"""What a line of words may begin with, such as ` CONTROL   `; what does not fit goes on below its text."""


def fitted(lines: Iterable[Text], width: int) -> Iterator[Text]:
    """Lines of at most `width` cells: a sentence that is longer goes on in the next, broken between words.

    Rows of tables are laid out for the paper they are written on and are never longer.
    """
    for line in lines:
        line.rstrip()
        yield from [line] if line.cell_len <= width else _folded(line, width)


def _folded(line: Text, width: int) -> Iterator[Text]:
    text = line.plain
    label = _LABEL.match(text)
    hang = len(label[0]) if label and len(label[0]) <= width // 3 else len(text) - len(text.lstrip())
    start, end, indent = 0, 0, ""
    for word in _words(text, width - hang):
        if end > start and cell_len(indent + text[start : word[1]]) > width:
            yield Text(indent).append_text(line[start:end])
            start, indent = word[0], " " * hang
        end = word[1]
    yield Text(indent).append_text(line[start:end])


def _words(text: str, room: int) -> Iterator[tuple[int, int]]:
    """Where each word begins and ends; of one that no line has room for, each piece that a line has."""
    for word in re.finditer(r"\S+", text):
        start = word.start()
        for end in range(start + 1, word.end()):
            if cell_len(text[start : end + 1]) > room:
                yield start, end
                start = end
        yield start, word.end()


def cell(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` terminal cells, cut with … where it is longer."""
    if cell_len(text) > width:
        text = set_cell_size(text, max(0, width - 1)).rstrip() + "…"
    return " " * (width - cell_len(text)) + text if right else set_cell_size(text, width)


def signed_cell(value: float, width: int, digits: int = 2) -> str:
    """A signed number at the left of its cell; zero, which has no sign, leaves the room of one."""
    text = signed(value, digits)
    return cell(text if text[0] in "+−" else f" {text}", width)


def headline(title: str, model: ModelFacts, paper: Paper) -> Iterator[Text]:
    """A title on the left, the model on the right; where both do not fit into a line, the model above the title."""
    edits = f" + {len(model.edits)} edit{'s' if len(model.edits) > 1 else ''}" if model.edits else ""
    facts = f"{model.name}{edits} · {model.device} · {model.dtype}"
    room = paper.width - cell_len(facts) - 1
    if cell_len(title) < room:
        yield Text(cell(title, room) + " ").append(facts, FAINT)
        return
    yield Text(cell(facts, paper.width, right=True), FAINT)
    yield Text(title)


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
    cells = {t.position: f"{t.position} {t.seen}" for t in tokens}
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


def total_line(total: float, error: float, tolerance: float, paper: Paper, *, rule: int = 24) -> Text:
    """The end of a ledger: the sum of its terms, and whether it is the model's own number."""
    verdict = "= model ✓" if abs(error) <= tolerance else "≠ model"
    said = f" total {signed(total)} {verdict} (|Δ| {scientific(abs(error))})"
    return Text("  " + "─" * max(1, min(rule, paper.width - 2 - cell_len(said)))).append(said, STRONG)


def as_many_as_fit(items: Sequence[str], width: int) -> str:
    """The first items that fit, two spaces apart; at least one."""
    line = items[0] if items else ""
    for item in items[1:]:
        if cell_len(line) + cell_len(item) + 2 > width:
            break
        line += f"  {item}"
    return line


def wrapped(text: str, width: int, indent: str = " ") -> Iterator[str]:
    """A sentence as lines of at most `width` cells, broken between words."""
    line = indent
    for word in text.split(" "):
        if line != indent and cell_len(line) + 1 + cell_len(word) > width:
            yield line
            line = indent
        line += word if line == indent else f" {word}"
    yield line
