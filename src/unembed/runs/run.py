"""Run: one recorded run that counterfactual versions can start from.

Besides the trace it keeps how each block was called and what its attention read: with that, a block can be run again
on a changed stream, from any layer and position on, while what came before is taken from here (counterfactual.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError
from unembed.models.layers import expert_activation
from unembed.models.model import Model
from unembed.models.sites import Site, experts_of, neurons_of, resolve
from unembed.runs.record import record_runs
from unembed.runs.trace import BlockCall, ExpertInputs, Heads, Trace


@dataclass(frozen=True)
class Run:
    """A recorded run. Made by `base_run` or `base_runs`."""

    trace: Trace
    calls: tuple[BlockCall, ...]
    final: Float[Tensor, "position d_model"]
    """The stream after the last block, at every position."""

    @property
    def model(self) -> Model:
        """The model that ran."""
        return self.trace.model

    @property
    def tokens(self) -> tuple[int, ...]:
        """The prompt."""
        return self.trace.tokens

    @property
    def length(self) -> int:
        """Of the prompt, in tokens."""
        return len(self.trace.tokens)

    def __repr__(self) -> str:
        return f"Run({self.trace!r})"

    def stream(self, layer: int) -> Float[Tensor, "position d_model"]:
        """The stream before block `layer`; for `layer == model.layers`, after the last block."""
        return self.final if layer == self.model.layers else self.calls[layer].args[0][0]

    def at(self, site: Site) -> Float[Tensor, "position *value"]:
        """The value of a site in this run, one row a position of the site.

        Raises:
            InputError: there is no such site, or the run kept its part at other positions only.
        """
        site = resolve(site, self.model, self.length)
        assert site.positions is not None
        if site.kind in ("pattern", "cross_pattern"):
            return self._pattern(site)
        where = torch.tensor(site.positions, device=self.model.device)
        return self.whole(site.kind, site.layer, where)[(slice(None), *site.index)]

    def _pattern(self, site: Site) -> Tensor:
        heads = self._heads(site.layer) if site.kind == "pattern" else self._cross_heads(site.layer)
        pattern = heads.pattern[site.head, self._rows(site.positions or ())]
        return pattern if site.source is None else pattern[:, site.source]

    @torch.no_grad()
    def whole(self, kind: str, layer: int, positions: Tensor) -> Tensor:
        """A quantity with all its heads, neurons or experts, at some positions."""
        call = self.calls[layer]
        if kind in ("resid_pre", "resid_post"):
            return self.stream(layer if kind == "resid_pre" else layer + 1)[positions]
        if kind in ("query", "key", "cross_query", "cross_key"):
            return getattr(call, kind)[:, positions].transpose(0, 1)
        if kind == "value":
            return self._heads(layer).value[:, positions].transpose(0, 1)
        if kind == "cross_value":
            return self._cross_heads(layer).value[:, positions].transpose(0, 1)
        rows = self._rows(positions.tolist())
        part = self.trace.layers[layer]
        if kind == "z":
            return self._heads(layer).z[rows]
        if kind == "cross_z":
            return self._cross_heads(layer).z[rows]
        if kind == "cross_attention_write":
            return part.write("cross_attention")[rows]
        if kind == "resid_mid":
            return self.stream(layer)[positions] + part.attention_write[rows]
        if kind in ("neuron", "expert"):
            return self._mlp_inside(kind, layer, rows)
        return getattr(part, kind)[rows]

    def _mlp_inside(self, kind: str, layer: int, rows: Tensor) -> Tensor:
        neurons = self.trace.layers[layer].neurons
        assert neurons is not None
        if isinstance(neurons, Tensor):
            return neurons[rows]
        inputs = ExpertInputs(neurons.hidden[rows], neurons.index[rows], neurons.weight[rows])
        if kind == "expert":
            return router_weights(inputs, experts_of(self.model, layer))
        return expert_neurons(self.model, layer, inputs)

    def _heads(self, layer: int) -> Heads:
        heads = self.trace.layers[layer].heads
        assert heads is not None
        return heads

    def _cross_heads(self, layer: int) -> Heads:
        heads = self.trace.layers[layer].cross_heads
        assert heads is not None
        return heads

    def _rows(self, positions: Sequence[int]) -> Tensor:
        missing = [p for p in positions if p not in self._row_of]
        if missing:
            raise InputError(
                f"This run kept its parts at positions {list(self.trace.positions)} only, not at {missing}.\n"
                "Record it with positions=None to keep all."
            )
        return torch.tensor([self._row_of[p] for p in positions], dtype=torch.long, device=self.model.device)

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {position: row for row, position in enumerate(self.trace.positions)}

    def keeps(self, positions: Sequence[int]) -> bool:
        """Whether the parts of the sublayers were kept at all of these positions."""
        return all(p in self._row_of for p in positions)


def base_run(model: Model, prompt: str | Sequence[int], *, positions: Sequence[int] | None = None) -> Run:
    """Run the model once and keep what counterfactual versions of the run need.

    Args:
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        positions: where logits, writes, patterns and activations are kept; None keeps all. The stream, queries, keys
            and values are kept at every position in any case.

    Raises:
        InputError: a bad prompt or position.
        ModelError: the run gave numbers that are not finite.
    """
    return base_runs(model, [prompt], positions=positions)[0]


def base_runs(
    model: Model, prompts: Sequence[str | Sequence[int]], *, positions: Sequence[int] | None = None
) -> tuple[Run, ...]:
    """As `base_run`, for prompts of equal length in one forward pass: cheaper than one after the other.

    Raises:
        InputError: a bad prompt or position, or prompts of different length.
        ModelError: the run gave numbers that are not finite.
    """
    return tuple(Run(*recorded) for recorded in record_runs(model, prompts, positions=positions))


def run_of(model: Model, prompt: str | Sequence[int] | Run, *, positions: Sequence[int] | None = None) -> Run:
    """The run that a prompt stands for: itself, if it is a run of this model; else it is recorded (`base_run`).

    Raises:
        InputError: as `base_run`; a run of another model, of another source, or from before its weights were edited.
        ModelError: as `base_run`.
    """
    if not isinstance(prompt, Run):
        return base_run(model, prompt, positions=positions)
    prompt.trace.check_made_by(model)
    return prompt


def at_positions(
    x: Any, positions: Int[Tensor, "token"], length: int, source: Float[Tensor, "1 source d_model"] | None = None
) -> Any:
    """Arguments of a module with those that run over positions (position ids, rotary pairs) taken at some of them.

    The module then sees `token` positions in a row. A mask is left as it is: attention takes the base run's. So are the
    states of a source.
    """
    if isinstance(x, dict):
        return {name: at_positions(value, positions, length, source) for name, value in x.items()}
    if isinstance(x, tuple | list):
        return type(x)(at_positions(value, positions, length, source) for value in x)
    if not isinstance(x, Tensor) or x.ndim == 4:
        return x
    if source is not None and x.shape == source.shape and x.data_ptr() == source.data_ptr():
        return x
    if x.ndim == 1 and len(x) == length:
        return x[positions]
    return x[:, positions] if x.ndim > 1 and x.shape[:2] == (1, length) else x


def router_weights(inputs: ExpertInputs, experts: int) -> Float[Tensor, "query expert"]:
    """The router's weights with a column for every expert, 0 where it was not chosen."""
    weights = inputs.weight.new_zeros(len(inputs.index), experts)
    return weights.scatter_add(1, inputs.index, inputs.weight)


def expert_neurons(model: Model, layer: int, inputs: ExpertInputs) -> Float[Tensor, "query expert neuron"]:
    """The activations of every expert's neurons, 0 for experts that were not chosen."""
    experts = model.blocks[layer].experts
    found = inputs.hidden.new_zeros(len(inputs.hidden), experts_of(model, layer), neurons_of(model, layer))
    for expert in inputs.index.unique().tolist():
        rows = (inputs.index == expert).any(1).nonzero()[:, 0]
        found[rows, expert] = expert_activation(experts, expert, inputs.hidden[rows])
    return found
