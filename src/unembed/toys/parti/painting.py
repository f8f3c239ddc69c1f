"""painting: a picture painted free-running, and for each cell which words made it.

The credit of a word for a cell is what it adds, through cross-attention and the encoder, to the logit of the cell's
token above the vocabulary mean (input_credit.py: exact with patterns and norms frozen).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from unembed.errors import InputError
from unembed.ledger.input_credit import credit_by_position, input_credit
from unembed.ledger.ledger import Ledger
from unembed.ledger.readout import Readout, readout
from unembed.methods.generate import generate
from unembed.models.model import Model
from unembed.models.read_source import with_source
from unembed.models.reprs import Brief
from unembed.models.special import start_tokens
from unembed.progress import Progress, silent
from unembed.runs.encoder import record_source
from unembed.runs.record import record
from unembed.toys.parti.captions import Caption, read_caption
from unembed.toys.parti.pictures import CELLS, GRID


@dataclass(frozen=True, repr=False)
class Painting(Brief):
    """A picture and where it came from. Made by `painting`."""

    model: Model
    """With the caption as its source."""
    caption: Caption
    words: tuple[str, ...]
    """The caption's tokens, the end of the text last."""
    tokens: tuple[str, ...]
    """The image tokens, row by row."""
    readouts: tuple[Readout, ...]
    """Of each cell's token above the vocabulary mean, at the position that emitted it."""
    ledgers: tuple[Ledger, ...]
    """`input_credit` of each cell."""
    credit: Float[np.ndarray, "cell word"]
    """What each word adds to the logit of each cell's token through cross-attention."""


def painting(model: Model, text: str, *, progress: Progress = silent) -> Painting:
    """Paint a caption, each cell the likeliest token after those before it, and credit the words.

    Args:
        model: a small Parti, from `load`.
        text: the caption.
        progress: called after every cell.

    Raises:
        InputError: the text is no caption, or the model paints no pictures.
    """
    caption = read_caption(text)
    check_parti(model)
    model = with_source(model, caption.text)
    assert model.tokenizer is not None
    start = start_tokens(model)
    ids: list[int] = []
    for step in generate(model, start, tokens=GRID * GRID):
        ids.append(step.token)
        progress("Painting", len(ids) / GRID / GRID / 2)
    run, source = record(model, (*start, *ids[:-1])), record_source(model)
    readouts, ledgers = [], []
    for place, token in enumerate(ids):
        readouts.append(readout(run, token, position=place))
        ledgers.append(input_credit(readouts[-1], source=source))
        progress("Crediting words", (1 + (place + 1) / len(ids)) / 2)
    return Painting(
        model=model,
        caption=caption,
        words=tuple(token.label for token in model.source.tokens) if model.source else (),
        tokens=tuple(model.tokenizer.convert_ids_to_tokens(ids)),
        readouts=tuple(readouts),
        ledgers=tuple(ledgers),
        credit=np.stack([credit_by_position(ledger).numpy() for ledger in ledgers]),
    )


def check_parti(model: Model) -> None:
    """Refuse a model that does not paint with the image tokens of `pictures`.

    Raises:
        InputError: it does not.
    """
    known = {} if model.tokenizer is None else model.tokenizer.get_vocab()
    if model.encoder is None or any(cell.token not in known for cell in CELLS):
        raise InputError(f"{model.name} paints no pictures: expected a small Parti, such as toy/parti.")
