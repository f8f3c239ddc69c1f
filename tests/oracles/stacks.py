"""Counterfactual versions of models with several stacks, the long way: the whole module, once a version, with hooks.

It shares no code with the engine of `unembed`: where parts are is a table of its own, queries, keys, values and
patterns are changed in a wrapper around the eager attention of the modeling file, all else in hooks. The encoder runs
anew in every version, and the decoder reads what it gives.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

Function = Callable[[Tensor], Tensor]
"""From `position *value` to the same."""


@dataclass(frozen=True)
class Stack:
    """Where the parts of a stack are: the list of blocks, and within a block."""

    blocks: str
    attention: str = "self_attn"
    out: str = "self_attn.out_proj"
    mlp: str = "fc2"
    down: str = "fc2"
    cross: str | None = None
    cross_out: str | None = None
    heads: str = "num_heads"
    """The attribute of the attention that counts its heads."""
    write: str | None = None
    """What gives the attention's write; None where the attention does."""


def _bart(blocks: str) -> dict[str, Stack]:
    cross = {"cross": "encoder_attn", "cross_out": "encoder_attn.out_proj"}
    return {"encoder": Stack("model.encoder.layers"), "decoder": Stack(blocks, **cross)}


def _masked(blocks: str, attention: str, out: str, down: str, heads: str = "num_attention_heads") -> dict[str, Stack]:
    """The one stack of a masked language model, whose layers write by their output projections."""
    return {"encoder": Stack(blocks, attention, out, down, down, heads=heads, write=out)}


_BERT = ("attention.self", "attention.output.dense", "output.dense")
_T5 = {"attention": "layer.0.SelfAttention", "out": "layer.0.SelfAttention.o", "heads": "n_heads"}


STACKS: dict[str, dict[str, Stack]] = {
    **{name: _bart("model.decoder.layers") for name in ("bart", "mbart", "marian", "whisper")},
    "t5": {
        "encoder": Stack("encoder.block", mlp="layer.1.DenseReluDense", down="layer.1.DenseReluDense.wo", **_T5),
        "decoder": Stack(
            "decoder.block",
            mlp="layer.2.DenseReluDense",
            down="layer.2.DenseReluDense.wo",
            cross="layer.1.EncDecAttention",
            cross_out="layer.1.EncDecAttention.o",
            **_T5,
        ),
    },
    **{name: _masked(f"{name}.encoder.layer", *_BERT) for name in ("bert", "roberta", "electra")},
    "xlm-roberta": _masked("roberta.encoder.layer", *_BERT),
    "deberta-v2": _masked("deberta.encoder.layer", *_BERT),
    "distilbert": _masked("distilbert.transformer.layer", "attention", "attention.out_lin", "ffn.lin2", "n_heads"),
    "albert": _masked(
        "albert.encoder.albert_layer_groups",
        "albert_layers.0.attention",
        "albert_layers.0.attention.dense",
        "albert_layers.0.ffn_output",
    ),
    "modernbert": {"encoder": Stack("model.layers", "attn", "attn.Wo", "mlp", "mlp.Wo")},
}


@dataclass(frozen=True)
class Change:
    """One edit: which entries of which tensor, and what happens to them."""

    stack: str
    kind: str
    layer: int
    positions: tuple[int, ...]
    function: Function
    index: tuple[int, ...] = ()


Key = tuple[str, str, int]
"""Stack, kind and layer."""


