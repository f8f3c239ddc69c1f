"""Cheap rankings of a prompt's positions: gradients times embeddings, of the model as it is and made linear.

    value_p = (x_p - x'_p) . grad_p        x: what enters the first block; x': what stands there instead, else 0

| method | the gradient is of | the values sum to |
|---|---|---|
| `input_x_gradient` | the model as it is | nothing in particular |
| `integrated_gradients` | it, averaged on the way from x' (Sundararajan et al. 2017) | the change from x' |
| `frozen_gates` | it with patterns, scales of norms and gates held: linear in x | the logit less what biases add |
| `relp` | the same, a product of gate and value shared in halves (Jafari et al. 2025) | the same |

What is read is the logit of the answer above the vocabulary mean (with `versus`, above that token). Each is one run and
one gradient, integrated gradients `STEPS` of them. None is the effect of taking a word away: `compare.py` holds them
against that. An activation without a gate is linear with its slope from 0 frozen, `f(x) / x`; so are a soft-cap and the
activation of a prediction head. What is no module cannot be held (the gates of GPT-OSS, the activation of a toy): it is
in the `rest`.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.methods.words.question import Question
from unembed.models.forward import call
from unembed.models.hooks import Eager, attending, frozen, on_call, on_output, on_pass
from unembed.models.layers import has_matrix
from unembed.models.model import Block, Model
from unembed.models.norms import Norm, probed
from unembed.models.prediction_head import PredictionHead
from unembed.models.reprs import Brief
from unembed.runs.record import record

Method = Literal["input_x_gradient", "integrated_gradients", "frozen_gates", "relp"]
METHODS: tuple[Method, ...] = get_args(Method)
STEPS = 50
"""Nodes of the quadrature of integrated gradients (Gauss-Legendre), as captum has them."""


@dataclass(frozen=True, repr=False)
class Linearisation(Brief):
    """What a cheap method gives each position of a run."""

    method: Method
    values: Float[Tensor, "position"]
    """In logits."""
    sum: float
    """Over all positions, also those that are in no unit."""
    rest: float | None
    """What `sum` leaves of what it should be: biases for the linear ones, the quadrature's error for integrated
    gradients."""


def linearisations(question: Question) -> Iterator[Linearisation]:
    """Every method's values at every position of a prompt, method by method.

    Args:
        question: of a decoder or a masked language model; where its units are replaced or swapped, values are of the
            change to those tokens.
    """
    model, start = question.model, question.run.before(0).detach()
    ids = question.run.tokens
    other = _other(question)
    with frozen(model), torch.enable_grad():
        gated = _gated(model, ids)
        for method in METHODS:
            if method == "integrated_gradients":
                yield _integrated(question, start, other)
                continue
            rules = None if method == "input_x_gradient" else partial(_linear, model, gated, method)
            logit, gradient = _slope(question, start, rules)
            change = start if other is None else start - other
            values = (change.double() * gradient.double()).sum(-1)
            total = float((start.double() * gradient.double()).sum())
            yield Linearisation(method, values, total, None if rules is None else logit - total)


def _other(question: Question) -> Tensor | None:
    """What enters the first block where all of the prompt is replaced; None where words are only taken away."""
    if not question.instead:
        return None
    tokens = question.run.tokens
    return record(question.model, (*question.instead, *tokens[len(question.instead) :])).before(0).detach()


def _slope(
    question: Question, start: Tensor, rules: "Callable[[], object] | None" = None
) -> tuple[float, Float[Tensor, "position d_model"]]:
    """The answer's logit above its reference, of a run that starts with this stream, and its gradient."""
    model, leaf = question.model, start.clone().requires_grad_()
    rows = range(question.place, question.place + len(question.answer))
    with ExitStack() as stack:
        on_call(stack, model.blocks[0].module, lambda args, _: (leaf[None], *args[1:]))
        stack.enter_context(_as_it_is(model) if rules is None else rules())  # type: ignore[arg-type]
        logits = call(model, torch.tensor([question.run.tokens], device=model.device), keep=rows).logits[0].double()
    if rules is not None and model.softcap is not None:  # a curve of its own, with its slope from 0 frozen
        share = (logits / model.softcap).clamp(-1 + 1e-7, 1 - 1e-7)
        logits = _with_frozen_ratio((model.softcap * torch.atanh(share),), logits)
    value = logits.new_zeros(())
    for row, token in zip(logits, question.answer, strict=True):
        value = value + row[token] - (row.mean() if question.versus is None else row[question.versus])
    (gradient,) = torch.autograd.grad(value, leaf)
    return float(value.detach()), gradient


