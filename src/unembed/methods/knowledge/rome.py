"""ROME: rewrite one fact by a rank-one edit of one down projection.

Meng et al., *Locating and Editing Factual Associations in GPT*, 2022, section 3. A down projection is read as a memory:
the key `k` is the activations at the last token of the subject, the value is what is written there.

    delta  =  argmin  mean_j -log P(answer | prompt_j, write + delta)  +  KL on "<subject> is a"  +  decay of |delta|^2
    u      =  argmin  mean_j (k_j . u - 1)^2  +  slack * u^T C u
           =  (slack * C + mean_j k_j k_j^T)^-1  mean_j k_j
    W_out  ->  W_out + u (x) delta

so that the subject's keys write `delta` more, and other keys, whose second moment is `C`, as little as can be. The
paper takes the mean key `k*` and asks for `k* . u = 1` exactly: `u = C^-1 k* / (k*^T C^-1 k*)`, which is the above for
one key and no slack. Keys of one subject differ by what is before it, so here the subject is read after many beginnings
(`CONTEXTS`) and each of them counts: on the real model the mean key of a few prompts reaches a third of `delta` in
unseen ones, this reaches nearly all. `delta` is found by gradient descent, so it is approximate; `u` is exact.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.knowledge.weight_edits import WeightEdit, rank_one
from unembed.models.forward import call
from unembed.models.hooks import frozen, on_call, on_output, one_at_a_time
from unembed.models.lengths import acts_alike
from unembed.models.model import Model, checked_layer, value_rows
from unembed.models.prompts import tokenize
from unembed.models.refusals import check_has_neurons, needed, next_token_only
from unembed.models.targets import target_tokens
from unembed.models.unembedding import unembedded, wide
from unembed.models.words import mentions
from unembed.progress import Progress, silent
from unembed.runs.activations import activations, padded

PREFIXES = ("", "Yesterday I read that ", 'She said: "Well, ')
"""Put before prompts and contexts."""
CONTEXTS = (
    "{}",
    "The {}",
    "In {}",
    "The people of {}",
    "of the {}",
    "I like {}",
    "about {}",
    "He said that {}",
    "and {}",
    "Once upon a time in {}",
    "We know {}",
)
"""Beginnings after which the subject's keys are read."""
LIMIT = 4.0
"""The longest `delta`, in lengths of what the layer writes there itself."""
_ENOUGH = 0.05
"""The descent ends when the mean of `-log P(answer)` is below this many nats."""
_REMEMBERED = 4
"""Second moments of one model."""


@dataclass(frozen=True)
class Rome:
    """How ROME edits: the layer and the numbers of the module's formulas."""

    layer: int | None = None
    """Whose down projection is edited; None takes one a sixth of the way up, among the early layers, where a subject's
    tokens are recognised: 5 of 30 in the real model."""
    steps: int = 20
    """Of Adam, at most."""
    rate: float = 0.5
    """Of Adam."""
    divergence: float = 0.0625
    """Weight of the divergence on "<subject> is a", in nats."""
    decay: float = 0.05
    """Weight of `|delta|^2 / |write|^2`."""
    ridge: float = 1.0
    """Added to the diagonal of `C`, in units of its mean."""
    slack: float = 0.1


_moments: WeakKeyDictionary[Any, dict[Any, Tensor]] = WeakKeyDictionary()


