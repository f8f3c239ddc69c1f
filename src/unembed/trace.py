"""Trace: one recorded run. The only file that touches hooks and the attention interface.

The Hugging Face module runs unmodified. Forward hooks keep what its parts write to the stream; keys, values and
patterns come from `transformers`' attention interface, where one registered function calls the module's own eager
attention, so that soft-caps, sinks, relative biases, grouped queries and sliding windows need no code here.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from unembed.errors import InputError, ModelError
from unembed.model import Block, Model

_INTERFACE = "unembed"
_one_at_a_time = threading.Lock()
"""Hooks and the choice of attention belong to a module, not to a thread: recorded runs of a process take turns."""


@dataclass(frozen=True)
class Heads:
    """What the attention heads of one layer did at the kept positions."""

    pattern: Float[Tensor, "head query key"]
    """Attention probabilities, after mask, soft-cap and sink."""
    value: Float[Tensor, "kv_head key d_head"]
    """At every source position; head `h` reads `value[h * kv_head // head]`."""
    z: Float[Tensor, "query head d_head"]
    """The mix of values before the output projection: `z = pattern @ value`."""


@dataclass(frozen=True)
class ExpertInputs:
    """What entered the experts of a mixture at the kept positions."""

    hidden: Float[Tensor, "query d_model"]
    index: Int[Tensor, "query slot"]
    """The experts the router chose."""
    weight: Float[Tensor, "query slot"]
    """Their router weights."""


@dataclass(frozen=True)
class Layer:
    """What one block did at the kept positions."""

    attention_write: Float[Tensor, "query d_model"]
    mlp_write: Float[Tensor, "query d_model"]
    attention_output: Float[Tensor, "query d_model"] | None
    """Before the post-norm, in a block that has one; else None."""
    mlp_output: Float[Tensor, "query d_model"] | None
    heads: Heads | None
    neurons: Float[Tensor, "query neuron"] | ExpertInputs | None
    """Neuron activations (what enters the down projection), or a mixture's inputs."""


@dataclass(frozen=True)
class Trace:
    """One run, kept at `positions`. Made by `record`; axes named `query` run over `positions`."""

    model: Model
    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    embedding: Float[Tensor, "query d_model"]
    position_embedding: Float[Tensor, "query d_model"] | None
    layers: tuple[Layer, ...]
    final: Float[Tensor, "query d_model"]
    """The stream after the last block, as the final norm read it."""
    normed: Float[Tensor, "query d_model"]
    """What the final norm made of it."""
    uncapped_logits: Float[Tensor, "query vocab"]
    """What the unembedding gave, before a soft-cap."""
    logits: Float[Tensor, "query vocab"]
    """The model's own logits."""

    def __repr__(self) -> str:
        kept = "all positions" if len(self.positions) == len(self.tokens) else f"positions {list(self.positions)}"
        return f"Trace({self.model.name}, {len(self.tokens)} tokens, {kept} kept)"

    def row(self, position: int) -> int:
        """The index on the `query` axis of a position (negative counts from the end).

        Raises:
            InputError: out of range, or not kept in this trace.
        """
        absolute = absolute_position(position, len(self.tokens))
        if absolute not in self.positions:
            raise InputError(
                f"Position {absolute} was not kept in this trace (kept: {list(self.positions)}).\n"
                "Record with positions=None to keep all."
            )
        return self.positions.index(absolute)

    def stream(self) -> Float[Tensor, "layer_plus_one query d_model"]:
        """`resid_pre` of each layer, and last the stream after all of them, summed from the recorded writes."""
        start = self.embedding if self.position_embedding is None else self.embedding + self.position_embedding
        states = [start]
        for layer in self.layers:
            states.append(states[-1] + layer.attention_write + layer.mlp_write)
        return torch.stack(states)


def absolute_position(position: int, length: int) -> int:
    """`position` counted from the start.

    Raises:
        InputError: out of range.
    """
    if not -length <= position < length:
        raise InputError(f"Position {position} is outside the prompt: expected {-length} to {length - 1}.")
    return position % length


def tokenize(model: Model, prompt: str | Sequence[int]) -> tuple[int, ...]:
    """Token ids of a prompt, checked against the model's limits.

    Raises:
        InputError: empty, longer than the context, ids outside the vocabulary, or text without a tokenizer.
    """
    if isinstance(prompt, str):
        if model.tokenizer is None:
            raise InputError(f"{model.name} has no tokenizer: give token ids instead of text.")
        tokens = tuple(model.tokenizer(well_formed(prompt))["input_ids"])
    else:
        tokens = tuple(int(token) for token in prompt)
    if not tokens:
        raise InputError("The prompt is empty: expected at least one token.")
    if model.context is not None and len(tokens) > model.context:
        raise InputError(f"The prompt has {len(tokens)} tokens, but {model.name} reads at most {model.context}.")
    outside = [token for token in tokens if not 0 <= token < model.vocab]
    if outside:
        raise InputError(f"Token ids {outside[:5]} are outside the vocabulary of {model.vocab} tokens.")
    return tokens


