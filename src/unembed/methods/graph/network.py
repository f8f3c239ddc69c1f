"""network: a whole run made linear, and the readout of a logit pulled back through it: what everything in it is worth.

With patterns, the scales of norms and the gates of MLPs held (frozen_stack.py, frozen_mlps.py), a readout `w . x` of
the last stream becomes one of every stream below, down to what enters the first block:

    logit  =  sum over positions of  w0 . (embedding there)  +  what biases and shifts add

and the worth of a part is `w . write` with the `w` of the place where it writes. One pass from the last block down.

Of two prompts what is read is the difference of their streams and writes, by the readouts of the first prompt's run.
What is held differs between the runs as well, so that the words alone do not tell all:

    m(prompt) - m(other)  =  sum over positions of  w0 . (embedding there - the other's)  +  held

with `held` what the first run's network makes of the other's words, less what the other run made of them: all that
patterns, scales and gates which came out otherwise add.
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.methods.circuits.frozen_stack import FrozenHeads, FrozenLayer, FrozenStack
from unembed.methods.graph.explained import Explained
from unembed.methods.graph.frozen_mlps import FrozenMlp, Layouts, Rule, frozen_mlp
from unembed.models.reprs import Brief
from unembed.runs.kept import Heads
from unembed.runs.run import Run


@dataclass(repr=False)
class PulledBlock(Brief):
    """The readouts of what a block writes, as the pass met them."""

    mlp: FrozenMlp | None = None
    at_mlp: Tensor = field(default_factory=lambda: torch.empty(0))
    """What reads the MLP's write, `position d_model`."""
    folded: list[Tensor] = field(default_factory=list)
    """What reads its activations, `row neuron` for each of its `Neurons`."""
    below_mlp: Tensor = field(default_factory=lambda: torch.empty(0))
    """What reads the stream through it, `position d_model`."""
    mlp_constant: Tensor = field(default_factory=lambda: torch.empty(0))
    """What biases of what it reads add, `position`."""
    at_attention: Tensor = field(default_factory=lambda: torch.empty(0))
    heads: Tensor = field(default_factory=lambda: torch.empty(0))
    """What reads the mixes of heads, `position head d_head`."""
    at_cross: Tensor = field(default_factory=lambda: torch.empty(0))
    cross_heads: Tensor = field(default_factory=lambda: torch.empty(0))


@dataclass(repr=False)
class OtherStack(Brief):
    """What the blocks did in the run of another prompt."""

    stack: FrozenStack
    mlps: tuple[FrozenMlp | None, ...]


@dataclass(repr=False)
class PulledStack(Brief):
    """A stack of blocks with the readouts of all that it writes."""

    stack: FrozenStack
    blocks: list[PulledBlock]
    entering: Float[Tensor, "position d_model"]
    """What reads the stream that enters the first block."""
    other: OtherStack | None = None
    """Where the difference to another prompt is read."""

    @property
    def run(self) -> Run:
        """The run of the stack."""
        return self.stack.run

    @property
    def words(self) -> Float[Tensor, "position"]:
        """What the stream that enters the first block is worth at each position."""
        given = self.start if self.other is None else self.start - self.other.stack.streams[0].double()
        return (self.entering * given).sum(-1)

    @property
    def start(self) -> Float[Tensor, "position d_model"]:
        """The stream that enters the first block."""
        return self.stack.streams[0].double()

    def heads(self, layer: int, *, cross: bool = False) -> Heads:
        """What the heads of a block did."""
        part = self.run.layers[layer]
        found = part.cross_heads if cross else part.heads
        assert found is not None
        return found


@dataclass(repr=False)
class Network(Brief):
    """A run made linear, with the readouts of all that is in it. Made by `network`."""

    asked: Explained
    stacks: tuple[PulledStack, ...]
    """The model's own, and that of its encoder."""
    biases: float
    """What all biases, shifts and constants add together; nothing to a difference."""
    held: float
    """What patterns, scales and gates that are others in the run of another prompt add; 0 without one."""
    squares: float
    """Of the products that were summed: what rounding does to them is proportional to its root."""


@torch.no_grad()
def network(asked: Explained, rule: Rule) -> Network:
    """Pull what is explained back through a run made linear, down to its words.

    Raises:
        ModelError: an MLP is made in a way that is not known.
    """
    run, layouts = asked.run, Layouts()
    inside = None if run.model.encoder is None else FrozenStack(run.encoder)
    down = _Down(rule, layouts)
    own = FrozenStack(run, inside)
    start = torch.zeros(run.length, run.model.d_model, dtype=torch.float64, device=run.model.device)
    for read in asked.reads:
        start[read.position] += read.direction
        down.constant += sum(read.constants.values())
    stacks = [down.through(own, start)]
    if inside is not None:
        stacks.append(down.through(inside, down.of_encoder))
    if asked.other is None:
        return Network(asked, tuple(stacks), down.constant, 0.0, down.squares)
    (only,) = stacks
    only.other = _other(asked.other, rule, layouts)
    given = only.other.stack.streams[0].double()
    held = float((only.entering * given).sum()) + down.constant - asked.other_base
    return Network(asked, (only,), 0.0, held, down.squares + float((only.entering * given).square().sum()))


