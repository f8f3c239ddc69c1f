"""agreement: does a model agree with what its family row says about it?

Run on a few tokens: the recorded run must give the module's own logits; embedding and writes must sum to the stream,
block by block; attention and MLP must read that stream where and through the norm that the row says; heads must be as
many, and mix the values and write through the matrices that the row names; the parts of every head and neuron must sum
to the logit. So for the encoder of an encoder-decoder. A row that is wrong in any way shows here, as a refusal.
"""

import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.errors import InputError, LedgerError, ModelError
from unembed.ledger.decompose import decompose
from unembed.ledger.readout import readout
from unembed.loading.cache import cache_folder
from unembed.loading.fingerprint import fingerprint
from unembed.loading.rows_check import mixed, watch_rows
from unembed.models.forward import call
from unembed.models.hooks import on_call, one_at_a_time
from unembed.models.layers import matrix_shape
from unembed.models.model import Block, Model, input_norm
from unembed.models.norms import Norm, probed
from unembed.models.read_source import probe_source
from unembed.models.unembedding import capped
from unembed.runs.block_reads import BlockReads, by_position, input_layers, norm_call, watch
from unembed.runs.encoder import record_source
from unembed.runs.kept import Heads, Layer
from unembed.runs.record import record
from unembed.runs.run import Run

LENGTH = 5
_LENGTHS_OF_INFERRED = (LENGTH, 11)
"""A structure that was inferred is compared on a second prompt of another length: nobody has read its code."""
SLACK = 64.0
"""Units of the precision by which two correct ways to run a whole model may differ; see `check`."""
_STEP_SLACK = 8.0
_BROKEN = (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError, InputError)
"""What running a module as a wrong row says may raise."""


def check(model: Model) -> None:
    """Compare a model with its own logits, and each part with its row, on a probe of `LENGTH` tokens.

    Tolerance of what went through the whole model: `64 u`, relative to the largest number compared, with `u` the
    precision of the run; two correct ways to run one model differ by up to 12 `u` on 30 layers. Eager attention takes
    its softmax in float32 whatever the dtype, so `u` is at least that of float32 where logits of two runs are compared.

    Tolerance of a single step, recomputed from the very numbers that entered it: `8 u` of what it adds up. A sum of
    `n` addends rounds `n - 1` times, half a `u` of the sizes of its addends each; `n` is at most 4. A norm rounds its
    mean, its scale, its gain and its shift, and so did the probe that read gain and shift off it:
    `8 u ((|gain| + |shift|) scale (|C(x)| + mean |x|) + |shift|)` at each dimension. A matrix product of the same
    matrix and rows differs by the order of its sums only, and is compared relative to the largest number.

    Raises:
        ModelError: they differ; the message says by how much.
    """
    try:
        probed = probe_source(model) if model.encoder is not None and model.source is None else model
        for length in _LENGTHS_OF_INFERRED if model.family.inferred else (LENGTH,):
            _check(probed, length)
    except torch.OutOfMemoryError:
        raise
    except _BROKEN as error:
        raise ModelError(
            f"{model.name} cannot be run as the row of its family ({model.family.model_type}) says: "
            f"{_told(error, model)}\n"
            "A part that the row names is of another kind than it says (docs/families.md)."
        ) from error


def _told(error: Exception, model: Model) -> str:
    """What is wrong: in our words, but to whoever writes a row."""
    if isinstance(error, InputError) or not model.family.inferred:
        return next(iter(str(error).splitlines()), type(error).__name__)
    return "a part of it takes or gives something else than parts of its kind do."


def _check(model: Model, length: int) -> None:
    _check_limits(model)
    probe = [(7919 * i + 11) % model.vocab for i in range(min(length, model.context or length))]
    with torch.inference_mode(), one_at_a_time, ExitStack() as stack:
        calls = watch_rows(stack, model)
        own = _own_logits(model, torch.tensor([probe], device=model.device))
    run, reads, summed = _watched(model, lambda: record(model, probe))  # says where weights are damaged
    with torch.inference_mode():
        for what, made, alone in mixed(calls):
            _compare(model, f"{what}, called with one token alone,", alone, made, slack=_STEP_SLACK)
        eager = max(model.precision, torch.finfo(torch.float32).eps)
        _compare(model, "logits of the recorded run", run.logits, own, precision=eager)
        if not model.bidirectional:
            _check_causal(model, probe, own)
        _check_stream(run)
        _compare(model, "logit after unembedding and soft-cap", capped(run.uncapped_logits, model.softcap), run.logits)
        _check_blocks(run, reads, summed)
    _check_ledger(model, run)
    if model.encoder is not None:
        _check_encoder(model, run)


