"""What activation patching found (patch.py): a cell a patched run, and the numbers of a sweep."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.alignment import Alignment
from unembed.models.labels import visible
from unembed.models.model import Model
from unembed.models.names import name_of_group, part_name, stack_and_word
from unembed.models.reprs import SHOWN, listed
from unembed.models.sites import encoder_of
from unembed.models.tokens import name_of
from unembed.runs.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Direction = Literal["denoise", "noise"]
Sweep = Literal[
    "resid_pre",
    "resid_mid",
    "resid_post",
    "attention",
    "cross_attention",
    "mlp",
    "head",
    "cross_head",
    "neuron",
    "enc.resid_pre",
    "enc.resid_mid",
    "enc.resid_post",
    "enc.attention",
    "enc.mlp",
    "enc.head",
    "enc.neuron",
]
"""`resid_pre`, `resid_mid` and `resid_post` are the stream before, inside and after a block, `attention` and `mlp` what
a sublayer adds to it, `head` a head's `z`, `neuron` an activation; `enc.` is inside an encoder, over a source."""


@dataclass(frozen=True)
class Cell:
    """What one patched run changes."""

    layer: int
    position: int | None
    """In the clean prompt (source, inside an encoder); None where all positions are patched together."""
    head: int | None = None
    expert: int | None = None
    neuron: int | None = None
    until: int | None = None
    """The last position of a group that is patched together; None of one position."""

    def label(self, site: Sweep) -> str:
        """`L3.H2`, `L1 resid_pre @ 4`; of a group `enc.L1 resid_pre @ 4-7`."""
        name = part_name(site, self.layer, self.head, self.expert, self.neuron)
        places = f"{self.position}" if self.until is None else f"{self.position}-{self.until}"
        return name if self.position is None else f"{name} @ {places}"


@dataclass(frozen=True)
class PatchedRun:
    """A cell of a sweep in one direction, and what its run gave."""

    direction: Direction
    cell: Cell
    value: float
    """The metric of the patched run."""
    change: float
    """`value` minus the metric of the run as it is."""
    effect: float | None
    """As `Patching.effect`; None where the metric is the same in both runs."""