@dataclass
class StackRerun:
    """One run of a module with changes. `seen` has every quantity, `position *whole`, before its changes."""

    module: Any
    changes: Sequence[Change] = ()
    seen: dict[Key, Tensor] = field(default_factory=dict)

    def __call__(self, **inputs: Tensor) -> Tensor:
        """Logits at every position."""
        before = self.module.config._attn_implementation
        self.module.set_attn_implementation("eager")
        self.hidden: dict[tuple[str, int], Tensor] = {}
        self.place: dict[nn.Module, tuple[str, int, str]] = {}
        try:
            with ExitStack() as stack, torch.no_grad():
                for name, row in STACKS[self.module.config.model_type].items():
                    for layer, block in enumerate(self.module.get_submodule(row.blocks)):
                        self._hook(stack, name, layer, block, row)
                self._wrap_attention(stack)
                more = {"use_cache": False} if "decoder_input_ids" in inputs else {}
                return self.module(**inputs, **more).logits[0]
        finally:
            self.module.set_attn_implementation(before)

    def touch(self, key: Key, x: Tensor) -> Tensor:
        self.seen[key] = x.detach().clone()
        for change in self.changes:
            if (change.stack, change.kind, change.layer) == key:
                where = (torch.tensor(change.positions), *change.index)
                x = x.clone()
                x[where] = change.function(x[where])
        return x

    # Streams, writes, heads and neurons

    def _hook(self, stack: ExitStack, name: str, layer: int, block: nn.Module, row: Stack) -> None:
        def before(_: nn.Module, args: tuple, kwargs: dict) -> Any:
            kwargs = dict(kwargs)
            x = args[0] if args else kwargs.pop("hidden_states")
            self.hidden[name, layer] = new = self.touch((name, "resid_pre", layer), x[0])
            return (new[None], *args[1:]), kwargs

        stack.enter_context(block.register_forward_pre_hook(before, with_kwargs=True))
        cross = [("cross_", row.cross, row.cross_out, None)] if row.cross else []
        for prefix, path, out, write in [("", row.attention, row.out, row.write), *cross]:
            attention = block.get_submodule(path)
            self.place[attention] = (name, layer, prefix)
            heads = getattr(attention, row.heads, None) or self.module.config.num_attention_heads
            write = block.get_submodule(row.write) if row.write else attention
            self._output(stack, write, lambda x, p=prefix: self._write(name, layer, p, x))
            self._input(stack, block.get_submodule(out), lambda x, p=prefix, n=heads: self._z(name, layer, p, n, x))
        self._output(stack, block.get_submodule(row.mlp), lambda x: self.touch((name, "mlp_write", layer), x))
        self._input(stack, block.get_submodule(row.down), lambda x: self.touch((name, "neuron", layer), x))
        self._output(stack, block, lambda x: self.touch((name, "resid_post", layer), x))

    def _write(self, name: str, layer: int, prefix: str, x: Tensor) -> Tensor:
        x = self.touch((name, f"{prefix}attention_write", layer), x)
        if prefix or (len(STACKS[self.module.config.model_type]) > 1 and name == "decoder"):
            return x
        hidden = self.hidden[name, layer]
        return self.touch((name, "resid_mid", layer), hidden + x) - hidden

    def _z(self, name: str, layer: int, prefix: str, heads: int, x: Tensor) -> Tensor:
        return self.touch((name, f"{prefix}z", layer), x.unflatten(-1, (heads, -1))).reshape(x.shape)

    def _output(self, stack: ExitStack, module: nn.Module, edit: Function) -> None:
        def after(_: nn.Module, args: Any, out: Any) -> Any:
            x = out[0] if isinstance(out, tuple) else out
            new = edit(x.reshape(-1, x.shape[-1])).reshape(x.shape)
            return (new, *out[1:]) if isinstance(out, tuple) else new

        stack.enter_context(module.register_forward_hook(after))

    def _input(self, stack: ExitStack, module: nn.Module, edit: Function) -> None:
        def before(_: nn.Module, args: tuple) -> Any:
            x = args[0]
            return (edit(x.reshape(-1, x.shape[-1])).reshape(x.shape), *args[1:])

        stack.enter_context(module.register_forward_pre_hook(before))

    # Inside attention

    def _wrap_attention(self, stack: ExitStack) -> None:
        file = sys.modules[type(next(iter(self.place))).__module__]
        if hasattr(file, "DisentangledSelfAttention"):
            for module in self.place:
                stack.callback(delattr, module, "forward")
                module.forward = partial(self._forward, module)
            return
        own = file.eager_attention_forward

        def wrapped(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Any, **kwargs: Any) -> Any:
            if module not in self.place:
                return own(module, query, key, value, mask, **kwargs)
            return self._touched(module, lambda *heads: own(module, *heads, mask, **kwargs), query, key, value)

        file.eager_attention_forward = wrapped
        stack.callback(setattr, file, "eager_attention_forward", own)

    def _touched(self, module: nn.Module, own: Callable[..., Any], query: Tensor, key: Tensor, value: Tensor) -> Any:
        name, layer, prefix = self.place[module]

        def touched(kind: str, x: Tensor) -> Tensor:
            return self.touch((name, prefix + kind, layer), x[0].transpose(0, 1)).transpose(0, 1)[None]

        query, key, value = touched("query", query), touched("key", key), touched("value", value)
        z, pattern = own(query, key, value)
        new = self.touch((name, f"{prefix}pattern", layer), pattern[0].transpose(0, 1))
        mixed = torch.einsum("qhk,hkd->qhd", new - pattern[0].transpose(0, 1), value[0])
        return z + mixed[None], pattern

    def _forward(self, module: Any, hidden: Tensor, _: Tensor, *__: Any, rel_embeddings: Tensor, **___: Any) -> Any:
        """DeBERTa's attention, of one text without padding."""
        heads = module.num_attention_heads
        projections = (module.query_proj, module.key_proj, module.value_proj)
        split = [by_head(x(hidden), heads) for x in projections]
        z, pattern = self._touched(module, partial(_disentangled, module, rel_embeddings), *split)
        return z.flatten(-2), pattern


def by_head(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(-3, -2)


def _disentangled(module: Any, embeddings: Tensor, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """He et al., *DeBERTa: Decoding-enhanced BERT with Disentangled Attention* (2021), equation 4, pair by pair.

    score[i, j] = (q_i . k_j + q_i . k^r[d(i, j)] + k_j . q^r[d(j, i)]) / sqrt(3 d_head)
    """
    length, span, width = query.shape[2], module.pos_ebd_size, query.shape[3]
    file = sys.modules[type(module).__module__]
    distance = file.build_relative_position(query, key, module.position_buckets, module.max_relative_positions)[0]
    shared = module.share_att_key
    ends = (module.query_proj, module.key_proj) if shared else (module.pos_query_proj, module.pos_key_proj)
    of_position = [by_head(x(embeddings), module.num_attention_heads) for x in ends]
    root = float(torch.tensor(3.0 * width).sqrt())  # the module takes it in float32
    scores = torch.empty_like(query[0] @ key[0].transpose(1, 2))
    for i in range(length):
        for j in range(length):
            at = [min(max(int(x) + span, 0), 2 * span - 1) for x in (distance[i, j], -distance[j, i])]
            content = (query[0, :, i] * key[0, :, j]).sum(-1)
            place = (query[0, :, i] * of_position[1][:, at[0]]).sum(-1)
            other = (key[0, :, j] * of_position[0][:, at[1]]).sum(-1)
            scores[:, i, j] = (content + place + other) / root
    pattern = scores.softmax(-1)
    return (pattern @ value[0]).transpose(0, 1)[None], pattern[None]
