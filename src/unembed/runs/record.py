"""record: run the module once, as it is, and keep what its parts do.

Forward hooks keep what the parts write to the stream (recorder.py); values, patterns and `z` come from the module's own
eager attention (hooks.py). Of a long prompt only the kept positions attend eagerly, the others as the module was
loaded: time and memory beyond the plain forward grow in proportion to the prompt.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from unembed.errors import InputError, ModelError
from unembed.models import chat
from unembed.models.forward import call
from unembed.models.hooks import attending, one_at_a_time
from unembed.models.lengths import acts_alike
from unembed.models.model import Model, Stage
from unembed.models.own_attention import CHUNK, OwnAttention
from unembed.models.prompts import Given, absolute_position, tokenize
from unembed.runs.heap import room, trimming
from unembed.runs.recorder import Recorder
from unembed.runs.run import Run
from unembed.runs.selected import Selected


def record(
    model: Model,
    prompt: Given,
    *,
    positions: Sequence[int] | None = None,
    keep: str = "all",
) -> Run:
    """Run the model once and keep what decompositions and counterfactual versions of the run need.

    Args:
        model: from `load` or `wrap`.
        prompt: text, messages of a chat, or token ids.
        positions: where logits, writes, patterns, queries and activations are kept (negative counts from the end); None
            keeps all. Keys and values are kept at every position in any case, and so is the stream of a prompt of up to
            256 tokens; a longer one makes it again when it is asked for (`Run.before`).
        keep: "all", or "stream" for the writes of the sublayers only, of which no versions can be made.

    Returns:
        The run. With `keep="all"` its logits equal the module's own with eager attention bit for bit, if all positions
        are kept or the prompt has up to 256 tokens. In a longer one, and with "stream", what is not kept attends with
        the attention that the module was loaded with.

    Raises:
        InputError: a bad prompt or position, or more attention patterns than the memory of this machine holds.
        ModelError: the run gave numbers that are not finite.
    """
    if keep not in ("all", "stream"):  # without what versions need, a run is for ledgers alone
        raise InputError(f"Expected keep='all' or 'stream', found {keep!r}.")
    return record_together(model, [prompt], positions=positions, keep=keep)[0]


def record_together(
    model: Model,
    prompts: Sequence[Given],
    *,
    positions: Sequence[int] | None = None,
    keep: str = "all",
    streams: bool | None = None,
) -> tuple[Run, ...]:
    """As `record`, for prompts of equal length in one forward pass: cheaper than one after the other.

    Args:
        model: as in `record`, like `positions`.
        prompts: of equal length.
        keep: as in `record`; or "parts" for what ledgers read, of which no versions can be made.
        streams: whether the stream before each block is kept at every position; None keeps it there where the prompt is
            short or every position is kept.

    Raises:
        InputError: a bad prompt or position, or prompts of different length.
        ModelError: the run gave numbers that are not finite.
    """
    tokens = [tokenize(model, prompt) for prompt in prompts]
    lengths = [len(ids) for ids in tokens]
    if len(set(lengths)) != 1:
        raise InputError(f"Expected prompts of equal length to run together, found {lengths} tokens.")
    if keep not in ("all", "parts", "stream"):
        raise InputError(f"Expected keep='all', 'parts' or 'stream', found {keep!r}.")
    kept, parts = _kept(positions, lengths[0]), keep != "stream"
    if parts:
        _check_room(model, len(tokens) * len(kept) * lengths[0])
    if streams is None:
        streams = positions is None or lengths[0] <= CHUNK
    batch, selected = len(tokens), Selected()
    recorders = [Recorder(model, kept, lengths[0], item, batch, streams, selected) for item in range(batch)]
    ids = torch.tensor(tokens, device=model.device)
    with torch.no_grad(), _installed(recorders, heads_and_neurons=parts, calls=keep == "all"):
        logits = call(model, ids, keep=kept).logits
    selected.clear()
    return tuple(
        _finite(_of_prompt(recorder.run(ids, kept, own), prompt))
        for recorder, ids, own, prompt in zip(recorders, tokens, logits, prompts, strict=True)
    )


def _of_prompt(run: Run, prompt: Given) -> Run:
    """The run with what is known of its prompt beyond its tokens."""
    if isinstance(prompt, str):
        return replace(run, text=prompt)
    if not chat.is_chat(prompt):
        return run
    messages: Any = tuple(dict(message) for message in prompt)  # type: ignore[arg-type]
    return replace(run, messages=messages, roles=chat.roles(run.model, messages, run.tokens))


def record_next(model: Model, tokens: Sequence[int], cache: Any = None) -> tuple[Run, Any]:
    """Run the tokens that the key-value cache does not hold yet; keep the stream at the last position.

    Mixers that are no softmax attention keep states of their own, each in its way: there all
    tokens run, without a cache.

    Returns:
        The run of that position (as `record(..., positions=[-1], keep="stream")`), and the cache with all tokens.
    """
    cached = not model.has_mixers
    known = 0 if cache is None else cache.get_seq_length()
    if not acts_alike(model, known or len(tokens), len(tokens)):
        cache, known = None, 0  # its keys were made with the factors of another length
    ids = torch.tensor([tokens[known:]], device=model.device)
    recorder = Recorder(model, (ids.shape[1] - 1,), ids.shape[1])
    with torch.no_grad(), _installed([recorder], heads_and_neurons=False):
        output = call(model, ids, keep=1, **({"past_key_values": cache, "use_cache": True} if cached else {}))
    run = recorder.run(tuple(tokens), (len(tokens) - 1,), output.logits[0])
    return _finite(run if known == 0 else replace(run, whole_final=None)), (output.past_key_values if cached else None)


@contextmanager
def recording(
    model: Model, length: int, positions: Sequence[int] | None = None, *, calls: bool = False
) -> Iterator[Recorder]:
    """Record what a model does with one sequence in this context; `run` of what is given tells it.

    Args:
        model: whose parts are watched.
        length: of the sequence.
        positions: where to keep what `record` keeps; None keeps all.
        calls: whether to keep how the blocks were called.
    """
    recorder = Recorder(model, _kept(positions, length), length)
    with _installed([recorder], heads_and_neurons=True, calls=calls):
        yield recorder


def _kept(positions: Sequence[int] | None, length: int) -> tuple[int, ...]:
    chosen = range(length) if positions is None else (absolute_position(p, length) for p in positions)
    kept = tuple(dict.fromkeys(chosen))
    if not kept:
        raise InputError("No position is kept: expected at least one, or positions=None for all.")
    return kept


def _check_room(model: Model, pairs: int) -> None:
    """Refuse to keep so many pairs of query and key of each head, where they cannot fit."""
    heads = sum(block.heads for block in model.blocks if block.attends)
    needed, there = heads * pairs * torch.finfo(model.dtype).bits // 8, room(model.device)
    if needed > there:
        raise InputError(
            f"The attention patterns of all these positions take {needed / 1e9:.0f} GB, {model.device} has "
            f"{there / 1e9:.0f} GB.\nShorten the prompt, or ask a question of some positions: `explain`, `words`, "
            "`attention`; in Python record(..., positions=[-1])."
        )


def _finite(run: Run) -> Run:
    if not bool(torch.isfinite(run.logits).all()):
        raise ModelError(_where_not_finite(run))
    return run


@contextmanager
def _installed(recorders: Sequence[Recorder], *, heads_and_neurons: bool, calls: bool = False) -> Iterator[None]:
    """Record in this context: one recorder for each prompt of the batch."""
    with one_at_a_time, ExitStack() as stack:
        for recorder in recorders:
            recorder.watch(stack, heads_and_neurons=heads_and_neurons, calls=calls)
        trimming(stack, recorders[0].model, recorders[0].length)
        if heads_and_neurons:
            stack.enter_context(
                attending(recorders[0].model, _Attend(recorders, attentions(recorders[0].model), calls))
            )
        yield


@dataclass(frozen=True)
class _Attend:
    """`Attend` that hands what attention computes to recorders."""

    recorders: Sequence[Recorder]
    place_of: dict[nn.Module, tuple[int, Stage]]
    calls: bool

    def __call__(
        self, module: nn.Module, eager: OwnAttention, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        one = self.recorders[0]  # all keep the same positions
        # A short prompt attends eagerly as a whole: nothing is saved there, and its logits are eager attention's.
        if one.whole or one.length <= CHUNK:
            z, pattern = eager(query, key, value, mask)
            kept = pattern if one.whole else pattern[:, :, one.rows]
        else:
            z, kept = eager.at(query, key, value, mask, one.rows)
            pattern = None
        layer, stage = self.place_of[module]
        query, key, value = (_of_its_own(x) for x in (query, key, value))
        for recorder in self.recorders:
            recorder.keep_heads(layer, stage, kept, value, z)
            if self.calls:
                recorder.keep_attended(layer, stage, query, key, mask)
        return z, pattern


def _of_its_own(x: Tensor) -> Tensor:
    """A copy of a view into a larger tensor: a fused projection makes queries, keys and values in one, and to keep one
    of them would keep all.
    """
    return x if x.untyped_storage().nbytes() == x.nbytes else x.clone()


def attentions(model: Model) -> dict[nn.Module, tuple[int, Stage]]:
    """Where each module that attends stands."""
    found: dict[nn.Module, tuple[int, Stage]] = {}
    for layer, block in enumerate(model.blocks):
        found[block.attention] = (layer, "attention")
        if block.cross is not None:
            found[block.cross.attention] = (layer, "cross_attention")
    return found


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
