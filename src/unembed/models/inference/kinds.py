"""What a write is, told by runs of the tiny copy in which what its sublayer reads is disturbed.

Neurons, and an MLP of any kind, give the same at a token whatever the others are. What other tokens move is a mixer.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from unembed.errors import ModelError
from unembed.models.hooks import on_call, on_keywords, on_output
from unembed.models.inference.structure import Structure, Write
from unembed.models.inference.value_path import ValuePath, value_path
from unembed.models.layers import projection

_STREAM = "hidden_states"
"""What transformers calls the stream, where a module is given it by a keyword."""
_ROUTED = 3
"""What experts are called with that tell what each adds: the stream, the experts chosen, and their weights."""
_NOISE = 0.5


def kinds_told(copy: Any, structure: Structure, inputs: Mapping[str, Any]) -> Structure:
    """The structure with the kinds of its writes that only runs can tell: mixers, and MLPs that are one term."""
    trial = _Trial(copy, structure, inputs)
    told = (replace(write, kind=_kind(trial, write)) for write in structure.writes)
    by_module = groupby(told, key=lambda write: (write.block, write.module))
    joined = [x for _, found in by_module for x in _joined([*found])]
    by_block = groupby(joined, key=lambda write: write.block)
    writes = [x for _, found in by_block for x in _in_two_places(found)]
    return replace(structure, writes=tuple(replace(x, splits=_splits(trial, x)) for x in writes))


def _splits(trial: "_Trial", write: Write) -> bool:
    """Whether what a mixer takes from each token is told apart."""
    inside = write.matrix.startswith(f"{write.sublayer}.")
    if write.kind != "mixer" or write.beside or write.changed or not inside or not trial.is_matrix(write):
        return False
    return trial.value_path(write) is not None


def _kind(trial: "_Trial", write: Write) -> Any:
    if write.kind == "heads":
        return "heads"
    if trial.moves(write, own=False):
        return "mixer"
    whole = write.kind == "mixer" and trial.moves(write, own=True)
    opaque = not trial.is_matrix(write) if write.kind == "neurons" else trial.called_with(write) != _ROUTED
    return "whole" if whole or (write.kind != "mixer" and (write.changed or opaque)) else write.kind


def _joined(writes: Sequence[Write]) -> Sequence[Write]:
    """The writes of one module: one, where it is a mixer or a whole, or of several matrices (experts one by one)."""
    kinds = [x.kind for x in writes]
    one = next((x for kind in ("mixer", "whole") for x in writes if x.kind == kind), None)
    if one is None and max(kinds.count("neurons"), kinds.count("experts")) > 1:
        one = replace(writes[0], kind="whole")
    return writes if one is None else [one]


def _in_two_places(writes: Iterable[Write]) -> list[Write]:
    """The writes of a block, in the two places that a row has: what mixes tokens, and the MLP.

    A second mixer stands in the place of an MLP where there is none (RWKV). Modules that write in one place are one
    term together (Falcon-H1).
    """
    mixing, thinking = [], []
    for write in writes:
        (mixing if write.kind in ("heads", "mixer") else thinking).append(write)
    if not thinking and len(mixing) == 2:
        thinking = [replace(mixing.pop(), kind="whole")]
    return sorted(_together(mixing, "mixer") + _together(thinking, "whole"), key=lambda write: write.joins)


def _together(writes: list[Write], kind: Any) -> list[Write]:
    others = list(dict.fromkeys(write.module for write in writes))[1:]
    if not others or len({write.scale for write in writes}) > 1:
        return writes
    return [replace(writes[0], kind=kind, beside=tuple(others))]


class _Trial:
    """Runs of a copy in which sublayers are watched: all of them once, and one at a time when it is disturbed."""

    def __init__(self, copy: Any, structure: Structure, inputs: Mapping[str, Any]) -> None:
        self.copy, self.blocks, self.inputs = copy, structure.blocks, inputs
        self._plain: dict[Any, Tensor] = {}
        with ExitStack() as stack:
            for part in {self._part(x, x.sublayer) for x in structure.writes if x.kind != "heads"}:
                on_output(stack, part, partial(self._keep, part))
            self._run()

    def moves(self, write: Write, *, own: bool) -> bool:
        """Whether noise at the last token, or at the others, moves what a sublayer gives at the last."""
        sublayer, moved = self._part(write, write.sublayer), []
        with ExitStack() as stack:
            on_call(stack, sublayer, lambda args, _: (_disturbed(args[0], own), *args[1:]) if args else None)
            on_keywords(stack, sublayer, lambda named: {k: _disturbed(x, own, k == _STREAM) for k, x in named.items()})
            on_output(stack, sublayer, lambda out: moved.append(_last(out)))
            self._run()
        plain = self._plain[sublayer]
        return bool((moved[-1] - plain).abs().max() > 1e-6 * plain.abs().max())

    def is_matrix(self, write: Write) -> bool:
        """Whether the rows of a matrix are known, which each neuron writes."""
        try:
            return projection(self._part(write, write.matrix)).ndim == 2
        except ModelError:
            return False

    def called_with(self, write: Write) -> int:
        """How many things a module of experts is called with, one after the other."""
        called: list[int] = []
        with ExitStack() as stack:
            on_call(stack, self._part(write, write.matrix), lambda args, _: called.append(len(args)))
            self._run()
        return called[-1] if called else 0

    def value_path(self, write: Write) -> ValuePath | None:
        """The path from the values of a mixer to its output matrix."""
        part, called = self._part(write, write.sublayer), []
        with ExitStack() as stack:
            on_call(stack, part, lambda args, named: called.append((args, dict(named))))
            self._run()
        return value_path(part, self._part(write, write.matrix), *called[-1], widen=True)

    def _part(self, write: Write, path: str) -> Any:
        return self.copy.get_submodule(f"{self.blocks}.{write.block}.{path}")

    def _keep(self, part: Any, out: Tensor) -> None:
        self._plain[part] = _last(out)

    def _run(self) -> None:
        with torch.no_grad():
            self.copy(**self.inputs)


def _last(out: Tensor) -> Tensor:
    """What stands at the last position."""
    return out.reshape(-1, out.shape[-1])[-1].clone()


def _disturbed(x: Any, own: bool, changes: bool = True) -> Any:
    """A stream with noise at the last position, or at each other; anything else as it is."""
    if not changes or not isinstance(x, Tensor) or x.ndim < 3:
        return x
    noise = torch.zeros_like(x)
    noise[:, -1 if own else slice(-1)] = _NOISE
    return x + noise