def _check_causal(model: Model, probe: list[int], own: Tensor) -> None:
    """No token acts on those before it: another last token leaves their logits as they were.

    A pattern of zeros shows that of the mix of values only; keys, values, neurons and embeddings could hold the tokens
    after theirs, and every prefix of a run that we take for a run would be wrong.
    """
    if len(probe) < 2:
        return
    other = [*probe[:-1], next(token for token in range(model.vocab) if token != probe[-1])]
    changed = _own_logits(model, torch.tensor([other], device=model.device))[:-1]
    what, eager = "logits of tokens before another last token", torch.finfo(torch.float32).eps
    _compare(model, what, changed, own[:-1], precision=max(model.precision, eager))


def _own_logits(model: Model, ids: Tensor) -> Tensor:
    """What the module gives by itself; of an encoder-decoder, from its source on."""
    if model.encoder is None or model.source is None:
        return call(model if model.given is None else replace(model, module=model.given), ids).logits[0]
    return model.module(**model.source.inputs, decoder_input_ids=ids, use_cache=False).logits[0]


def _watched(model: Model, runs: Callable[[], Run]) -> tuple[Run, list[BlockReads], Tensor | None]:
    """A run, what each block read, and what a norm of the embeddings read."""
    summed, norm = [], model.family.embedding_norm
    with one_at_a_time, ExitStack() as stack:
        reads = [watch(stack, block) for block in model.blocks]
        if norm is not None:
            on_call(stack, model.module.get_submodule(norm), lambda args, _: summed.append(by_position(args[0])))
        return runs(), reads, summed[0] if summed else None


def _check_encoder(model: Model, run: Run) -> None:
    """The encoder's run, at a few positions, and that the decoder reads what it gives."""
    encoder, source = model.encoder, model.source
    assert encoder is not None
    assert source is not None
    assert source.states is not None
    states = source.states
    first = range(min(LENGTH, len(source)))
    own, reads, summed = _watched(encoder, lambda: record_source(model, positions=first))
    with torch.inference_mode():
        eager = max(encoder.precision, torch.finfo(torch.float32).eps)
        _compare(encoder, "state that the decoder reads", own.normed, states[0, list(first)], precision=eager)
        _check_stream(own)
        _check_blocks(own, reads, summed)
        for index, (block, layer) in enumerate(zip(model.blocks, run.layers, strict=True)):
            assert block.cross is not None
            matrices = (block.cross.output_projection, block.cross.value_projection)
            what = f"cross-attention of block {index}"
            counts, write = (model.heads, model.heads), layer.write("cross_attention")
            _check_heads(model, what, layer.cross_heads, write, counts, matrices, states[0])


# What the row says of numbers that no run shows


def _check_limits(model: Model) -> None:
    """A learned position embedding reaches as far as the row lets a prompt go, and so the encoder's."""
    family, name = model.family, f"{model.name} does not agree with the row of its family ({model.family.model_type})"
    stacks: list[tuple[Model, str | None]] = [(model, family.context)]
    if model.encoder is not None and family.encoder is not None and family.encoder.reads == "text":
        stacks.append((model.encoder, family.encoder.context))
    for stack, setting in stacks:
        path = stack.family.position_embedding
        weight = None if path is None else getattr(stack.module.get_submodule(path), "weight", None)
        reach = None if weight is None else len(weight)  # positions that are computed have no end
        limit = None if setting is None else getattr(model.config, setting, None)
        if reach is not None and (limit is None or limit > reach):
            raise ModelError(
                f"{name}: its position embedding reaches {reach} positions, but the configuration value {setting!r} "
                f"that should limit a prompt is {limit}."
            )
    prefix = family.prefix
    if prefix is not None and not (
        isinstance(getattr(model.module.config, prefix.token, None), int)
        and prefix.inputs in inspect.signature(model.module.forward).parameters
    ):
        raise ModelError(f"{name}: it takes no {prefix.inputs!r} in the place of tokens {prefix.token!r}.")


# The stream


def _check_stream(run: Run) -> None:
    model = run.model
    _compare(model, "sum of embedding and writes", run.streams()[-1], run.final)
    _compare(model, "final norm of the last stream", model.norm(run.final), run.normed)


