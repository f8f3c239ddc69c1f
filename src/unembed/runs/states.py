"""Where in the stream: after which block. Blocks are counted from 0, and "emb" is what enters the first of them.

An array of states has one row more than there are blocks: row 0 is "emb", row `l + 1` the stream after block `l`.
"""

from typing import Literal

from unembed.errors import InputError

StreamLayer = int | Literal["emb"]
"""The block after which the stream is read; "emb" for the stream that enters the first block."""


def state_of(layer: int | str | None, layers: int) -> int:
    """The row of the stream after a block (negative counts from the last); None is the last row.

    Args:
        layer: a block, "emb" or None.
        layers: how many blocks there are.

    Raises:
        InputError: there is no such block.
    """
    if layer is None:
        return layers
    if layer == "emb":
        return 0
    if isinstance(layer, str) or not -layers <= layer < layers:
        blocks = f", or 0 to {layers - 1} for the stream after a block" if layers else ""
        raise InputError(f"Layer {layer!r} is outside the model: expected 'emb' for what enters it{blocks}.")
    return layer % layers + 1


def layer_of(state: int) -> StreamLayer:
    """The block after which a row of states stands."""
    return "emb" if state == 0 else state - 1