def rome(
    model: Model,
    prompts: Sequence[str],
    subject: str,
    target: str,
    *,
    texts: Sequence[str],
    how: Rome = Rome(),
    progress: Progress = silent,
) -> WeightEdit:
    """The edit after which prompts about a subject are answered with another answer. The model is not changed yet.

    Args:
        model: from `load` or `wrap`; with a tokenizer.
        prompts: ask for the fact; the subject is in each of them.
        subject: as it is written in the prompts.
        target: the new answer as it follows the prompts (with its leading space).
        texts: what else the model should go on to say as before: their keys make up `C`.
        how: the layer, and how `delta` and `u` are found.
        progress: called after each step.

    Raises:
        InputError: a model without MLPs, a prompt without the subject, no such layer, one that is a mixture of experts,
            or a bad target.
    """
    check_has_neurons(model)
    next_token_only(
        model, "ROME", instead="To update a fact of it, take the value edit of its neurons (--method value)."
    )
    layer = checked_layer(model, model.layers // 6 if how.layer is None else how.layer)
    check_has_neurons(model, layer)
    needed(model, "ROME", "changes")
    if model.blocks[layer].experts is not None:
        raise InputError(
            f"Layer {layer} is a mixture of experts, and ROME edits dense layers only. Choose another one."
        )
    if not prompts:
        raise InputError("There is no prompt to edit the model with: expected at least one.")
    problem = _problem(model, prompts, subject, target, layer)
    delta = _descend(problem, how, progress)
    keys = _keys(model, layer, [*prompts, *(context.format(subject) for context in CONTEXTS)], subject)
    moment = second_moment(model, layer, texts, progress=progress)
    return rank_one(layer, direction(keys, moment, ridge=how.ridge, slack=how.slack), delta)


def direction(
    keys: Float[Tensor, "key neuron"], moment: Float[Tensor, "neuron neuron"], *, ridge: float, slack: float
) -> Float[Tensor, "neuron"]:
    """`u` of the module's formula, in float64, with `C = moment + ridge * mean(diag(moment)) * 1`."""
    keys, moment = keys.double(), moment.double()
    c = moment + ridge * moment.diagonal().mean() * torch.eye(len(moment), dtype=moment.dtype, device=moment.device)
    return torch.linalg.solve(slack * c + keys.T @ keys / len(keys), keys.mean(0))


def second_moment(
    model: Model, layer: int, texts: Sequence[str], *, progress: Progress = silent
) -> Float[Tensor, "neuron neuron"]:
    """`C`: the mean of `k k^T` over all positions of a text but the first of each passage, in float64.

    A passage's first token draws attention whatever it is, and its activations are often huge. The last few results are
    remembered.

    Raises:
        InputError: no passage of two tokens.
    """
    known = _moments.setdefault(model.module, {})
    name = (layer, model.edits, tuple(texts))
    if name not in known:
        passages = [tokens for tokens in (tokenize(model, text) for text in texts) if len(tokens) > 1]
        if not passages:
            raise InputError("A second moment needs a text: expected at least one passage of two tokens.")
        keys = [found[1:] for _, found in activations(model, layer, passages, progress=progress)]
        rows = wide(torch.cat(keys))
        if len(known) >= _REMEMBERED:
            known.pop(next(iter(known)))
        known[name] = (rows.T @ rows).double() / len(rows)
    return known[name]


def located(model: Model, text: str, subject: str) -> tuple[tuple[int, ...], int]:
    """The tokens of a text, and the position of the last token of a subject's last mention.

    Raises:
        InputError: it is not mentioned, or the model has no tokenizer that tells where tokens are.
    """
    found = mentions(model, text, subject)
    if not found:
        raise InputError(f"Expected the subject {subject!r} in every prompt, found {text!r}.")
    return tokenize(model, text), found[-1][-1]


@dataclass(frozen=True)
class _Problem:
    """The prompts as a batch that starts at the edited block, and last the prompt whose prediction should stay."""

    model: Model
    layer: int
    calls: dict[int, tuple[Any, dict[str, Any]]]
    """How each block from `layer` on was called."""
    subjects: list[int]
    """In each row, where `delta` is added."""
    read: list[tuple[int, int]]
    """Rows and positions that are read: for each prompt those that predict the answer, and one of the last row."""
    answer: tuple[int, ...]
    size: float
    """The mean length of what the layer writes at the subject."""

    def log_probabilities(self, delta: Tensor) -> Float[Tensor, "read vocab"]:
        """Of all tokens, with `delta` added to what the layer writes at the subject."""
        rows = torch.arange(len(self.subjects), device=delta.device)
        where = (rows, torch.tensor(self.subjects, device=delta.device))

        def add(out: Tensor) -> Tensor:
            shaped = out.reshape(len(rows), -1, out.shape[-1])
            return (shaped + torch.zeros_like(shaped).index_put(where, delta.to(out.dtype))).reshape(out.shape)

        x = self.calls[self.layer][0][0]
        with one_at_a_time, frozen(self.model), ExitStack() as stack:
            on_output(stack, self.model.blocks[self.layer].down_projection, add)  # type: ignore[arg-type]
            for layer, (args, kwargs) in sorted(self.calls.items()):
                out = self.model.blocks[layer].module(x, *args[1:], **kwargs)
                x = out[0] if isinstance(out, tuple) else out
            row, position = (list(index) for index in zip(*self.read, strict=True))
            return wide(unembedded(self.model, x[row, position])[2]).log_softmax(-1)


def _problem(model: Model, prompts: Sequence[str], subject: str, target: str, layer: int) -> _Problem:
    answer = target_tokens(model, target, prompts[0])
    rows, subjects, read = [], [], []
    for prompt in [prefix + prompt for prefix in PREFIXES[:2] for prompt in prompts]:
        tokens, place = located(model, prompt, subject)
        read += [(len(rows), len(tokens) - 1 + j) for j in range(len(answer))]
        rows.append(tokenize(model, (*tokens, *answer[:-1])))
        subjects.append(place)
    tokens, place = located(model, f"{subject} is a", subject)
    read.append((len(rows), len(tokens) - 1))
    rows.append(tokens)
    subjects.append(place)
    calls, keys = _calls(model, layer, rows)
    writes = keys[range(len(rows)), subjects].double() @ value_rows(model.blocks[layer]).double()
    return _Problem(model, layer, calls, subjects, read, answer, float(writes.norm(dim=1).mean()))


@torch.no_grad()
def _calls(model: Model, layer: int, rows: Sequence[Sequence[int]]) -> tuple[dict[int, Any], Tensor]:
    """How the blocks from `layer` on are called on a batch, and the activations of that layer."""
    calls: dict[int, Any] = {}
    keys: list[Tensor] = []
    lengths = sorted(map(len, rows))
    if not acts_alike(model, lengths[0], lengths[-1]):
        raise InputError(
            f"The prompts have {lengths[0]} to {lengths[-1]} tokens, and {model.name} turns its positions by the "
            "length of a prompt, so they cannot run as one batch.\nTake shorter prompts, or others of equal length."
        )
    ids = padded(rows).to(model.device)
    with one_at_a_time, ExitStack() as stack:
        for index in range(layer, model.layers):
            on_call(stack, model.blocks[index].module, _keeper(calls, index))
        on_call(stack, model.blocks[layer].down_projection, lambda args, _: keys.append(args[0]))  # type: ignore[arg-type]
        call(model, ids, keep=1, attention_mask=torch.ones_like(ids))
    return calls, keys[0].reshape(*ids.shape, -1)


def _keeper(calls: dict[int, Any], layer: int) -> Any:
    def keep(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        calls[layer] = (args, kwargs)

    return keep


def _descend(problem: _Problem, how: Rome, progress: Progress) -> Float[Tensor, "d_model"]:
    """`delta`, by Adam from zero."""
    model, prompts = problem.model, len(problem.subjects) - 1
    delta = torch.zeros(model.d_model, dtype=wide(model.unembedding[:0]).dtype, device=model.device, requires_grad=True)
    wanted = torch.tensor(problem.answer * prompts, device=model.device)[:, None]
    optimizer = torch.optim.Adam([delta], lr=how.rate)
    before = None
    for step in range(how.steps):
        found = problem.log_probabilities(delta)
        before = found[-1].detach() if before is None else before
        surprise = -found[:-1].gather(1, wanted).sum() / prompts
        if float(surprise.detach()) < _ENOUGH:
            break
        moved = (before.exp() * (before - found[-1])).sum()
        loss = surprise + how.divergence * moved + how.decay * delta.square().sum() / problem.size**2
        (delta.grad,) = torch.autograd.grad(loss, [delta])
        optimizer.step()
        with torch.no_grad():
            delta *= min(1.0, LIMIT * problem.size / max(float(delta.norm()), 1e-30))
        progress("descent", (step + 1) / how.steps)
    return delta.detach()


def _keys(model: Model, layer: int, texts: Sequence[str], subject: str) -> Float[Tensor, "key neuron"]:
    """The activations at the subject's last token, in every text after every prefix."""
    places = [located(model, prefix + text, subject) for prefix in PREFIXES for text in texts]
    passages = [t[: place + 1] if acts_alike(model, place + 1, len(t)) else t for t, place in places]
    return torch.stack([found[places[i][1]] for i, found in activations(model, layer, passages)])
