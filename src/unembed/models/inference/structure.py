"""The structure of a causal language model: what its blocks write, and what stands around them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from unembed.models.family import FrozenInHeads, HeadRow
from unembed.models.inference.walk import FrozenKind
from unembed.models.reprs import Brief

Level = Literal["sublayers", "heads", "neurons", "everything"]
"""Down to what writes are split: not at all, all attention, all MLPs, or both."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """What one module of a block adds to the stream. Paths start at the block."""

    block: int
    module: str
    """Its output is what is added, times `scale`."""
    sublayer: str
    """The module that computes it; another than `module`, where that is a post-norm."""
    kind: Literal["heads", "neurons", "experts", "mixer", "whole"]
    """`whole` is an MLP in which no neurons are known, `mixer` whatever else mixes tokens."""
    matrix: str
    """The module of the matrix through which it is written: W_O, W_out, or the experts."""
    scale: float = 1.0
    attends: str | None = None
    """The module that mixes values, of heads."""
    input_norm: str | None = None
    """The norm through which the values read the stream."""
    heads: int | None = None
    frozen: tuple[FrozenInHeads, ...] = ()
    """What multiplies what heads mix before the matrix reads it, of each kind once."""
    made_by: str = ""
    """The class of `sublayer`."""
    joins: int = field(default=0, compare=False)
    """Where in the run it is added to the stream."""
    beside: tuple[str, ...] = ()
    """Other modules whose output is added as well, of a mixer or a whole."""
    block_class: str = ""
    """The class of its block."""
    splits: bool = False
    """Whether what a mixer takes from each token is told apart (value_path.py)."""
    changed: bool = False
    """Whether its module norms what the matrix gives, or multiplies it by a constant."""
    gated: bool = False
    """Whether it is multiplied by a factor of each token before it is added to others of its module."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Structure(Brief):
    """What a module is made of, and down to what it is certified."""

    blocks: str
    writes: tuple[Write, ...]
    """In the order in which they are added to the stream."""
    parallel: bool
    meets_first: bool
    embedding: str
    embedding_scale: float
    positions: str | None
    token_types: str | None = None
    adds_position_first: bool = False
    computed_positions: bool = False
    """Whether positions are added that no module gives."""
    first_position: str | None = None
    """The configuration value after which positions are counted."""
    embedding_norm: str | None
    embedding_projection: str | None = None
    stream_scale: str | None = None
    """The number of a block by which it multiplies the stream at its end, from the block."""
    stream_norms: tuple[str, ...]
    """Post-LN: norms of the stream in a block after a write, from the block."""
    entering_norm: str | None = None
    """The norm of the stream in a block before its first write, from the block."""
    middle: str | None = None
    """The module through which MLPs read the stream, from the block; where they have one in common."""
    gains: bool = False
    """Whether blocks multiply stream or writes by numbers of each layer or by vectors, or add a vector."""
    gated_reads: bool = False
    """Whether attention reads the stream through what is no norm."""
    skipped: tuple[str, ...] = ()
    """Classes of blocks that no prompt goes through."""
    final_norm: str | None
    head: HeadRow | None = None
    """What stands between the last stream and the unembedding, with an activation that is frozen."""
    unembedding_scale: float
    """What the normed stream is multiplied by before the unembedding."""
    logit_scale: float
    """What the logits are multiplied by after it."""
    softcap: float | None
    frozen: tuple[FrozenKind, ...]
    """What is frozen on the stream, of each kind once: norm scales alone, in the strict sense."""
    error: float
    observed: bool = False
    """Whether its attention calls no interface of transformers, so that it can only be watched."""

    @cached_property
    def level(self) -> Level:
        """Down to what every write is split."""
        kinds = {write.kind for write in self.writes}
        whole = any(write.kind == "mixer" and not write.splits for write in self.writes)
        heads = bool(kinds & {"heads", "mixer"}) and not whole
        neurons = bool(kinds & {"neurons", "experts"}) and "whole" not in kinds
        return "everything" if heads and neurons else "heads" if heads else "neurons" if neurons else "sublayers"

    @property
    def all_blocks(self) -> set[int]:
        """The blocks that write."""
        return {write.block for write in self.writes}

    def of(self, *kinds: str) -> list[Write]:
        """The writes of some kinds."""
        return [write for write in self.writes if write.kind in kinds]
