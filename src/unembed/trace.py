"""Trace: one recorded run.

The Hugging Face module runs unmodified. Forward hooks keep what its parts write to the stream; values, patterns and
`z` come from the module's own eager attention (interface.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from unembed.errors import InputError, ModelError
from unembed.interface import Attend, Eager, attending, on_call, on_output, one_at_a_time
from unembed.model import Block, Model


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
class BlockCall:
    """How the model called one block, and what its attention read: all that a counterfactual walk needs of it."""

    args: tuple[Any, ...]
    """The first is the stream before the block, `1 position d_model`."""
    kwargs: dict[str, Any]
    attention_args: tuple[Any, ...]
    """How the block called its attention; see `attention_input`."""
    attention_kwargs: dict[str, Any]
    query: Float[Tensor, "head position d_head"]
    """As the scores read it: after norms and rotary embedding. So are the keys."""
    key: Float[Tensor, "kv_head position d_head"]
    mask: Tensor | None
    """Added to the scores: `1 1 position position`."""

    @property
    def attention_input(self) -> Float[Tensor, "position d_model"]:
        """What attention made its queries, keys and values of: the stream, normed where the family norms it."""
        found = self.attention_args[0] if self.attention_args else self.attention_kwargs["hidden_states"]
        return found[0]


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
    kept = _kept(positions, length)
    recorder = _Recorder(model, kept, whole=kept == tuple(range(length)))
    ids = torch.tensor([tokens], device=model.device)
    with torch.inference_mode(), _installed([recorder], heads_and_neurons=keep == "all"):
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
    with torch.inference_mode(), _installed([recorder], heads_and_neurons=False):
        output = model.module(ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    trace = recorder.trace(tuple(tokens), (len(tokens) - 1,), output.logits[0])
    return _finite(trace), output.past_key_values


def record_runs(
    model: Model, prompts: Sequence[str | Sequence[int]], *, positions: Sequence[int] | None = None
) -> "list[tuple[Trace, tuple[BlockCall, ...], Float[Tensor, 'position d_model']]]":
    """As `record`, and how each block was called, and the last stream at every position; prompts of equal length.

    They share one forward pass. The tensors may take part in later gradients (`record`'s may not). `base_runs` makes a
    `Run` of each.

    Raises:
        InputError: a bad prompt or position, or prompts of different length.
        ModelError: the run gave numbers that are not finite.
    """
    tokens = [tokenize(model, prompt) for prompt in prompts]
    lengths = [len(ids) for ids in tokens]
    if len(set(lengths)) != 1:
        raise InputError(f"Expected prompts of equal length to run together, found {lengths} tokens.")
    kept = _kept(positions, lengths[0])
    whole = kept == tuple(range(lengths[0]))
    recorders = [_Recorder(model, kept, whole, item, len(tokens)) for item in range(len(tokens))]
    ids = torch.tensor(tokens, device=model.device)
    with torch.no_grad(), _installed(recorders, heads_and_neurons=True, calls=True):
        logits = model.module(ids, use_cache=False, logits_to_keep=torch.tensor(kept, device=model.device)).logits
    return [
        (_finite(recorder.trace(ids, kept, own)), recorder.calls(), recorder.slots[-1, "whole_final"])
        for recorder, ids, own in zip(recorders, tokens, logits, strict=True)
    ]


def _kept(positions: Sequence[int] | None, length: int) -> tuple[int, ...]:
    chosen = range(length) if positions is None else (absolute_position(p, length) for p in positions)
    kept = tuple(dict.fromkeys(chosen))
    if not kept:
        raise InputError("No position is kept: expected at least one, or positions=None for all.")
    return kept


def _finite(trace: Trace) -> Trace:
    if not bool(torch.isfinite(trace.logits).all()):
        raise ModelError(_where_not_finite(trace))
    return trace


@contextmanager
def _installed(recorders: "Sequence[_Recorder]", *, heads_and_neurons: bool, calls: bool = False) -> Iterator[None]:
    """Record in this context: one recorder for each prompt of the batch."""
    with one_at_a_time, ExitStack() as stack:
        for recorder in recorders:
            recorder.watch(stack, heads_and_neurons=heads_and_neurons, calls=calls)
        if heads_and_neurons:
            stack.enter_context(attending(recorders[0].model, _attend(recorders, calls=calls)))
        yield


def _attend(recorders: "Sequence[_Recorder]", *, calls: bool) -> Attend:
    layer_of = {block.attention: layer for layer, block in enumerate(recorders[0].model.blocks)}

    def attend(
        module: nn.Module, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        z, pattern = eager(query, key, value, mask)
        for recorder in recorders:
            recorder.keep_heads(layer_of[module], pattern, value, z)
            if calls:
                recorder.keep_attention(layer_of[module], query, key, mask)
        return z, pattern

    return attend


_CALL = ("call", "attention_call", "attention")
"""The slots of a `BlockCall`, in the order of its fields."""


@dataclass
class _Recorder:
    """Keeps what one prompt of a batch does."""

    model: Model
    positions: tuple[int, ...]
    whole: bool
    item: int = 0
    """Which of the batch's prompts."""
    batch: int = 1
    slots: dict[tuple[int, str], Any] = field(default_factory=dict)

    def watch(self, stack: ExitStack, *, heads_and_neurons: bool, calls: bool) -> None:
        """Hook what is kept; attention is not hooked but handed to `keep_heads` and `keep_attention`."""
        self._watch_ends(stack)
        for layer, block in enumerate(self.model.blocks):
            self._watch_writes(stack, layer, block)
            if heads_and_neurons:
                self._watch_neurons(stack, layer, block)
            if calls:
                on_call(stack, block.module, partial(self._keep_call, layer, "call"))
                on_call(stack, block.attention, partial(self._keep_call, layer, "attention_call"))

    def _watch_ends(self, stack: ExitStack) -> None:
        module, family = self.model.module, self.model.family
        self._watch_output(stack, module.get_submodule(family.embedding), (-1, "embedding"))
        if family.position_embedding is not None:
            self._watch_output(stack, module.get_submodule(family.position_embedding), (-1, "position_embedding"))
        final_norm = module.get_submodule(family.final_norm)
        on_call(stack, final_norm, lambda args, _: self._put((-1, "whole_final"), self._own(args[0])[0]))
        self._watch_output(stack, final_norm, (-1, "normed"))
        on_output(stack, self.model.unembed, lambda out: self._put((-1, "logits"), self._own(out)[0]))

    def _watch_writes(self, stack: ExitStack, layer: int, block: Block) -> None:
        self._watch_output(stack, block.attention_write, (layer, "attention_write"))
        self._watch_output(stack, block.mlp_write, (layer, "mlp_write"))
        if block.attention_norm is not None:
            self._watch_input(stack, block.attention_write, (layer, "attention_output"))
        if block.mlp_norm is not None:
            self._watch_input(stack, block.mlp_write, (layer, "mlp_output"))

    def _watch_neurons(self, stack: ExitStack, layer: int, block: Block) -> None:
        if block.experts is None:
            assert block.down_projection is not None
            self._watch_input(stack, block.down_projection, (layer, "neurons"))
        else:
            on_call(stack, block.experts, partial(self._keep_experts, layer))

    def _keep_experts(self, layer: int, args: tuple[Any, ...], _: dict[str, Any]) -> None:
        self._put((layer, "neurons"), ExpertInputs(*(self._at(x) for x in args)))

    def _keep_call(self, layer: int, slot: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._put((layer, slot), (self._own_arguments(args), self._own_arguments(kwargs)))

    def keep_heads(self, layer: int, pattern: Tensor, value: Tensor, z: Tensor) -> None:
        """What the heads of a layer did."""
        pattern, value, z = (self._own(x)[0] for x in (pattern, value, z))
        self._put((layer, "heads"), Heads(pattern=self._select(pattern, 1), value=value, z=self._select(z)))

    def keep_attention(self, layer: int, query: Tensor, key: Tensor, mask: Tensor | None) -> None:
        """What the attention of a layer read."""
        mask = None if mask is None else self._own(mask)
        self._put((layer, "attention"), (self._own(query)[0], self._own(key)[0], mask))

    def _watch_output(self, stack: ExitStack, module: nn.Module, slot: tuple[int, str]) -> None:
        on_output(stack, module, lambda out: self._put(slot, self._at(out)))

    def _watch_input(self, stack: ExitStack, module: nn.Module, slot: tuple[int, str]) -> None:
        on_call(stack, module, lambda args, _: self._put(slot, self._at(args[0])))

    def _at(self, x: Tensor) -> Tensor:
        """The kept positions of this prompt, whether or not the model has flattened the batch."""
        return self._select(self._own(x).flatten(0, -2))

    def _own(self, x: Tensor) -> Tensor:
        """This prompt's share of a batch, as a batch of one; what all prompts share is left as it is."""
        if self.batch == 1 or x.shape[0] == 1:
            return x
        size = x.shape[0] // self.batch
        return x.narrow(0, self.item * size, size)

    def _own_arguments(self, x: Any) -> Any:
        if isinstance(x, dict):
            return {name: self._own_arguments(value) for name, value in x.items()}
        if isinstance(x, tuple):
            return tuple(self._own_arguments(value) for value in x)
        return self._own(x) if isinstance(x, Tensor) and x.ndim > 1 else x

    def _select(self, x: Tensor, axis: int = 0) -> Tensor:
        return x if self.whole else x.index_select(axis, self.index.to(x.device))

    @cached_property
    def index(self) -> Int[Tensor, "query"]:
        return torch.tensor(self.positions, device=self.model.device)

    def _put(self, slot: tuple[int, str], value: Any) -> None:
        self.slots[slot] = value

    def calls(self) -> "tuple[BlockCall, ...]":
        return tuple(
            BlockCall(*(part for slot in _CALL for part in self.slots[layer, slot]))
            for layer in range(self.model.layers)
        )

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
            final=self._select(self.slots[-1, "whole_final"]),
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
