"""Gains: fixed vectors and numbers by which a block multiplies the stream and its writes, and what it adds to them.

In most models a block adds what is written to its stream as it is. In some it does, at each of its two writes,

    stream' = g * stream + s * write + c        per dimension, with vectors g, s, c that no prompt changes

Doge has `g` as a parameter, Beam as a number that depends on the layer, GPT-NeoX Japanese has a bias `c` outside of its
modules. The same is `g * (stream + (s / g) * write) + c`: a write that is multiplied by `s / g`, and then a norm of the
stream without a scale, of the gain `g` and the shift `c`. So ledgers need nothing of their own for it.

Like norms, gains are read by probing, not by knowing the code: the module runs on two tokens while what enters a block,
and what its parts write, is set to ones or zeros. That they are such is proved by the load check.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import ModelError
from unembed.models.forward import call
from unembed.models.hooks import first_of, on_call, on_output, on_pass, one_at_a_time
from unembed.models.model import Block, Model, Stage
from unembed.models.norms import Norm, no_norm
from unembed.models.reprs import Brief

_TOKENS = 2
_Probe = tuple[float, float, float]
"""What the stream that enters every block, its attention write and its MLP write are set to."""


@dataclass(frozen=True, repr=False)
class _Gain(Brief):
    """`stream' = of_stream * stream + of_write * write + added`."""

    of_stream: Float[Tensor, "d_model"]
    of_write: Float[Tensor, "d_model"]
    added: Float[Tensor, "d_model"]


def with_gains(model: Model) -> Model:
    """The model with the gains of its blocks, where its row says that they have some (`Family.gains`).

    Raises:
        ModelError: a block takes the stream away (a gain of 0), or gives no finite numbers.
    """
    if not model.family.gains:
        return model
    probes = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    start, middle, end = zip(*(_seen(model, probe) for probe in probes), strict=True)
    blocks = []
    for index, block in enumerate(model.blocks):
        zero, stream, attention, _ = (x[index] for x in middle)
        first = _Gain(stream - zero, attention - zero, zero)
        zero, _, attention, mlp = (x[index] for x in end)
        of_stream = (attention - zero) / first.of_write  # what the MLP's addition does to a stream of attention alone
        second = _Gain(of_stream, mlp - zero, zero - of_stream * first.added)
        blocks.append(_with_gains(model, block, {"attention": first, "mlp": second}))
    return replace(model, blocks=tuple(blocks), embedding_norm=_of_embeddings(model, start[0], start[1]))


def _of_embeddings(model: Model, zero: Tensor, one: Tensor) -> Norm | None:
    """The gain of the embeddings of the tokens (Zaya), where nothing else is added to them or norms them."""
    family = model.family
    beside = (family.position_embedding, family.token_type_embedding, family.embedding_projection, model.embedding_norm)
    gain = (one - zero) / model.embedding_scale
    plain = bool((gain == 1).all() and (zero == 0).all())
    if plain or family.computed_positions or any(x is not None for x in beside):
        return model.embedding_norm
    return replace(no_norm(gain), gain=gain, shift=zero)


def _seen(model: Model, probe: _Probe) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """The stream that enters the first block, and in the middle and at the end of each, of a run in which what enters
    and what writes is set; embeddings are set to what enters.
    """
    start: list[Tensor] = []
    middle: list[Tensor] = []
    end: list[Tensor] = []
    entering, attention, mlp = probe
    ids = torch.zeros((1, _TOKENS), dtype=torch.long, device=model.device)
    with torch.no_grad(), one_at_a_time, ExitStack() as stack:
        on_output(stack, model.embed, lambda out: torch.full_like(out, entering))
        on_call(stack, model.blocks[0].module, lambda args, _: start.append(_last(args[0])))
        for block in model.blocks:
            on_call(stack, block.module, partial(_set_first, entering))
            on_output(stack, block.attention_write, lambda out: torch.full_like(out, attention))
            on_output(stack, block.mlp_write, lambda out: torch.full_like(out, mlp))
            on_call(stack, _middle(model, block), lambda args, named: middle.append(_last(_given(args, named))))
            on_pass(stack, block.module, lambda _, out: end.append(_last(first_of(out))))
        call(model, ids)
    return start[0], middle, end


def _set_first(value: float, args: tuple[Any, ...], _: Mapping[str, Any]) -> tuple[Any, ...]:
    return (torch.full_like(args[0], value), *args[1:])


def _given(args: tuple[Any, ...], named: Mapping[str, Any]) -> Tensor:
    return args[0] if args else named["hidden_states"]


def _last(x: Tensor) -> Tensor:
    return x.reshape(-1, x.shape[-1])[-1].double()


def _middle(model: Model, block: Block) -> nn.Module:
    if block.middle is None:
        raise ModelError(
            f"The row of {model.family.model_type} says that blocks have gains, and names no `middle`: the module "
            "through which the MLP reads the stream (docs/families.md)."
        )
    return block.middle


def _with_gains(model: Model, block: Block, gains: Mapping[Stage, _Gain]) -> Block:
    norms: dict[Stage, tuple[nn.Module, Norm]] = {}
    scales: dict[Stage, Tensor] = {}
    for stage, gain in gains.items():
        if not bool(torch.isfinite(gain.added).all() and (gain.of_stream != 0).all()):
            raise ModelError(
                f"A block of {model.name} multiplies its stream by 0 or by what is not finite before the {stage} "
                "writes, so it does not pass all of it on."
            )
        scales[stage] = gain.of_write / gain.of_stream
        if not bool((gain.of_stream == 1).all() and (gain.added == 0).all()):
            plain = no_norm(gain.added)
            norms[stage] = block.module, replace(plain, gain=gain.of_stream, shift=gain.added)
    scales = {stage: x for stage, x in scales.items() if not bool((x == 1).all())}
    return replace(
        block,
        stream_norms=norms,
        write_scales=scales,
        attention_norm=_times(block.attention_norm, scales.get("attention")),
        mlp_norm=_times(block.mlp_norm, scales.get("mlp")),
    )


def _times(norm: Norm | None, scale: Tensor | None) -> Norm | None:
    if scale is None:
        return norm
    norm = no_norm(scale) if norm is None else norm
    return replace(norm, gain=norm.gain * scale, shift=norm.shift * scale)
