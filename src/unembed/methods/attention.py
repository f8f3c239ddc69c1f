"""attention: where heads look, and what that adds to the prediction.

A pattern says from which source tokens a head reads; a large weight on a token whose value says nothing adds nothing.
The value-weighted pattern `pattern[h, s] * (value[h, s] W_O^h) . w` (Kobayashi et al., *Attention is Not Only a
Weight*, 2020, here read in logits) is exactly the source terms of the ledger: summed over `s` it is the head's credit.
Where no readout is meant, at every position, their own measure weighs it: `pattern[h, q, s] ||value[h, s] W_O^h||`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.ledger.decompose import decompose
from unembed.ledger.encoder_parts import heads_in_encoder, heads_of
from unembed.ledger.input_credit import input_credit
from unembed.ledger.ledger import Ledger
from unembed.ledger.readout import Readout, readout
from unembed.models.labels import visible
from unembed.models.model import check_has_layers
from unembed.models.names import head_name, in_stack
from unembed.models.own_attention import CHUNK
from unembed.models.reprs import Brief
from unembed.runs.kept import Heads
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import RunResult
from unembed.runs.run import Run
from unembed.runs.whole_pattern import whole_pattern

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class HeadView(Brief):
    """One head, seen from the explained position."""

    layer: int
    head: int
    cross: bool
    """Whether it is a head of a cross-attention; its sources are those of the encoder."""
    credit: float
    """What the head adds to the readout."""
    pattern: Float[np.ndarray, "source"]
    """Its attention from the explained position to each source token."""
    contribution: Float[np.ndarray, "source"]
    """What each source token's value adds to the readout through it; sums to `credit`."""
    encoder: bool = False
    """Whether it is a head of the encoder: the pattern is the mean over all positions of the source, which attend."""

    @property
    def name(self) -> str:
        """`L23.H4`, `L3.X2`, `enc.L1.H0`."""
        return in_stack(head_name(self.layer, self.head, cross=self.cross), self.encoder)


@dataclass(frozen=True)
class SourceRead:
    """What one head reads from one source token, at the explained position."""

    layer: int
    head: int
    cross: bool
    source: int
    pattern: float
    contribution: float
    encoder: bool = False

    @property
    def label(self) -> str:
        """`L23.H4 ← 3`."""
        name = in_stack(head_name(self.layer, self.head, cross=self.cross), self.encoder)
        return f"{name} ← {self.source}"


@dataclass(frozen=True)
class Attention(RunResult[SourceRead]):
    """Patterns and value-weighted patterns of some heads. Made by `attention`."""

    measure = "contribution"

    run: Run
    readout: Readout
    ledger: Ledger
    heads: tuple[HeadView, ...]
    matrix: Float[Tensor, "query key"] | Float[Tensor, "query source"] | None
    """The whole pattern, when one head was asked for."""
    norms: Float[Tensor, "source"] | None
    """With `matrix`: the norm of what each source's value writes at full attention, `||value[s] W_O||`, before a
    post-norm. Times `matrix`, it is the norm of what each source writes at each query (Kobayashi et al. 2020)."""

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return self.readout.unit

    def entries(self) -> list[SourceRead]:
        """Each source token of each head."""
        return [
            SourceRead(view.layer, view.head, view.cross, source, pattern, contribution, view.encoder)
            for view in self.heads
            for source, (pattern, contribution) in enumerate(
                zip(view.pattern.tolist(), view.contribution.tolist(), strict=True)
            )
        ]

    def columns(self, entry: SourceRead) -> dict[str, Any]:
        """A source token of a head, and its text."""
        return super().columns(entry) | {"source_token": self._sources(entry)[entry.source]}

    def name(self, entry: SourceRead) -> str:
        """`L23.H4 ← 3 ·France`."""
        return f"{entry.label} {visible(self._sources(entry)[entry.source])}"

    def _sources(self, head: SourceRead | HeadView) -> tuple[str, ...]:
        return self.source_texts if head.cross or head.encoder else self.token_texts

    def plot(self) -> "Figure":
        """Draw the pattern of one head, from each token to those it reads; of several heads, what each adds.

        Raises:
            InputError: matplotlib is not installed.
        """
        from unembed.runs.figures import by_layer, grid

        first = self.heads[0]
        if self.matrix is not None:
            return self.captioned(
                grid(
                    self.matrix.double().cpu().numpy(),
                    rows=[visible(text) for text in (self.source_texts if first.encoder else self.token_texts)],
                    columns=[visible(text) for text in self._sources(first)],
                    axes=("attends from", "attends to"),
                    unit="attention",
                    title=first.name,
                    upward=False,
                    share=True,
                )
            )
        if len(self.heads) == 1:
            return super().plot()
        return self.captioned(
            by_layer(
                ((view.layer, view.head, view.credit) for view in self.heads),
                columns=[str(head) for head in range(1 + max(view.head for view in self.heads))],
                axis="head",
                unit=self.unit,
                title=f"What heads add to the {self.readout.title}",
            )
        )

    def __repr__(self) -> str:
        best = max(self.heads, key=lambda view: abs(view.credit))
        return f"Attention({len(self.heads)} heads; largest {best.name} {best.credit:+.2f} logits)"