def _integrated(question: Question, start: Tensor, other: Tensor | None) -> Linearisation:
    """On the straight way from the replacement, or from zero."""
    baseline = torch.zeros_like(start) if other is None else other
    nodes, weights = np.polynomial.legendre.leggauss(STEPS)
    mean = torch.zeros_like(start, dtype=torch.float64)
    for node, weight in zip(nodes, weights, strict=True):
        share = (node + 1) / 2
        mean += weight / 2 * _slope(question, baseline + share * (start - baseline))[1].double()
    values = ((start - baseline).double() * mean).sum(-1)
    change = _slope(question, start)[0] - _slope(question, baseline)[0]
    return Linearisation("integrated_gradients", values, float(values.sum()), change - float(values.sum()))


# The model made linear: hooks that give the same values and other gradients


@contextmanager
def _as_it_is(model: Model) -> Iterator[None]:
    with attending(model, lambda _, eager, *given: eager(*given)):
        yield


@contextmanager
def _linear(model: Model, gated: frozenset[int], method: Method) -> Iterator[None]:
    """Hold patterns, scales of norms, routers and gates as they are in the run that is made in this context."""
    with ExitStack() as stack:
        stack.enter_context(attending(model, _with_frozen_pattern))
        of_stream = {norm for block in model.blocks for norm, _ in block.stream_norms.values()}
        inside = {part for block in model.blocks for part in block.attention.modules()} - of_stream
        for module in model.module.modules():
            if (
                "norm" in type(module).__name__.lower()
                and module not in inside  # of queries and keys, which are held as they are
                and not list(module.children())
            ):
                width = next((len(x) for x in module.parameters()), model.d_model)
                on_pass(stack, module, partial(_with_frozen_scale, probed(module, width, like=_like(model))))
        for index, block in enumerate(model.blocks):
            gate = index in gated
            for module in _activations(block):
                on_pass(stack, module, _frozen if gate and method == "frozen_gates" else _with_frozen_ratio)
            if gate and method == "relp":
                on_output(stack, block.mlp_write, _halved)
            if block.experts is not None:
                on_call(stack, block.experts, lambda args, _: (args[0], *(x.detach() for x in args[1:])))
        if model.prediction_head is not None:
            _freeze_head(stack, model.prediction_head)
        yield


def _freeze_head(stack: ExitStack, head: PredictionHead) -> None:
    """Hold the ratio of its activation, which may be no module: it stands between the dense layer and the norm."""
    dense: list[Tensor] = []
    on_output(stack, head.dense, dense.append)
    on_call(stack, head.norm_module, lambda args, _: (_with_frozen_ratio((dense.pop(),), args[0]), *args[1:]))


def _like(model: Model) -> Tensor:
    return torch.empty(0, dtype=model.dtype, device=model.device)


def _with_frozen_pattern(
    _: nn.Module, eager: Eager, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    return eager(query.detach(), key.detach(), value, mask)


def _with_frozen_scale(norm: Norm, args: tuple, out: Tensor) -> Tensor:
    x = args[0]
    scale = norm.scale(x.detach(), out.detach())
    return _valued(norm.pushforward(x, scale).to(out.dtype), out)


def _with_frozen_ratio(args: tuple, out: Tensor) -> Tensor:
    x = args[0]
    ratio = torch.where(x == 0, torch.zeros_like(out), out / torch.where(x == 0, torch.ones_like(x), x))
    return _valued(x * ratio.detach(), out)


def _frozen(_: tuple, out: Tensor) -> Tensor:
    return out.detach()


def _halved(out: Tensor) -> Tensor:
    return _valued(out / 2, out)


def _valued(slope: Tensor, value: Tensor) -> Tensor:
    """The gradient of one tensor and the value of another."""
    return slope + (value - slope).detach()


def _activations(block: Block) -> list[nn.Module]:
    """The element-wise functions of a block's MLP: modules without weights or parts."""
    attends = set(block.attention.modules()) | (set() if block.cross is None else set(block.cross.attention.modules()))
    return [
        module
        for module in block.module.modules()
        if module not in attends
        and not list(module.children())
        and not list(module.parameters())
        and not has_matrix(module)  # a quantised layer may have buffers alone
        and not isinstance(module, nn.Dropout | nn.Identity)
        and "norm" not in type(module).__name__.lower()
    ]


def _gated(model: Model, tokens: tuple[int, ...]) -> frozenset[int]:
    """The blocks whose activations multiply another branch: what enters their down projection is no activation."""
    made: dict[int, list[Tensor]] = {}
    found = {index for index, block in enumerate(model.blocks) if block.experts is not None}

    def enters(index: int, args: tuple, _: object) -> None:
        if not any(x.shape == args[0].shape and torch.equal(x, args[0]) for x in made.get(index, [])):
            found.add(index)

    with torch.no_grad(), ExitStack() as stack:
        for index, block in enumerate(model.blocks):
            if block.down_projection is None:
                continue
            for module in _activations(block):
                on_output(stack, module, made.setdefault(index, []).append)
            on_call(stack, block.down_projection, partial(enters, index))
        call(model, torch.tensor([tokens], device=model.device), keep=1)
    return frozenset(found)
