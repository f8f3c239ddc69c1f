"""Counterfactual versions of a run, the long way: the whole module on the whole prompt, once a version.

It shares no code with the engine of `unembed`: hooks on the unmodified module (found by the table of `oracle`), and a
wrapper around the eager attention of its modeling file (GPT-Neo: its inner method) for what lies between projections.
Each change is a function of the value it finds, applied in order, straight-line. Experts are recomputed with loops.

`exactly()` takes the float32 out of `transformers`: its RMSNorms, softmaxes and rotary angles compute in float32
whatever the dtype of the model, so two correct ways to run one float64 model agree to 1e-7 only; in this context they
stay in float64, and agree to float64 rounding.

`jitter` multiplies streams and writes by `1 ± jitter`, and errs as much in edits that subtract: how far that moves the
logits measures how much the model amplifies relative errors, and so how far rounding may move them.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

from oracles import oracle
from oracles.parts import PARTS

Function = Callable[[Tensor], Tensor]
"""From `position *value` to the same."""
ATTENTION = ("query", "key", "value", "pattern")
WHOLE = (*ATTENTION, "z", "resid_pre", "resid_mid", "resid_post", "attention_write", "mlp_write", "neuron", "expert")


@dataclass(frozen=True)
class Change:
    """One edit: which entries of which tensor, and what happens to them."""

    kind: str
    layer: int
    positions: tuple[int, ...]
    function: Function
    index: tuple[int, ...] = ()
    """Head (and source), or (expert and) neuron."""
    cancels: bool = False
    """Whether it subtracts, so that its rounding is relative to what it found, not to what it leaves."""


@dataclass
class Rerun:
    """One run of a module with changes. `seen` has each quantity that was asked for, before its changes."""

    module: Any
    changes: Sequence[Change] = ()
    watch: tuple[str, ...] = ()
    jitter: float = 0.0
    seen: dict[tuple[str, int], Tensor] = field(default_factory=dict)

    def __call__(self, tokens: Sequence[int], *, grad: bool = False) -> Tensor:
        """Logits at every position."""
        self.parts = PARTS[self.module.config.model_type]
        self.blocks = list(self.module.get_submodule(self.parts.blocks))
        self.random = torch.Generator().manual_seed(1)
        self.hidden: dict[int, Tensor] = {}
        with oracle.eager(self.module), ExitStack() as stack, torch.set_grad_enabled(grad):
            for layer, block in enumerate(self.blocks):
                self._hook_block(stack, layer, block)
                self._hook_mlp(stack, layer, block)
            if any(self.touched(kind) for kind in ATTENTION):
                self._wrap_attention(stack)
            return self.module(torch.tensor([list(tokens)]), use_cache=False).logits[0]

    def touched(self, kind: str, layer: int | None = None) -> bool:
        at = (change.layer for change in self.changes if change.kind == kind)
        return kind in self.watch or any(layer in (None, found) for found in at)

    def touch(self, kind: str, layer: int, x: Tensor) -> Tensor:
        """A named tensor, `position *whole`, with its changes."""
        if kind in self.watch:
            self.seen[kind, layer] = x.detach().clone()
        for change in self.changes:
            if (change.kind, change.layer) == (kind, layer):
                where = (torch.tensor(change.positions), *change.index)
                found = x[where]
                x = x.clone()
                new = change.function(found.double()).to(x.dtype)
                x[where] = new + (self._shaken(found) - found) if change.cancels and self.jitter else new
        return x

    def _shaken(self, x: Tensor) -> Tensor:
        if not self.jitter:
            return x
        signs = torch.randint(0, 2, x.shape, generator=self.random, dtype=torch.int8).to(x.dtype) * 2 - 1
        return x * (1 + self.jitter * signs)

    # Streams and writes

    def _hook_block(self, stack: ExitStack, layer: int, block: nn.Module) -> None:
        def before(_: nn.Module, args: tuple, kwargs: dict) -> Any:
            new = self.touch("resid_pre", layer, args[0][0])
            self.hidden[layer] = new = self._shaken(new)
            return (new[None], *args[1:]), kwargs

        stack.enter_context(block.register_forward_pre_hook(before, with_kwargs=True))
        write = block.get_submodule(self.parts.attention_norm or self.parts.attention)
        self._hook_output(stack, write, lambda x: self._attention_write(layer, x))
        write = block.get_submodule(self.parts.mlp_norm or self.parts.mlp)
        self._hook_output(stack, write, lambda x: self._shaken(self.touch("mlp_write", layer, x)))
        self._hook_output(stack, block, lambda x: self._shaken(self.touch("resid_post", layer, x)))
        if self.touched("z", layer):
            out = block.get_submodule(self.parts.out)
            heads = self.module.config.num_attention_heads
            self._hook_input(
                stack, out, lambda x: self.touch("z", layer, x.reshape(len(x), heads, -1)).reshape(x.shape)
            )

    def _attention_write(self, layer: int, write: Tensor) -> Tensor:
        write = self._shaken(self.touch("attention_write", layer, write))
        if self.touched("resid_mid", layer):
            # What is written is a difference; its rounding stays when the stream is added again.
            middle = self.touch("resid_mid", layer, self.hidden[layer] + write)
            write = self._shaken(middle - self.hidden[layer])
        return write

    def _hook_output(self, stack: ExitStack, module: nn.Module, edit: Function) -> None:
        def after(_: nn.Module, args: Any, out: Any) -> Any:
            x = oracle.first(out)
            new = edit(x.reshape(-1, x.shape[-1])).reshape(x.shape)
            return (new, *out[1:]) if isinstance(out, tuple) else new

        stack.enter_context(module.register_forward_hook(after))

    def _hook_input(self, stack: ExitStack, module: nn.Module, edit: Function) -> None:
        def before(_: nn.Module, args: tuple) -> Any:
            x = args[0]
            return (edit(x.reshape(-1, x.shape[-1])).reshape(x.shape), *args[1:])

        stack.enter_context(module.register_forward_pre_hook(before))

    # Neurons and experts

    def _hook_mlp(self, stack: ExitStack, layer: int, block: nn.Module) -> None:
        experts = getattr(block.get_submodule(self.parts.mlp), "experts", None)
        if experts is None:
            if self.touched("neuron", layer):
                down = block.get_submodule(self.parts.down)
                self._hook_input(stack, down, lambda x: self.touch("neuron", layer, x))
        elif self.touched("neuron", layer) or self.touched("expert", layer):

            def after(_: nn.Module, args: tuple, out: Tensor) -> Tensor:
                return self._experts(layer, experts, *args).reshape(out.shape).to(out.dtype)

            stack.enter_context(experts.register_forward_hook(after))

    def _experts(self, layer: int, experts: Any, hidden: Tensor, index: Tensor, weight: Tensor) -> Tensor:
        count = experts.down_proj.shape[0]
        weights = weight.new_zeros(len(hidden), count)
        chosen = torch.zeros(len(hidden), count, dtype=torch.bool)
        for token in range(len(hidden)):
            for slot, expert in enumerate(index[token].tolist()):
                weights[token, expert] = weight[token, slot]
                chosen[token, expert] = True
        weights = self.touch("expert", layer, weights)
        chosen = chosen | (weights != 0)
        inside = [self._activations(experts, expert, hidden) for expert in range(count)]
        neurons = torch.stack(inside, 1) * chosen[..., None]
        neurons = self.touch("neuron", layer, neurons)
        out = torch.zeros_like(hidden)
        for expert in range(count):
            out = out + weights[:, expert, None] * self._down(experts, expert, neurons[:, expert])
        return out

    def _activations(self, experts: Any, expert: int, hidden: Tensor) -> Tensor:
        if self.parts.mixture == "gpt_oss":
            both = hidden @ experts.gate_up_proj[expert] + experts.gate_up_proj_bias[expert]
            gate, up = both[:, 0::2].clamp(max=7.0), both[:, 1::2].clamp(-7.0, 7.0)
            return gate / (1 + torch.exp(-1.702 * gate)) * (up + 1)
        both = hidden @ experts.gate_up_proj[expert].T
        gate, up = both[:, : both.shape[1] // 2], both[:, both.shape[1] // 2 :]
        return gate / (1 + torch.exp(-gate)) * up

    def _down(self, experts: Any, expert: int, neurons: Tensor) -> Tensor:
        if self.parts.mixture == "gpt_oss":
            return neurons @ experts.down_proj[expert] + experts.down_proj_bias[expert]
        return neurons @ experts.down_proj[expert].T

    # Inside attention

    def _wrap_attention(self, stack: ExitStack) -> None:
        modules = [block.get_submodule(self.parts.attention) for block in self.blocks]
        layer_of = {module: layer for layer, module in enumerate(modules)}
        if hasattr(modules[0], "_attn"):
            for layer, module in enumerate(modules):
                module._attn = self._inner(layer, module._attn)
                stack.callback(delattr, module, "_attn")
            return
        file = sys.modules[type(modules[0]).__module__]
        own = file.eager_attention_forward

        def wrapped(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Any, **kwargs: Any) -> Any:
            layer = layer_of[module]
            query, key, value = self._read(layer, query, key, value)
            z, pattern = own(module, query, key, value, mask, **kwargs)
            z = z.clone()
            self._pattern(layer, pattern, value, z)
            return z, pattern

        file.eager_attention_forward = wrapped
        stack.callback(setattr, file, "eager_attention_forward", own)

    def _inner(self, layer: int, method: Callable[..., Any]) -> Callable[..., Any]:
        def inner(query: Tensor, key: Tensor, value: Tensor, mask: Any = None) -> Any:
            query, key, value = self._read(layer, query, key, value)
            z, pattern = method(query, key, value, mask)
            z = z.transpose(1, 2).clone()
            self._pattern(layer, pattern, value, z)
            return z.transpose(1, 2), pattern

        return inner

    def _read(self, layer: int, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        named = (("query", query), ("key", key), ("value", value))
        return [self.touch(kind, layer, x[0].transpose(0, 1)).transpose(0, 1)[None] for kind, x in named]

    def _pattern(self, layer: int, pattern: Tensor, value: Tensor, z: Tensor) -> None:
        if not self.touched("pattern", layer):
            return
        new = self.touch("pattern", layer, pattern[0].transpose(0, 1)).to(value.dtype)
        group = pattern.shape[1] // value.shape[1]
        for head in range(pattern.shape[1]):
            z[0, :, head] = new[:, head] @ value[0, head // group]


_FLOAT = Tensor.float


def _in_float64(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which leaves float64 what it is where float32 is asked for."""

    def kept(*args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], Tensor) and args[0].dtype == torch.float64:
            if function is _FLOAT:
                return args[0]
            args = tuple(torch.float64 if x is torch.float32 else x for x in args)
            kwargs = {name: torch.float64 if x is torch.float32 else x for name, x in kwargs.items()}
        return function(*args, **kwargs)

    return kept


_ROUND = [
    (home, name, _in_float64(getattr(home, name)))
    for home, names in (
        (Tensor, ("float", "to", "type", "softmax")),
        (torch, ("softmax",)),
        (nn.functional, ("softmax",)),
    )
    for name in names
]
"""What rounds, with what stands for it; a mode of torch would be asked of every other function as well."""


@contextmanager
def exactly() -> Iterator[None]:
    """What would be rounded to float32 stays in float64, in this context."""
    with ExitStack() as stack:
        for home, name, kept in _ROUND:
            stack.enter_context(mock.patch.object(home, name, kept))
        yield


def amplification(module: Any, tokens: Sequence[int], changes: Sequence[Change], logits: Tensor) -> Tensor:
    """By how much relative errors in streams and writes grow on their way to the logits of each position."""
    size = 2.0**-26
    with exactly():
        moved = Rerun(module, changes, jitter=size)(tokens)
    return (moved - logits).abs().amax(-1) / size