def _other(run: Run, rule: Rule, layouts: Layouts) -> OtherStack:
    return OtherStack(
        FrozenStack(run), tuple(frozen_mlp(run, index, rule, layouts) for index in range(run.model.layers))
    )


class _Down:
    """The pass through the blocks, the last first."""

    def __init__(self, rule: Rule, layouts: Layouts) -> None:
        self.rule: Rule = rule
        self.layouts = layouts
        self.constant, self.squares = 0.0, 0.0
        self.of_encoder = torch.zeros(0)
        """What reads the encoder's last states."""

    def through(self, stack: FrozenStack, w: Float[Tensor, "position d_model"]) -> PulledStack:
        """Down one stack."""
        blocks = []
        for index in reversed(range(len(stack.layers))):
            block, w = self._block(stack, index, w)
            blocks.append(block)
        self._meet(w, stack.streams[0])
        return PulledStack(stack, blocks[::-1], w)

    def _block(self, stack: FrozenStack, index: int, w: Tensor) -> tuple[PulledBlock, Tensor]:
        layer, part, pulled = stack.layers[index], stack.run.layers[index], PulledBlock()
        everywhere = torch.arange(len(w), device=w.device)
        self._meet(w, stack.streams[index + 1])
        of_input = torch.zeros_like(w)
        """What the MLP reads where it reads what attention does."""
        for stage in reversed(layer.stages):
            if stage in layer.norms:
                w, shift = layer.norms[stage].below(w, everywhere)
                self.constant += float(shift.sum())
            self._meet(w, part.write(stage))
            if stage == "mlp":
                self._mlp(stack, index, pulled, w)
                if pulled.mlp is not None and stack.run.model.parallel:
                    of_input = pulled.below_mlp
                elif pulled.mlp is not None:
                    w = w + pulled.below_mlp
            elif stage == "cross_attention":
                self._cross(layer, pulled, w)
            else:
                w = w + self._attention(layer, pulled, w)
        return pulled, w + of_input

    def _mlp(self, stack: FrozenStack, index: int, pulled: PulledBlock, w: Tensor) -> None:
        pulled.mlp, pulled.at_mlp = frozen_mlp(stack.run, index, self.rule, self.layouts), w
        if pulled.mlp is None:
            return
        before, written = pulled.mlp.through_post(w)
        pulled.folded = [neurons.folded(before) for neurons in pulled.mlp.neurons]
        pulled.below_mlp, pulled.mlp_constant = pulled.mlp.below(pulled.folded)
        self.constant += float(written.sum() + pulled.mlp_constant.sum())
        for neurons, each in zip(pulled.mlp.neurons, pulled.folded, strict=True):
            self._meet(each, neurons.activation)

    def _attention(self, layer: FrozenLayer, pulled: PulledBlock, w: Tensor) -> Float[Tensor, "position d_model"]:
        pulled.at_attention = w
        before, constant = layer.through_post(w, torch.arange(len(w), device=w.device))
        self.constant += float(constant.sum())
        pulled.heads, read, constant = _through(layer.attention, before)
        self.constant += constant
        return read

    def _cross(self, layer: FrozenLayer, pulled: PulledBlock, w: Tensor) -> None:
        assert layer.cross is not None
        pulled.at_cross = w
        if layer.cross.bias is not None:
            self.constant += float((w @ layer.cross.bias).sum())
        pulled.cross_heads, read, constant = _through(layer.cross, w)
        self.constant += constant
        self.of_encoder = read if self.of_encoder.numel() == 0 else self.of_encoder + read

    def _meet(self, w: Tensor, x: Tensor) -> None:
        """What is summed, for the tolerance."""
        self.squares += float((w * x.double()).square().sum())


def _through(heads: FrozenHeads, w: Float[Tensor, "position d_model"]) -> tuple[Tensor, Tensor, float]:
    """Readouts of what heads write as readouts of their mixes and of what they read, and what biases add."""
    folded = torch.einsum("pm,hdm->phd", w, heads.output)
    per_key = torch.einsum("hpk,phd->khd", heads.pattern.double(), folded)
    read = torch.einsum("khd,hmd->km", per_key, heads.matrix)
    constant = float((per_key * heads.constant).sum())
    if heads.read is None:
        return folded, read, constant
    below, shift = heads.read.below(read, torch.arange(len(read), device=read.device))
    return folded, below, constant + float(shift.sum())
