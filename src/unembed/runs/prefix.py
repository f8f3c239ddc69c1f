"""prefix: the first tokens of a run, as a run.

Later tokens act on none before them, so what a run holds of its first `n` tokens is a run of them: the model's own
numbers for the *whole* prompt. A run of the first tokens alone differs where the length of the prompt changes what the
model does (lengths.py).
"""

from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from unembed.runs.kept import BlockCall, Entering, ExpertInputs, Heads, Layer, at_positions
from unembed.runs.run import Run

_T = TypeVar("_T")


def prefix(run: Run, length: int) -> Run:
    """The first `length` tokens of a run that keeps all its calls; the run itself if it has no more. Kept with the run.

    Args:
        run: keeps one of these positions at least.
        length: in tokens.

    Raises:
        InputError: only the stream of the run was kept.
    """
    run.check_has_calls()
    if length >= run.length:
        return run
    key = prefix.__name__, length
    if key not in run.kept:
        run.kept[key] = _prefix(run, length)
    return run.kept[key]


def asked_at(run: Run, position: int) -> Run:
    """The run with the question asked at a position: its prefix that ends there, or, where later positions act on
    earlier ones, the same run.

    Raises:
        InputError: only the stream of the run was kept.
    """
    if not run.model.bidirectional:
        return prefix(run, position + 1)
    run.check_has_calls()
    key = asked_at.__name__, position
    if key not in run.kept:
        run.kept[key] = replace(run, question=position)
    return run.kept[key]


def _prefix(run: Run, length: int) -> Run:
    kept = [row for row, position in enumerate(run.positions) if position < length]
    rows = torch.tensor(kept, dtype=torch.long, device=run.model.device)

    def at(x: Tensor | None) -> Any:
        return None if x is None else x[rows]

    return replace(
        run,
        tokens=run.tokens[:length],
        positions=tuple(run.positions[row] for row in kept),
        layers=tuple(_layer(layer, rows, length) for layer in run.layers),
        calls=tuple(_call(run, call, rows, length) for call in run.calls),
        whole_final=None if run.whole_final is None else run.whole_final[:length],
        text=None,
        messages=(),
        roles=run.roles[:length],
        beginning_of=run if run.beginning_of is None else run.beginning_of,
        **{name: at(getattr(run, name)) for name in _BY_ROW},
    )


_BY_ROW = ("embedding", "position_embedding", "final", "normed", "uncapped_logits", "logits", "embedding_normed")
"""What a run has one row of for each position it keeps."""


def _layer(layer: Layer, rows: Tensor, length: int) -> Layer:
    neurons = layer.neurons
    if isinstance(neurons, ExpertInputs):
        neurons = ExpertInputs(neurons.hidden[rows], neurons.index[rows], neurons.weight[rows])
    elif neurons is not None:
        neurons = neurons[rows]

    def at(x: Tensor | None) -> Any:
        return None if x is None else x[rows]

    return Layer(
        attention_write=layer.attention_write[rows],
        mlp_write=layer.mlp_write[rows],
        attention_output=at(layer.attention_output),
        mlp_output=at(layer.mlp_output),
        cross_write=at(layer.cross_write),
        heads=_heads(layer.heads, rows, length),
        neurons=neurons,
        shared=at(layer.shared),
        cross_heads=_heads(layer.cross_heads, rows, None),
        normed={stage: x[rows] for stage, x in layer.normed.items()},
    )


def _heads(heads: Heads | None, rows: Tensor, length: int | None) -> Heads | None:
    """Keys of a cross-attention are positions of the source, which are all kept (`length` None)."""
    if heads is None:
        return None
    entered = None if heads.entered is None else heads.entered[rows]
    return Heads(heads.pattern[:, rows, :length], heads.value[:, :length], heads.z[rows], entered)


def _call(run: Run, call: BlockCall, rows: Tensor, length: int) -> BlockCall:
    def cut(x: _T) -> _T:
        return _cut(x, run, length)

    stream = call.stream
    everywhere, lengths = (None if x is None else x[:length] for x in (stream.everywhere, stream.lengths))
    return BlockCall(
        Entering(stream.kept[rows], everywhere, lengths),
        cut(call.args),
        cut(call.kwargs),
        cut(call.attention_args),
        cut(call.attention_kwargs),
        call.query[:, rows],
        call.key[:, :length],
        cut(call.mask),
        None if call.cross_query is None else call.cross_query[:, rows],
        call.cross_key,
        cut(call.cross_mask),
    )


def _cut(x: Any, run: Run, length: int) -> Any:
    """Arguments of a module, of the first positions; masks and position biases too."""
    if isinstance(x, dict):
        return {name: _cut(value, run, length) for name, value in x.items()}
    if isinstance(x, tuple | list):
        return type(x)(_cut(value, run, length) for value in x)
    if isinstance(x, Tensor) and x.ndim == 4:
        x = x[..., :length, :] if x.shape[-2] == run.length else x
        return x[..., :length] if x.shape[-1] == run.length else x
    source = run.model.source
    first = torch.arange(length, device=run.model.device)
    return at_positions(x, first, run.length, None if source is None else source.states)