def well_formed(text: str) -> str:
    """`text`, if it can be written in UTF-8.

    Raises:
        InputError: it cannot; the bytes it was read from were none.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"Expected text in UTF-8, found {text[error.start]!r} at character {error.start}.") from error
    return text


def record(
    model: Model,
    prompt: str | Sequence[int],
    *,
    positions: Sequence[int] | None = None,
    keep: str = "all",
) -> Trace:
    """Run the model once and keep what a decomposition needs.

    Args:
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        positions: where to keep writes, patterns and activations (negative counts from the end); None keeps all. The
            values of every source position are kept in any case.
        keep: "all", or "stream" for the writes of the sublayers only.

    Returns:
        The trace. With `keep="all"` its logits equal the module's own with eager attention bit for bit; with "stream"
        the module runs with the attention it was loaded with.

    Raises:
        InputError: a bad prompt or position.
        ModelError: the run gave numbers that are not finite.
    """
    tokens = tokenize(model, prompt)
    length = len(tokens)
    if keep not in ("all", "stream"):
        raise InputError(f"Expected keep='all' or 'stream', found {keep!r}.")
    chosen = range(length) if positions is None else (absolute_position(p, length) for p in positions)
    kept = tuple(dict.fromkeys(chosen))
    if not kept:
        raise InputError("No position is kept: expected at least one, or positions=None for all.")
    recorder = _Recorder(model, kept, whole=kept == tuple(range(length)))
    ids = torch.tensor([tokens], device=model.device)
    with torch.inference_mode(), recorder.installed(heads_and_neurons=keep == "all"):
        logits = model.module(ids, use_cache=False, logits_to_keep=torch.tensor(kept, device=model.device)).logits[0]
    return _finite(recorder.trace(tokens, kept, logits))


def record_next(model: Model, tokens: Sequence[int], cache: Any = None) -> tuple[Trace, Any]:
    """Run the tokens that the key-value cache does not hold yet; keep the stream at the last position.

    Returns:
        The trace of that position (as `record(..., positions=[-1], keep="stream")`), and the cache with all tokens.
    """
    known = 0 if cache is None else cache.get_seq_length()
    ids = torch.tensor([tokens[known:]], device=model.device)
    last = ids.shape[1] - 1
    recorder = _Recorder(model, (last,), whole=last == 0)
    with torch.inference_mode(), recorder.installed(heads_and_neurons=False):
        output = model.module(ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    trace = recorder.trace(tuple(tokens), (len(tokens) - 1,), output.logits[0])
    return _finite(trace), output.past_key_values


def _finite(trace: Trace) -> Trace:
    if not bool(torch.isfinite(trace.logits).all()):
        raise ModelError(_where_not_finite(trace))
    return trace


@dataclass
class _Recorder:
    model: Model
    positions: tuple[int, ...]
    whole: bool
    slots: dict[tuple[int, str], Any] = field(default_factory=dict)

    @contextmanager
    def installed(self, *, heads_and_neurons: bool) -> Iterator[None]:
        with _one_at_a_time, ExitStack() as stack:
            self._hook_ends(stack)
            for layer, block in enumerate(self.model.blocks):
                self._hook_writes(stack, layer, block)
                if heads_and_neurons:
                    self._hook_neurons(stack, layer, block)
            if heads_and_neurons:
                stack.enter_context(_observed_attention(self.model, self._keep_heads()))
            yield

    def _hook_ends(self, stack: ExitStack) -> None:
        module, family = self.model.module, self.model.family
        self._hook_output(stack, module.get_submodule(family.embedding), (-1, "embedding"))
        if family.position_embedding is not None:
            self._hook_output(stack, module.get_submodule(family.position_embedding), (-1, "position_embedding"))
        final_norm = module.get_submodule(family.final_norm)
        self._hook_input(stack, final_norm, (-1, "final"))
        self._hook_output(stack, final_norm, (-1, "normed"))
        self._hook(stack, self.model.unembed, lambda _, args, out: self._put((-1, "logits"), out[0]))

    def _hook_writes(self, stack: ExitStack, layer: int, block: Block) -> None:
        self._hook_output(stack, block.attention_write, (layer, "attention_write"))
        self._hook_output(stack, block.mlp_write, (layer, "mlp_write"))
        if block.attention_norm is not None:
            self._hook_input(stack, block.attention_write, (layer, "attention_output"))
        if block.mlp_norm is not None:
            self._hook_input(stack, block.mlp_write, (layer, "mlp_output"))

    def _hook_neurons(self, stack: ExitStack, layer: int, block: Block) -> None:
        if block.experts is None:
            assert block.down_projection is not None
            self._hook_input(stack, block.down_projection, (layer, "neurons"))
            return

        def keep(_: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
            hidden, index, weight = args
            self._put((layer, "neurons"), ExpertInputs(self._at(hidden), self._at(index), self._at(weight)))

        self._hook(stack, block.experts, keep)

    def _keep_heads(self) -> "Callable[..., None]":
        layer_of = {block.attention: layer for layer, block in enumerate(self.model.blocks)}

        def keep(module: nn.Module, value: Tensor, pattern: Tensor, z: Tensor) -> None:
            kept = Heads(pattern=self._select(pattern[0], 1), value=value[0], z=self._select(z[0]))
            self._put((layer_of[module], "heads"), kept)

        return keep

    def _hook(self, stack: ExitStack, module: nn.Module, hook: Callable[..., None]) -> None:
        stack.enter_context(module.register_forward_hook(hook))  # type: ignore[arg-type]

    def _hook_output(self, stack: ExitStack, module: nn.Module, slot: tuple[int, str]) -> None:
        def keep(_: nn.Module, args: object, out: Any) -> None:
            self._put(slot, self._at(out[0] if isinstance(out, tuple) else out))

        self._hook(stack, module, keep)

    def _hook_input(self, stack: ExitStack, module: nn.Module, slot: tuple[int, str]) -> None:
        self._hook(stack, module, lambda _, args, out: self._put(slot, self._at(args[0])))

    def _at(self, x: Tensor) -> Tensor:
        """The kept positions of a batch of one, whether or not the model has flattened it."""
        return self._select(x.reshape(-1, x.shape[-1]))

    def _select(self, x: Tensor, axis: int = 0) -> Tensor:
        return x if self.whole else x.index_select(axis, self.index.to(x.device))

    @cached_property
    def index(self) -> Int[Tensor, "query"]:
        return torch.tensor(self.positions, device=self.model.device)

    def _put(self, slot: tuple[int, str], value: Any) -> None:
        self.slots[slot] = value

    def trace(self, tokens: tuple[int, ...], positions: tuple[int, ...], logits: Tensor) -> Trace:
        get = self.slots.get
        return Trace(
            model=self.model,
            tokens=tokens,
            positions=positions,
            embedding=self.slots[-1, "embedding"],
            position_embedding=get((-1, "position_embedding")),
            layers=tuple(
                Layer(
                    attention_write=self.slots[layer, "attention_write"],
                    mlp_write=self.slots[layer, "mlp_write"],
                    attention_output=get((layer, "attention_output")),
                    mlp_output=get((layer, "mlp_output")),
                    heads=get((layer, "heads")),
                    neurons=get((layer, "neurons")),
                )
                for layer in range(self.model.layers)
            ),
            final=self.slots[-1, "final"],
            normed=self.slots[-1, "normed"],
            uncapped_logits=self.slots[-1, "logits"],
            logits=logits,
        )


def _where_not_finite(trace: Trace) -> str:
    head = f"{trace.model.name} gave logits that are not finite (NaN or infinity)"
    if not bool(torch.isfinite(trace.embedding).all()):
        return f"{head}, and so is the embedding of the prompt: its weights are damaged."
    for index, layer in enumerate(trace.layers):
        for part, write in (("attention", layer.attention_write), ("MLP", layer.mlp_write)):
            if not bool(torch.isfinite(write).all()):
                return (
                    f"{head}; the first such write is the {part} of layer {index}. Its weights are damaged or overflow."
                )
    return f"{head}, although every block wrote finite numbers: the embedding, final norm or unembedding is damaged."


# The attention interface of transformers calls one function by name; the observer of the current run is found here.
_observer: ContextVar[Callable[..., None] | None] = ContextVar("observer", default=None)


@contextmanager
def _observed_attention(model: Model, observe: Callable[..., None]) -> Iterator[None]:
    """Show `observe(module, value, pattern, z)` every attention of the model in this context."""
    restore = _observe_inner(model) if model.family.inner_attention else _observe_interface(model)
    token = _observer.set(observe)
    try:
        yield
    finally:
        _observer.reset(token)
        restore()


def _observe_interface(model: Model) -> Callable[[], None]:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    AttentionInterface.register(_INTERFACE, _attention)
    AttentionMaskInterface.register(_INTERFACE, eager_mask)
    config, before = model.config, model.config._attn_implementation
    config._attn_implementation = _INTERFACE

    def restore() -> None:
        config._attn_implementation = before

    return restore


def _attention(module: nn.Module, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, **kwargs: Any) -> Any:
    """The module's own eager attention, shown to the observer."""
    eager = sys.modules[type(module).__module__].eager_attention_forward
    z, pattern = eager(module, query, key, value, mask, **kwargs)
    observe = _observer.get()
    if observe is not None:
        observe(module, value, pattern, z)
    return z, pattern


def _observe_inner(model: Model) -> Callable[[], None]:
    """For models that bypass the interface: shadow the inner method on each attention module."""
    name = model.family.inner_attention
    assert name is not None
    modules = [block.attention for block in model.blocks]
    for module in modules:
        setattr(module, name, _observed_method(module, getattr(module, name)))

    def restore() -> None:
        for module in modules:
            delattr(module, name)

    return restore


def _observed_method(module: nn.Module, method: Callable[..., Any]) -> Callable[..., Any]:
    def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Any:
        z, pattern = method(query, key, value, mask)
        observe = _observer.get()
        if observe is not None:
            observe(module, value, pattern, z.transpose(1, 2))
        return z, pattern

    return attend