def _check_blocks(run: Run, reads: Sequence[BlockReads], summed: Tensor | None) -> None:
    """Block by block: what it read, and that it adds its writes to the stream."""
    model, at = run.model, list(run.positions)
    start = run.embeddings
    if summed is not None:  # a norm gives the same of twice as much, so what it read is compared as well
        _agree_sum(model, "sum of the embeddings", start, summed[at])
    if model.embedding_norm is not None and run.embedding_normed is not None:
        _agree_norm(model, "norm of the embeddings", model.embedding_norm, run.start, run.embedding_normed)
        start = [run.embedding_normed]
    if model.embedding_projection is not None and run.embedding_projected is not None:
        made = model.embedding_projection(start[0] if len(start) == 1 else run.start)
        _compare(model, "projection of the embeddings", made, run.embedding_projected, slack=_STEP_SLACK)
        start = [run.embedding_projected]
    for index, (block, layer, read) in enumerate(zip(model.blocks, run.layers, reads, strict=True)):
        before = read.stream[at]
        if index == 0:
            _agree_sum(model, "embedding that enters the first block", start, before)
        if block.attends:
            _check_attention(model, index, block, layer, read, at)
        addends = middle = given = [before]
        inside = set(block.module.modules())
        for stage in layer.stages:
            middle = addends  # once the loop ends: what the MLP, the last to write, found
            addends = [*addends, layer.write(stage)]
            given = addends
            if stage in block.stream_norms:
                what, (module, norm) = f"norm after the {stage} of block {index}", block.stream_norms[stage]
                _agree_norm(model, what, norm, sum(addends[1:], addends[0]), layer.normed[stage])
                addends = [layer.normed[stage]]
                if module in inside:  # else the next block begins with it
                    given = addends
        _agree_sum(model, f"stream after block {index}", given, read.after[at])
        if block.has_mlp and not block.whole_mlp:
            _check_mlp(model, index, block, read, [before] if model.parallel else middle, at)


def _check_attention(model: Model, index: int, block: Block, layer: Layer, read: BlockReads, at: Sequence[int]) -> None:
    what, before = f"input of the attention of block {index}", read.stream[at]
    gated = model.family.gated_reads and block.attention_input_norm is not None
    norm = None if gated else input_norm(block, model.d_model)
    if gated:
        _agree_made(model, what, block.attention_input_norm, before, read.attention[at])
    elif norm is None:
        _agree_sum(model, what, [before], read.attention[at])
    else:
        _agree_norm(model, what, norm, before, read.attention[at])
    write = layer.attention_write if layer.attention_output is None else layer.attention_output
    matrices = (block.output_projection, block.value_projection)
    _check_heads(
        model,
        f"attention of block {index}",
        layer.heads,
        write,
        (model.heads, None if model.family.inferred else model.kv_heads),
        matrices,
        read.attention,
    )
    assert layer.heads is not None
    if not model.bidirectional and model.has_unembedding and bool(layer.heads.pattern.triu(1).any()):
        raise _disagrees(model, f"attention of block {index} reads tokens that come after its own.")


