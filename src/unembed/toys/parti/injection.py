"""Injection: does what text writes into the image's stream make the picture? Its values, taken from another caption.

Cross-attention reads keys, which say where to look, and values, which say what is there. Here the values at some words
come from another caption, in every layer, while keys and all else stay: if the picture changes as the other caption
says, text reaches the image through those values. An intervention on the whole free-running picture, so exact.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import torch

from unembed.models.hooks import on_output, one_at_a_time
from unembed.models.model import Model
from unembed.toys.parti.captions import COLOURS, Caption, Thing
from unembed.toys.parti.evaluation import paint
from unembed.toys.parti.painting import check_parti
from unembed.toys.parti.pictures import cells, draw, object_positions

PHRASE = (0, 1, 2)
"""The source positions of the first object: article, colour, shape."""


@dataclass(frozen=True)
class Injection:
    """Of one caption with values from another: what changed, against the picture without them."""

    recoloured: bool
    """Every cell of the first object has the other caption's colour."""
    shape_kept: bool
    """Every cell of the first object shows the part it should."""
    second_changed: bool
    """Any cell of the second object is another."""


def inject(
    model: Model,
    pairs: Sequence[tuple[Caption, Caption]],
    positions: Sequence[int] = PHRASE,
    *,
    layers: Sequence[int] | None = None,
) -> tuple[Injection, ...]:
    """Paint captions with the values of other captions at some source positions.

    Args:
        model: a small Parti, from `load`.
        pairs: a caption, and the one of as many words whose values are taken.
        positions: the source positions.
        layers: the decoder's layers that read the other values; None takes all.

    Raises:
        InputError: the model is no small Parti.
    """
    texts, others = ([pair[i].text for pair in pairs] for i in (0, 1))
    plain = paint(model.module, model.tokenizer, texts)
    patched = paint_with_values(model, texts, others, positions, layers=layers)
    return tuple(_judged(*case) for case in zip(pairs, plain, patched, strict=True))


@torch.no_grad()
def paint_with_values(
    model: Model,
    texts: Sequence[str],
    others: Sequence[str],
    positions: Sequence[int],
    *,
    layers: Sequence[int] | None = None,
) -> list[tuple[str, ...]]:
    """The pictures of `texts` whose cross-attention reads the values of `others` at some source positions."""
    check_parti(model)
    assert model.encoder is not None
    assert model.tokenizer is not None
    sources = model.tokenizer(list(others), padding=True, return_tensors="pt").to(model.device)
    where = list(positions)
    with one_at_a_time, ExitStack() as stack:
        states = model.encoder.module(**sources).last_hidden_state
        for block in model.blocks if layers is None else [model.blocks[i] for i in layers]:
            assert block.cross is not None
            values = block.cross.value_projection(states)[:, where]

            def patch(found: torch.Tensor, values: torch.Tensor = values) -> torch.Tensor:
                found = found.clone()
                found[:, where] = values
                return found

            on_output(stack, block.cross.value_projection, patch)
        return paint(model.module, model.tokenizer, texts)


def recoloured(caption: Caption) -> tuple[Caption, ...]:
    """The captions with the first object in another colour, where the objects still differ."""
    things = [Thing(colour, caption.first.shape) for colour in COLOURS if colour != caption.first.colour]
    return tuple(Caption(thing, caption.relation, caption.second) for thing in things if thing != caption.second)


def _judged(pair: tuple[Caption, Caption], plain: Sequence[str], patched: Sequence[str]) -> Injection:
    caption, other = pair
    first, second = object_positions(caption)
    seen, expected = cells(patched), cells(draw(other))
    return Injection(
        recoloured=all(seen[at].colour == expected[at].colour for at in first),
        shape_kept=all(seen[at].part == expected[at].part for at in first),
        second_changed=any(plain[at] != patched[at] for at in second),
    )
