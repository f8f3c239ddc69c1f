"""Apart: the blocks of a model taken apart, so that each reader may be given a stream of its own.

The modules of the model do the work. Attention is called once for the streams of all its readers, packed into one
sequence, and each query head takes its query, key and value from its own; the rest of it is the module's own. Where its
layers make them head by head, no more than that is computed (head_layers.py). An MLP is
run by its block, whose attention gives nothing, on the stream that the MLP reads. What a head writes is `z W_O`, with
its share of the output bias, and through a post-norm with the scale that the sum of all heads has there.
"""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.methods.edges.head_layers import Columns, HeadLayer, Mixed, columns_by_head, give_heads, head_layers
from unembed.models.hooks import attending, on_output, one_at_a_time, replaced
from unembed.models.layers import bias
from unembed.models.model import Block, Model
from unembed.models.norms import Norm
from unembed.models.own_attention import OwnAttention, added
from unembed.models.unembedding import logits_of, normed
from unembed.runs.kept import at_positions
from unembed.runs.run import Run

Eager = Callable[..., tuple[Tensor, Tensor]]
"""A module's own attention: `(query, key, value, mask) -> (z, pattern)`."""
_Heads = tuple[Tensor, Tensor, Tensor]
"""Query, key and value, each `group text head position d_head`: head `h` is read in group `h % groups`."""