@prompted
def attention(
    prompt: Prompt,
    target: str | int | None = None,
    *,
    layer: int | None = None,
    head: int | None = None,
    cross: bool = False,
    encoder: bool = False,
    position: int | None = None,
    reference: str = "mean",
    versus: str | int | None = None,
) -> Attention:
    """Patterns of heads at a position, and what each source token adds to the readout through them.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: as in `readout`, like `position`, `reference` and `versus`.
        layer: only this layer; None takes all.
        head: only this head of each layer chosen; with `layer`, the whole pattern is kept as well (of a recorded run,
            if that keeps all positions).
        cross: of an encoder-decoder, the heads of its cross-attention, which look at the source.
        encoder: of an encoder-decoder, the heads of its encoder. They attend from every position of the source: their
            pattern is the mean, and what a source token adds is what its value carries on through the encoder and
            cross-attention, with patterns and the scales of norms frozen (as in `input_credit`).

    Raises:
        InputError: cross-attention or an encoder of a model that has none, or both at once; a layer or head that does
            not exist, a bad prompt, target or position, or a run of another model.
    """
    model = prompt.model
    if (cross or encoder) and model.encoder is None:
        what = "cross-attention" if cross else "encoder beside a decoder"
        raise InputError(f"{model.name} has no {what}: it is {model.alone}.")
    if cross and encoder:
        raise InputError("Expected heads of cross-attention or of the encoder, found both: ask for one of them.")
    check_has_layers(model)
    if encoder:
        place = prompt.place(position)
        run = prompt.recorded([place])
        return _inside(readout(run, target, position=place, reference=reference, versus=versus), layer, head)
    layers = _chosen("layer", layer, model.layers)
    heads = _chosen("head", head, model.heads)
    one = layer is not None and head is not None
    position = prompt.place(position)
    asked = one and prompt.run is None
    # Patterns of all heads and layers are kept together; of a long prompt that one head is made by itself.
    alone = asked and not cross and len(prompt.tokens) > CHUNK
    run = prompt.recorded(None if asked and not alone else [position])
    read = readout(run, target, position=position, reference=reference, versus=versus)
    ledger = decompose(read, by="source")
    row = run.row(position)
    kind = "cross_attention" if cross else "head"
    sources = {segment.layer: segment.values for segment in ledger.segments if segment.kind == kind}
    patterns = {i: _pattern(run, i, cross=cross) for i in layers}
    views = tuple(_view(patterns[i][h, row], sources[i][h], i, h, cross=cross) for i in layers for h in heads)
    whole = len(run.positions) == len(run.tokens)
    if not (one and (whole or alone)):
        return Attention(run, read, ledger, views, matrix=None, norms=None)
    matrix = patterns[layers[0]][heads[0]] if whole else whole_pattern(run, layers[0], heads[0])
    norms = _norms(run, layers[0], heads[0], cross=cross)
    return Attention(run, read, ledger, views, matrix, norms)


def _inside(read: Readout, layer: int | None, head: int | None) -> Attention:
    """Heads of the encoder."""
    run = read.run.encoder
    layers, heads = _chosen("layer", layer, run.model.layers), _chosen("head", head, run.model.heads)
    given, patterns = heads_in_encoder(read), {i: heads_of(run, i).pattern for i in layers}
    views = tuple(
        replace(_view(patterns[i][h].double().mean(0), given[i][h].cpu().numpy(), i, h, cross=False), encoder=True)
        for i in layers
        for h in heads
    )
    matrix = norms = None
    if layer is not None and head is not None:
        matrix, norms = patterns[layers[0]][heads[0]], _norms(run, layers[0], heads[0], cross=False)
    return Attention(read.run, read, input_credit(read, source=run), views, matrix, norms)


def _chosen(what: str, index: int | None, count: int) -> list[int]:
    if index is None:
        return list(range(count))
    if not -count <= index < count:
        raise InputError(f"There is no {what} {index}: expected 0 to {count - 1}.")
    return [index % count]


def _pattern(run: Run, layer: int, *, cross: bool) -> Float[Tensor, "head query key"]:
    return _heads(run, layer, cross=cross).pattern


def _heads(run: Run, layer: int, *, cross: bool) -> Heads:
    part = run.layers[layer]
    heads = part.cross_heads if cross else part.heads
    assert heads is not None
    return heads


@torch.inference_mode()
def _norms(run: Run, layer: int, head: int, *, cross: bool) -> Float[Tensor, "source"]:
    model, block = run.model, run.model.blocks[layer]
    found = block.cross if cross else block
    assert found is not None
    w_o = found.output_by_head[head]
    value = _heads(run, layer, cross=cross).value
    return (value[head * len(value) // model.heads].double() @ w_o.double()).norm(dim=-1)


def _view(
    pattern: Float[Tensor, "key"], contribution: Float[np.ndarray, "key"], layer: int, head: int, *, cross: bool
) -> HeadView:
    return HeadView(
        layer=layer,
        head=head,
        cross=cross,
        credit=float(contribution.sum()),
        pattern=pattern.double().cpu().numpy(),
        contribution=contribution,
    )
