"""record: run the module once, as it is, and keep what its parts do.

Forward hooks keep what the parts write to the stream; values, patterns and `z` come from the module's own eager
attention (hooks.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn

from unembed.errors import InputError, ModelError
from unembed.models.forward import call
from unembed.models.hooks import Eager, attending, on_call, on_output, one_at_a_time
from unembed.models.model import Block, Model, Stage
from unembed.models.prompts import absolute_position, tokenize
from unembed.runs.kept import BlockCall, ExpertInputs, Heads, Layer
from unembed.runs.run import Run


def record(
    model: Model,
    prompt: str | Sequence[int],
    *,
    positions: Sequence[int] | None = None,
    keep: str = "all",
) -> Run:
    """Run the model once and keep what decompositions and counterfactual versions of the run need.

    Args:
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        positions: where logits, writes, patterns and activations are kept (negative counts from the end); None keeps
            all. The stream, queries, keys and values are kept at every position in any case.
        keep: "all", or "stream" for the writes of the sublayers only, of which no versions can be made.

    Returns:
        The run. With `keep="all"` its logits equal the module's own with eager attention bit for bit; with "stream"
        the module runs with the attention it was loaded with.

    Raises:
        InputError: a bad prompt or position.
        ModelError: the run gave numbers that are not finite.
    """
    return record_together(model, [prompt], positions=positions, keep=keep)[0]


def record_together(
    model: Model,
    prompts: Sequence[str | Sequence[int]],
    *,
    positions: Sequence[int] | None = None,
    keep: str = "all",
) -> tuple[Run, ...]:
    """As `record`, for prompts of equal length in one forward pass: cheaper than one after the other.

    Raises:
        InputError: a bad prompt or position, or prompts of different length.
        ModelError: the run gave numbers that are not finite.
    """
    tokens = [tokenize(model, prompt) for prompt in prompts]
    lengths = [len(ids) for ids in tokens]
    if len(set(lengths)) != 1:
        raise InputError(f"Expected prompts of equal length to run together, found {lengths} tokens.")
    if keep not in ("all", "stream"):
        raise InputError(f"Expected keep='all' or 'stream', found {keep!r}.")
    kept, everything = _kept(positions, lengths[0]), keep == "all"
    whole = kept == tuple(range(lengths[0]))
    recorders = [_Recorder(model, kept, whole, item, len(tokens)) for item in range(len(tokens))]
    ids = torch.tensor(tokens, device=model.device)
    with torch.no_grad(), _installed(recorders, heads_and_neurons=everything, calls=everything):
        logits = call(model, ids, keep=kept).logits
    return tuple(
        _finite(recorder.run(ids, kept, own, text=prompt if isinstance(prompt, str) else None))
        for recorder, ids, own, prompt in zip(recorders, tokens, logits, prompts, strict=True)
    )


def record_next(model: Model, tokens: Sequence[int], cache: Any = None) -> tuple[Run, Any]:
    """Run the tokens that the key-value cache does not hold yet; keep the stream at the last position.

    Returns:
        The run of that position (as `record(..., positions=[-1], keep="stream")`), and the cache with all tokens.
    """
    known = 0 if cache is None else cache.get_seq_length()
    ids = torch.tensor([tokens[known:]], device=model.device)
    last = ids.shape[1] - 1
    recorder = _Recorder(model, (last,), whole=last == 0)
    with torch.no_grad(), _installed([recorder], heads_and_neurons=False):
        output = call(model, ids, keep=1, past_key_values=cache, use_cache=True)
    run = recorder.run(tuple(tokens), (len(tokens) - 1,), output.logits[0])
    return _finite(run if known == 0 else replace(run, whole_final=None)), output.past_key_values


@contextmanager
def recording(model: Model, length: int, positions: Sequence[int] | None = None) -> "Iterator[_Recorder]":
    """Record what a model does with one sequence in this context; `run` of what is given tells it.

    Args:
        model: whose parts are watched.
        length: of the sequence.
        positions: where to keep what `record` keeps; None keeps all.
    """
    kept = _kept(positions, length)
    recorder = _Recorder(model, kept, whole=kept == tuple(range(length)))
    with _installed([recorder], heads_and_neurons=True):
        yield recorder


def _kept(positions: Sequence[int] | None, length: int) -> tuple[int, ...]:
    chosen = range(length) if positions is None else (absolute_position(p, length) for p in positions)
    kept = tuple(dict.fromkeys(chosen))
    if not kept:
        raise InputError("No position is kept: expected at least one, or positions=None for all.")
    return kept


def _finite(run: Run) -> Run:
    if not bool(torch.isfinite(run.logits).all()):
        raise ModelError(_where_not_finite(run))
    return run


@contextmanager
def _installed(recorders: "Sequence[_Recorder]", *, heads_and_neurons: bool, calls: bool = False) -> Iterator[None]:
    """Record in this context: one recorder for each prompt of the batch."""
    with one_at_a_time, ExitStack() as stack:
        for recorder in recorders:
            recorder.watch(stack, heads_and_neurons=heads_and_neurons, calls=calls)
        if heads_and_neurons:
            stack.enter_context(
                attending(recorders[0].model, partial(_attend, recorders, attentions(recorders[0].model), calls))
            )
        yield


def _attend(
    recorders: "Sequence[_Recorder]",
    place_of: dict[nn.Module, tuple[int, Stage]],
    calls: bool,
    module: nn.Module,
    eager: Eager,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor]:
    z, pattern = eager(query, key, value, mask)
    layer, stage = place_of[module]
    for recorder in recorders:
        recorder.keep_heads(layer, stage, pattern, value, z)
        if calls:
            recorder.keep_attention(layer, stage, query, key, mask)
    return z, pattern


def attentions(model: Model) -> dict[nn.Module, tuple[int, Stage]]:
    """Where each module that attends stands."""
    found: dict[nn.Module, tuple[int, Stage]] = {}
    for layer, block in enumerate(model.blocks):
        found[block.attention] = (layer, "attention")
        if block.cross is not None:
            found[block.cross.attention] = (layer, "cross_attention")
    return found


_CALL = ("call", "attention_call", "attention")
"""The slots of a `BlockCall`, in the order of its fields; those of cross-attention come last."""


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
        paths = {"embedding": family.embedding, "position_embedding": family.position_embedding}
        for slot, path in {**paths, "embedding_normed": family.embedding_norm}.items():
            if path is not None:
                self._watch_output(stack, module.get_submodule(path), (-1, slot))
        if self.model.blocks:
            first = self.model.blocks[0].module
            on_call(stack, first, lambda args, _: self._put((-1, "start"), self._at(args[0])))
        self._watch_last(stack)
        if self.model.has_unembedding:
            on_output(stack, self.model.unembed, lambda out: self._put((-1, "logits"), self._own(out)[0]))
        if self.model.encoder is not None:  # which unembeds every position, perhaps after a logit scale
            on_call(stack, self.model.unembed, lambda args, _: self._put((-1, "normed"), self._at(args[0])))

    def _watch_last(self, stack: ExitStack) -> None:
        """The last stream, as the final norm reads it; without one, as the last block gives it."""
        path = self.model.family.final_norm
        if path is None:
            last = self.model.blocks[-1].module
            on_output(stack, last, lambda out: self._put((-1, "whole_final"), self._own(out)[0]))
            return
        norm = self.model.module.get_submodule(path)
        on_call(stack, norm, lambda args, _: self._put((-1, "whole_final"), self._own(args[0])[0]))
        self._watch_output(stack, norm, (-1, "normed"))

    def _watch_writes(self, stack: ExitStack, layer: int, block: Block) -> None:
        self._watch_output(stack, block.attention_write, (layer, "attention_write"))
        self._watch_output(stack, block.mlp_write, (layer, "mlp_write"))
        if block.attention_norm is not None:
            self._watch_input(stack, block.attention_write, (layer, "attention_output"))
        if block.mlp_norm is not None:
            self._watch_input(stack, block.mlp_write, (layer, "mlp_output"))
        if block.cross is not None:
            self._watch_output(stack, block.cross.attention, (layer, "cross_write"))
        for stage, (norm, _) in block.stream_norms.items():
            self._watch_output(stack, norm, (layer, f"normed_{stage}"))

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

    def keep_heads(self, layer: int, stage: Stage, pattern: Tensor, value: Tensor, z: Tensor) -> None:
        """What the heads of a layer did."""
        pattern, value, z = (self._own(x)[0] for x in (pattern, value, z))
        slot = "heads" if stage == "attention" else "cross_heads"
        self._put((layer, slot), Heads(pattern=self._select(pattern, 1), value=value, z=self._select(z)))

    def keep_attention(self, layer: int, stage: Stage, query: Tensor, key: Tensor, mask: Tensor | None) -> None:
        """What the attention of a layer read."""
        mask = None if mask is None else self._own(mask)
        self._put((layer, stage), (self._own(query)[0], self._own(key)[0], mask))

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

    def _calls(self) -> tuple[BlockCall, ...]:
        if (0, "call") not in self.slots:
            return ()
        found = []
        for layer in range(self.model.layers):
            cross = self.slots.get((layer, "cross_attention"), ())
            found.append(BlockCall(*(part for slot in _CALL for part in self.slots[layer, slot]), *cross))
        return tuple(found)

    def run(
        self, tokens: tuple[int, ...], positions: tuple[int, ...], logits: Tensor, *, text: str | None = None
    ) -> Run:
        get, whole_final = self.slots.get, self.slots[-1, "whole_final"]
        final = self._select(whole_final)
        position_embedding = get((-1, "position_embedding"))
        embedding = get((-1, "embedding"))
        within = self.model.family.prefix is not None and self.model.source is not None
        if embedding is None or within:  # an image stands in the place of embeddings
            start = self.slots[-1, "start"]
            embedding = start if position_embedding is None else start - position_embedding
        elif self.model.embedding_scale != 1:
            embedding = embedding * self.model.embedding_scale
        return Run(
            model=self.model,
            tokens=tokens,
            positions=positions,
            embedding=embedding,
            position_embedding=position_embedding,
            layers=tuple(self._layer(layer) for layer in range(self.model.layers)),
            final=final,
            normed=get((-1, "normed"), final),
            uncapped_logits=self._uncapped(logits),
            logits=logits,
            embedding_normed=get((-1, "embedding_normed")),
            whole_final=whole_final,
            calls=self._calls(),
            text=text,
            weight_edits=self.model.weight_edits,
        )

    def _uncapped(self, logits: Tensor) -> Tensor:
        found = self.slots.get((-1, "logits"))
        if found is None:  # an encoder
            return logits
        return found if self.model.encoder is None else self._select(self.model.biased(found))

    def _layer(self, layer: int) -> Layer:
        names = ("attention_output", "mlp_output", "heads", "neurons", "cross_write", "cross_heads")
        return Layer(
            attention_write=self.slots[layer, "attention_write"],
            mlp_write=self.slots[layer, "mlp_write"],
            **{name: self.slots.get((layer, name)) for name in names},
            normed={stage: self.slots[layer, f"normed_{stage}"] for stage in self.model.blocks[layer].stream_norms},
        )


def _where_not_finite(run: Run) -> str:
    head = f"{run.model.name} gave logits that are not finite (NaN or infinity)"
    if not bool(torch.isfinite(run.embedding).all()):
        return f"{head}, and so is the embedding of the prompt: its weights are damaged."
    names = {"attention": "attention", "cross_attention": "cross-attention", "mlp": "MLP"}
    for index, layer in enumerate(run.layers):
        for stage in layer.stages:
            if not bool(torch.isfinite(layer.write(stage)).all()):
                part = names[stage]
                return (
                    f"{head}; the first such write is the {part} of layer {index}. Its weights are damaged or overflow."
                )
    return f"{head}, although every block wrote finite numbers: the embedding, final norm or unembedding is damaged."
