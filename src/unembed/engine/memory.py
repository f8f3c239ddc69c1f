"""Memory: what walks may take, and what they will.

The estimates count what the blocks of a transformer hold at once; the benchmark of the engine compares them with the
peak that the system reports.
"""

import re
from dataclasses import dataclass, replace

import torch

from unembed.engine.batch import Row
from unembed.engine.splicing import SIDE_BY_SIDE, at_once, takes_a_batch
from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.sites import experts_of, neurons_of
from unembed.models.unembedding import SLICE
from unembed.runs.run import Run

_SHARE = 0.25
"""Of the free memory that a job takes when nothing else is said."""
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def parse_bytes(text: str) -> int:
    """`2GiB`, `500MB`, `1e9` as a number of bytes.

    Raises:
        InputError: it is none.
    """
    match = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*([kmg]i?)?b?\s*", text.lower())
    try:
        size = float(match[1]) * _UNITS[match[2] or ""] if match else 0.0
    except ValueError:
        size = 0.0
    if not 1 <= size < 1e18:
        raise InputError(
            f"Expected an amount of memory of at least one byte, in bytes, kB, MB, GB, KiB, MiB or GiB, such as 2GiB; "
            f"found {text!r}."
        )
    return int(size)


def amount(size: int) -> str:
    """A number of bytes for a person: `512 bytes`, `1.5 MiB`."""
    for unit, bytes_ in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size} bytes"


def _free_bytes(device: torch.device) -> int:
    """What is free on a device."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    import psutil

    return psutil.virtual_memory().available


def budget(model: Model, memory: int | None) -> int:
    """The budget in bytes: as given, or a share of what is free.

    Raises:
        InputError: it is not positive.
    """
    if memory is None:
        return int(_SHARE * _free_bytes(model.device))
    if memory <= 0:
        raise InputError(f"Expected a positive amount of memory, found {memory} bytes.")
    return memory


@dataclass(frozen=True)
class Costs:
    """What a row adds to a walk at its widest, in bytes."""

    layers: int
    length: int
    held: int
    """A token that is in the walk: its stream and what a block makes of it, without scores."""
    scored: int
    """The scores of a token, of which a part of a row is held at once (splicing.py)."""
    saved: int
    """A token and block that a gradient will pass through, with its scores; 0 without gradients."""
    read: int
    """A row that is read: what the measure holds of the vocabulary."""
    copied: int
    """A position of the prefix, for a row that has a copy of its own (splicing.py)."""
    batch_only: bool
    source: "Costs | None" = None
    """Of a row inside the encoder, where there are any."""
    own: int = 0
    """A position of a source of its own: its keys and values in a block, and the scores that read it."""

    def tokens(self, row: Row) -> int:
        """How many a row adds to its walk, and to the walk up the encoder before it."""
        inside = 0 if self.source is None or row.source is None else self.source.tokens(row.source)
        return self.length - row.start + inside

    def of(self, row: Row) -> int:
        """Of one row."""
        if self.source is not None and row.source is not None:
            inside = self.source.of(row.source) + self.own * self.source.length
            return inside + self.of(replace(row, source=None))
        tokens = self.length - row.start
        # A pattern edit makes all rows of its layer a batch; which share its walk is not known here, so count its own.
        patterned = any(edit.site.kind == "pattern" for edit in row.edits)
        scored = tokens if self.batch_only or patterned else min(tokens, at_once(self.length))
        inside = tokens * (self.held + self.saved * (self.layers - row.layer)) + scored * self.scored
        batch = self.batch_only or patterned or takes_a_batch(self.length, row.start)
        return self.read + inside + (self.copied * row.start if batch else 0)


def costs(run: Run, positions: int, *, gradients: bool, source: bool = False) -> Costs:
    """The costs of rows of a run of which some positions are read; `source`: some are edited inside its encoder."""
    model = run.model
    size = max(torch.finfo(model.dtype).bits // 8, 2)
    inside, scored = size * _inside(run), size * _scores(run)
    return Costs(
        layers=model.layers,
        length=run.length,
        held=4 * size * model.d_model + inside,
        scored=scored,
        saved=inside + scored if gradients else 0,
        read=positions * max(4, size) * (3 * SLICE + 4 * model.d_model),
        copied=2 * size * (model.heads + model.kv_heads) * run.calls[0].key.shape[-1],
        batch_only=model.family.bypasses_interface,
        source=costs(run.encoder, 0, gradients=gradients) if source else None,
        own=size * (model.d_model + model.heads * (4 * run.calls[0].key.shape[-1] + 3 * run.length)) if source else 0,
    )


def _inside(run: Run) -> int:
    """Numbers a token that a block holds: stream and norms, projections, MLP."""
    model = run.model
    heads = run.layers[0].heads
    assert heads is not None
    widest = max(neurons_of(model, layer) * max(1, experts_of(model, layer)) for layer in range(model.layers))
    attention = (2 * model.heads + 2 * model.kv_heads) * heads.value.shape[-1]
    return 8 * model.d_model + 4 * widest + 2 * attention


def _scores(run: Run) -> int:
    """Numbers a token that attention holds of every key: scores, and what a softmax makes of them."""
    return 3 * run.model.heads * (run.length + SIDE_BY_SIDE + len(run.model.source or ()))


def _logits(model: Model, positions: int) -> int:
    """All logits of one row, with what a measure makes of them."""
    return 4 * max(4, torch.finfo(model.dtype).bits // 8) * model.vocab * positions


def logit_rows(model: Model, positions: int, memory: int) -> int:
    """How many rows are unembedded at once: within a quarter of the budget, 64 at most."""
    return max(1, min(64, memory // 4 // _logits(model, positions)))