class Apart:
    """The blocks of the model of a run, for texts of its length."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.model: Model = run.model
        self.attention: Callable[[Eager, Tensor, Tensor, Tensor, Tensor | None], Tensor] = _own
        """What heads mix; another pass back may stand in its place (backward.py)."""
        self._outputs: dict[type, int | None] = {}
        self._columns: dict[tuple[Any, ...], Columns | None] = {}

    def heads(
        self, layer: int, streams: Float[Tensor, "input head text position d_model"]
    ) -> Float[Tensor, "head text position d_model"]:
        """What each head of a layer writes when its query, key and value read these streams."""
        return self.written(layer, self._mixed(layer, streams))

    def written(
        self, layer: int, z: Float[Tensor, "head text position d_head"]
    ) -> Float[Tensor, "head text position d_model"]:
        """What heads write that mix these values: `z W_O`, and what the sum of them makes of a post-norm."""
        block = self.model.blocks[layer]
        out = torch.einsum("hnpd,hdm->hnpm", z, block.output_by_head.to(z))
        shared = bias(block.output_projection)
        if shared is not None:
            out = out + shared.to(out) / len(out)
        norm, times = block.attention_norm, block.write_scale
        if norm is not None and not norm.identity:
            whole = out.sum(0)
            return _through(norm, out, whole, block.attention_write(whole) * times)
        return out if times == 1 else out * times

    def mlp(self, layer: int, stream: Float[Tensor, "text position d_model"]) -> Float[Tensor, "text position d_model"]:
        """What the MLP of a layer writes when it reads this stream."""
        block, found = self.model.blocks[layer], list[Tensor]()
        with one_at_a_time, ExitStack() as stack:
            replaced(stack, block.attention, partial(_nothing, self._outputs_of(layer)))
            on_output(stack, block.attention_write, torch.zeros_like)
            on_output(stack, block.mlp_write, lambda out: found.append(out))
            call = self.run.calls[layer]
            args, kwargs = self._packed(stream, call.args, call.kwargs)
            block.module(*args, **kwargs)
        out = found[0].reshape(stream.shape)
        return out if block.write_scale == 1 else out * block.write_scale

    def logits(self, stream: Float[Tensor, "*text d_model"], tokens: tuple[int, ...]) -> Float[Tensor, "*text token"]:
        """The logits of some tokens when the unembedding reads this stream."""
        return logits_of(self.model, normed(self.model, stream), tokens)

    # How modules are called

    def _packed(
        self, streams: Float[Tensor, "*text position d_model"], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments of a module that reads all texts as one sequence, each token with those of its position."""
        flat = streams.reshape(1, -1, streams.shape[-1])
        length = streams.shape[-2]
        where = torch.arange(length, device=flat.device).repeat(flat.shape[1] // length)
        return (flat, *at_positions(args, where, self.run.length)), at_positions(kwargs, where, self.run.length)

    def _mixed(self, layer: int, streams: Tensor) -> Float[Tensor, "head text position d_head"]:
        block, call, found = self.model.blocks[layer], self.run.calls[layer], list[Tensor]()
        layers = self._head_layers(layer)

        def attend(_: nn.Module, eager: OwnAttention, query: Tensor, key: Tensor, value: Tensor, mask: object) -> Any:
            arranged = _each_its_own if layers is None else _as_arranged
            found.append(_mix(partial(self.attention, eager), arranged(streams.shape, query, key, value), call.mask))
            raise Mixed

        norm = block.attention_input_norm
        with one_at_a_time, attending(self.model, attend), suppress(Mixed), ExitStack() as stack:
            read = streams if norm is None else norm(streams.reshape(1, -1, streams.shape[-1])).reshape(streams.shape)
            if layers is not None:
                read = give_heads(stack, layers, read)
            args, kwargs = self._packed(read, call.attention_args, call.attention_kwargs)
            block.attention(*args, **kwargs)
        return found[0]

    def _head_layers(self, layer: int) -> tuple[HeadLayer, ...] | None:
        """The layers that make queries, keys and values head by head; None where some mix heads."""
        attention = self.model.blocks[layer].attention
        kind = (type(attention), *(tuple(x.shape) for x in attention.parameters()))
        if kind not in self._columns:
            self._columns[kind] = columns_by_head(self.run, layer)
        columns = self._columns[kind]
        return None if columns is None else head_layers(attention, columns)

    def _outputs_of(self, layer: int) -> int | None:
        """How many outputs the attention of a block gives; None where it gives a tensor alone."""
        block = self.model.blocks[layer]
        if type(block.attention) not in self._outputs:
            self._outputs[type(block.attention)] = self._counted(layer, block)
        return self._outputs[type(block.attention)]

    def _counted(self, layer: int, block: Block) -> int | None:
        call, stream = self.run.calls[layer], self.run.before(layer)[None, :1]

        def attend(_: nn.Module, eager: object, query: Tensor, key: Tensor, value: Tensor, mask: object) -> Any:
            return value.new_zeros(1, query.shape[2], query.shape[1], value.shape[-1]), None

        with attending(self.model, attend):
            args, kwargs = self._packed(stream, call.attention_args, call.attention_kwargs)
            out = block.attention(*args, **kwargs)
        return len(out) if isinstance(out, tuple) else None


def _nothing(outputs: int | None, *args: Tensor, **kwargs: Tensor) -> Any:
    """Zeros of the shape of what an attention reads, with as many outputs as it has; None: the tensor alone."""
    zeros = torch.zeros_like(args[0] if args else kwargs["hidden_states"])
    return zeros if outputs is None else (zeros, *[None] * (outputs - 1))


def _through(
    norm: Norm, parts: Float[Tensor, "part *batch d_model"], whole: Tensor, made: Tensor
) -> Float[Tensor, "part *batch d_model"]:
    """What a norm that made `made` of `whole` made of its parts: without its shift, the same whatever they are."""
    found = norm.pushforward(parts, norm.scale(whole, made)).to(parts)
    # Some norms round to float32 in any model; the parts share what is rounded, so that they sum to what it made.
    return found + (made - norm.shift.to(made) - found.sum(0)) / len(parts)


def _each_its_own(shape: torch.Size, query: Tensor, key: Tensor, value: Tensor) -> _Heads:
    """Of projections of all streams, those that each query head takes from its own."""
    heads = torch.arange(query.shape[1], device=query.device)
    groups = query.shape[1] // key.shape[1]

    def own(x: Tensor, which: int) -> Tensor:
        each = x[0].unflatten(1, tuple(shape[:-1]))
        return each[heads * x.shape[1] // len(heads), which, heads].unflatten(0, (-1, groups))

    # A query head is alone with its key and value in its group: the module finds them where it looks for them.
    q = own(query, 0).flatten(0, 1).transpose(0, 1)
    k, v = (own(x, which).permute(1, 2, 0, 3, 4) for x, which in ((key, 1), (value, 2)))
    return q.expand(groups, *q.shape), k, v


def _as_arranged(shape: torch.Size, query: Tensor, key: Tensor, value: Tensor) -> _Heads:
    """Of projections that were made head by head (`give_heads`)."""
    groups = query.shape[1] // key.shape[1]
    q, k, v = (x[0].unflatten(1, (groups, *shape[2:-1])).permute(1, 2, 0, 3, 4) for x in (query, key, value))
    return q, k, v


def _own(eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    return eager(query, key, value, mask)[0]


def _mix(
    mixed: Callable[..., Tensor], heads: _Heads, mask: Tensor | None
) -> Float[Tensor, "head text position d_head"]:
    """What heads mix, by the module's own attention."""
    query, key, value = heads
    groups, length = len(query), query.shape[3]
    q, k, v = (x.flatten(0, 1) for x in (query, key, value))
    hides = added(mask, q, length, causal=True)
    z = mixed(q, k, v, None if hides is None else hides.expand(len(q), -1, -1, -1))
    own = z.unflatten(0, (groups, -1)).unflatten(3, (-1, groups)).diagonal(dim1=0, dim2=4)
    return own.permute(2, 4, 0, 1, 3).flatten(0, 1)