@dataclass(frozen=True)
class Patching(Result[PatchedRun]):
    """A sweep of patched runs. Made by `patch`."""

    measure = "change"

    model: Model
    clean_tokens: tuple[int, ...]
    """The prompt whose positions are patched; for sites inside an encoder, the source."""
    corrupt_tokens: tuple[int, ...]
    site: Sweep
    metric: str
    target: tuple[int, ...] | None
    """Token ids; None for a metric that reads no target."""
    versus: int | None
    clean: float
    """The metric of the clean run."""
    corrupt: float
    """The metric of the corrupt run."""
    alignment: Alignment
    """Which positions correspond."""
    cells: tuple[Cell, ...]
    values: Mapping[Direction, Float[Tensor, "cell"]]
    """The metric of each patched run, a sweep a direction; NaN where the work was stopped before."""
    places: tuple[str, ...] = ()
    """What stands at each position of a source that is no text: times, of a sound; else empty."""
    notes: tuple[str, ...] = ()  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is

    @cached_property
    def token_texts(self) -> tuple[str, ...]:
        """The text of the token at each position; of a sound the times."""
        return self.places or tuple(name_of(self.model, token) for token in self.tokens)

    def text_at(self, cell: Cell) -> str | None:
        """What stands where a cell is: the text of its token, the times of its group; None of all positions."""
        if cell.position is None:
            return None
        last = self.token_texts[cell.position if cell.until is None else cell.until]
        return name_of_group(self.token_texts[cell.position], last)

    def __repr__(self) -> str:
        return (
            f"Patching({self.site}, {len(self.cells)} cells, {' and '.join(self.values)}, {self.metric}: "
            f"clean {self.clean:.4g}, corrupt {self.corrupt:.4g}{self._strongest()})"
        )

    def _strongest(self) -> str:
        """The cells that go furthest, with how far of the way from one run to the other."""
        if self.clean == self.corrupt or not self.values:
            return ""
        effect = self.effect()
        order = effect.abs().nan_to_num(-1).argsort(descending=True, stable=True)[:SHOWN].tolist()
        best = [f"{self.cells[i].label(self.site)} {float(effect[i]):+.2f}" for i in order if not effect[i].isnan()]
        return f"; {listed(best, len(self.cells))}"

    @property
    def tokens(self) -> tuple[int, ...]:
        """The clean prompt; for sites inside an encoder, the clean source."""
        return self.clean_tokens

    @property
    def unit(self) -> str:
        """Of the metric."""
        return {"logit-difference": "logits", "log-probability": "nats", "kl": "nats"}.get(self.metric, self.metric)

    def entries(self) -> list[PatchedRun]:
        """Every cell that was computed, in each direction that was swept."""
        flat = self.clean == self.corrupt
        return [
            PatchedRun(direction, cell, value, value - self._start(direction), effect)
            for direction, values in self.values.items()
            for cell, value, effect in zip(
                self.cells,
                values.tolist(),
                [None] * len(values) if flat else self.effect(direction).tolist(),
                strict=True,
            )
            if not math.isnan(value)
        ]

    def columns(self, entry: PatchedRun) -> dict[str, Any]:
        """A cell and its numbers, with the text of its token."""
        cell = entry.cell
        text = self.text_at(cell)
        numbers = {"value": entry.value, "change": entry.change, "effect": entry.effect}
        return {"label": cell.label(self.site), "direction": entry.direction, **vars(cell), "token": text, **numbers}

    def plot(self, direction: Direction | None = None) -> "Figure":
        """Draw how far each patched run went, by layer and position or head; of neurons the largest changes.

        Args:
            direction: as in `effect`.

        Raises:
            InputError: as `effect`; or matplotlib is not installed.
        """
        encoder, word = stack_and_word(self.site)
        if word == "neuron":
            return super().plot()
        from unembed.runs.figures import by_layer

        direction = direction or next(iter(self.values))
        of_heads = word in ("head", "cross_head")
        heads = range((encoder_of(self.model) if encoder else self.model).heads)
        effects = zip(self.cells, self.effect(direction).tolist(), strict=True)
        grouped = any(cell.until is not None for cell in self.cells)
        groups = {cell.position: visible(self.text_at(cell) or "") for cell in self.cells}  # of one layer, in order
        column = {position: place for place, position in enumerate(groups)} if grouped else {}
        names = list(groups.values()) if grouped else [visible(text) for text in self.token_texts]
        return self.captioned(
            by_layer(
                (
                    (cell.layer, (cell.head if of_heads else column.get(cell.position, cell.position)) or 0, effect)
                    for cell, effect in effects
                ),
                columns=[str(head) for head in heads] if of_heads else names,
                axis="head" if of_heads else "position",
                unit=f"share of the {'clean' if direction == 'denoise' else 'corrupt'} run's {self.metric} reached",
                title=f"{self.site} patched, {direction}",
            )
        )

    @property
    def complete(self) -> bool:
        """Whether every cell was computed."""
        return not any(bool(values.isnan().any()) for values in self.values.values())

    def effect(self, direction: Direction | None = None) -> Float[Tensor, "cell"]:
        """How far each patched run went from the run as it is (0) to the other run (1).

        `(value - corrupt) / (clean - corrupt)` for denoise, `(value - clean) / (corrupt - clean)` for noise. Below 0
        the patch pushes away from the other run, above 1 beyond it.

        Args:
            direction: None is the one that was swept, or denoise where both were.

        Raises:
            InputError: this direction was not swept, or the metric is the same in both runs.
        """
        direction = direction or next(iter(self.values))
        if direction not in self.values:
            raise InputError(f"The direction {direction} was not swept: expected {' or '.join(self.values)}.")
        if self.clean == self.corrupt:
            raise InputError(f"The {self.metric} is {self.clean:g} in both runs: there is no scale between them.")
        start, end = (self.corrupt, self.clean) if direction == "denoise" else (self.clean, self.corrupt)
        return (self.values[direction] - start) / (end - start)

    def _start(self, direction: Direction) -> float:
        """The metric of the run that is patched."""
        return self.corrupt if direction == "denoise" else self.clean