def _check_heads(
    model: Model,
    what: str,
    heads: Heads | None,
    write: Float[Tensor, "query d_model"],
    counts: tuple[int, int | None],
    matrices: tuple[nn.Module, nn.Module | None],
    read: Float[Tensor, "key d_model"],
) -> None:
    """As many as the row says; mixing the values that W_V made of what was read; and writing through W_O.

    Where the structure was inferred, groups of keys and values may differ from layer to layer (MiMo): what each head
    mixes shows whose values it reads.
    """
    if heads is None:
        raise _disagrees(model, f"{what} attends by another module than the row says.")
    output, value = matrices
    count, groups = heads.z.shape[1], len(heads.value)
    if count != counts[0] or groups != (counts[1] or groups) or count % groups:
        found = f"{count} heads and {groups} of keys and values"
        raise _disagrees(model, f"{what} has {found}, where the row counts {counts[0]} and {counts[1] or groups}.")
    mixed = heads.pattern @ heads.value.repeat_interleave(count // groups, 0)
    _compare(model, f"mix of values by the {what}", heads.z.transpose(0, 1), mixed, slack=_STEP_SLACK)
    _compare(model, f"output of the {what}", output(heads.written.flatten(1)), write, slack=_STEP_SLACK)
    if value is not None:
        made = value(read).unflatten(-1, (groups, -1)).transpose(0, 1)
        _compare(model, f"value of the {what}", made, heads.value, slack=_STEP_SLACK)


def _check_mlp(
    model: Model, index: int, block: Block, read: BlockReads, stream: Sequence[Tensor], at: Sequence[int]
) -> None:
    """What the MLP reads is the stream that the row says, through a norm or as it is."""
    what = f"input of the MLP of block {index}"
    if block.experts is None and matrix_shape(block.down_projection)[0] == 0:
        return
    inputs: list[tuple[Tensor, nn.Module | None]]
    if block.experts is not None:
        inputs = [] if read.experts is None else [(read.experts, None)]
    else:
        inputs = [(call.given, call.module) for call in input_layers(block, read.layers, model.d_model)]
    if not inputs:
        raise _disagrees(model, f"{what} cannot be found: no layer of it makes as many numbers as there are neurons.")
    own = [module for module, _ in block.stream_norms.values()]  # these make the stream, which is read as it is then
    layers = [call for call in read.layers if call.module not in own]
    for given, reader in inputs:
        if model.family.gated_reads and block.middle is not None:
            summed = sum(stream[1:], stream[0])
            _agree_made(model, what, block.middle, summed, by_position(given)[at])
            continue
        norm = norm_call(layers, given, reader)
        if norm is None:
            _agree_sum(model, what, stream, by_position(given)[at])
        else:
            before, after = by_position(norm.given)[at], by_position(norm.made)[at]
            _agree_sum(model, what, stream, before)
            _agree_norm(model, what, probed(norm.module, model.d_model, like=before), before, after)


# Comparing


def _compare(
    model: Model, what: str, found: Tensor, expected: Tensor, *, precision: float | None = None, slack: float = SLACK
) -> None:
    """Relative to the largest number."""
    largest = expected.double().abs().max() if expected.numel() else torch.zeros(())
    _agree(model, what, found, expected, slack * (precision or model.precision) * largest)


def _agree_sum(model: Model, what: str, addends: Sequence[Tensor], found: Tensor) -> None:
    """A sum of the stream, against the sizes of its addends at each dimension."""
    sizes = sum((x.double().abs() for x in addends[1:]), addends[0].double().abs())
    _agree(model, what, found, sum(addends[1:], addends[0]), _STEP_SLACK * model.precision * sizes)


def _agree_made(model: Model, what: str, module: nn.Module | None, given: Tensor, made: Tensor) -> None:
    """What a module makes of a stream, of whatever kind the module is, against what it made in the run."""
    assert module is not None
    _compare(model, what, by_position(module(given[None])), made)


def _agree_norm(model: Model, what: str, norm: Norm, before: Tensor, after: Tensor) -> None:
    """A norm as it was probed, its scale frozen at that of the run, against the norm in the run."""
    x, scale = before.double(), norm.scale(before, after)
    size = scale.abs()[..., None] * (norm.centre(x).abs() + x.abs().mean(-1, keepdim=True))
    sizes = (norm.gain.abs() + norm.shift.abs()) * size + norm.shift.abs()
    allowed = _STEP_SLACK * max(model.precision, norm.precision) * sizes
    _agree(model, what, norm.pushforward(x, scale) + norm.shift, after, allowed)


def _agree(model: Model, what: str, found: Tensor, expected: Tensor, allowed: Tensor) -> None:
    if found.shape != expected.shape:
        raise _disagrees(model, f"{what} has the shape {list(found.shape)}, expected {list(expected.shape)}.")
    error = (found.double() - expected.double()).abs()
    outside = ~(error <= allowed)  # also what is no number
    if bool(outside.any()):
        worst = error[outside].argmax()
        explained = allowed.expand_as(error)[outside][worst]
        raise _disagrees(
            model,
            f"{what} is off by {float(error[outside][worst]):.2e}, where rounding explains at most "
            f"{float(explained):.2e}.",
        )


def _disagrees(model: Model, how: str) -> ModelError:
    return ModelError(
        f"{model.name} does not agree with the row of its family ({model.family.model_type}): the {how}\n"
        "Its code or configuration differs from what the row describes, so no number about it would be right."
    )


def _check_ledger(model: Model, run: Run) -> None:
    try:
        decompose(readout(run, position=run.length - 1, reference="raw"), by="source+neuron")
    except LedgerError as error:
        raise ModelError(
            f"{model.name} does not agree with the row of its family ({model.family.model_type}).\n{error}"
        ) from error


def check_once(model: Model) -> None:
    """`check`, unless the same model passed it before under the same versions (remembered in the user's cache)."""
    mark = fingerprint(model)
    stamp = None if mark is None else cache_folder() / "checked" / mark
    if stamp is not None and stamp.exists():
        return
    check(model)
    if stamp is not None:
        with suppress(OSError):  # a cache that cannot be written only costs the next load its check
            stamp.parent.mkdir(parents=True, exist_ok=True)
            stamp.touch()
