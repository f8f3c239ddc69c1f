"""Steering: generate while every edit is applied at every position, those of the prompt and the new ones.

    x  ->  x + scale * direction        at one layer, for each token as it runs

The direction is usually a difference of two prompts' streams. Turner et al., *Activation addition*, 2023; Rimsky et
al., *Steering Llama 2 via contrastive activation addition*, 2024. Exact: the tokens are those of a model whose block
has the addition built in.

A steered run is a run of a changed model: its stream is no longer the sum of what its sublayers write, so a `Step` made
while steering has no ledger that adds up.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine.edits import Edit, add
from unembed.errors import InputError, Interrupted, ModelError
from unembed.methods.directions import STEERED, steerable
from unembed.methods.generate import Step, generate
from unembed.models.hooks import on_keywords, on_output, one_at_a_time
from unembed.models.kinds import KINDS
from unembed.models.labels import visible
from unembed.models.model import Block, Model
from unembed.models.names import in_stack
from unembed.models.read_source import read_again
from unembed.models.refusals import needed, next_token_only
from unembed.models.reprs import short
from unembed.models.sites import Site, resolve, stack_of
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def steered(model: Model, edits: Sequence[Edit]) -> Iterator[Model]:
    """Apply edits at every position of every run in this context; the module is left as it was, whatever happens.

    Gives the model to run: `model` itself, or one with the states that its encoder gives under the edits inside it.
    Runs of other threads wait meanwhile.

    Args:
        model: from `load` or `wrap`.
        edits: of a `resid_post`, an `attention_write` or an `mlp_write`, without positions. Those of one site are
            applied in their order.

    Raises:
        InputError: no such site, one that cannot be steered, one with positions, or a value that does not fit it.
    """
    checked = [_checked(edit, model) for edit in edits]
    sites = [resolve(edit.site, model, 1) for edit in checked]
    with one_at_a_time, ExitStack() as stack:
        for site, edit in zip(sites, checked, strict=True):
            block = stack_of(site, model).blocks[site.layer]
            on_output(stack, KINDS[site.kind].tap.module(block), partial(_added, edit, _scale(block, site)))
        if not any(site.encoder for site in sites):
            yield model
            return
        steered_source = read_again(model)
        _read_instead(stack, model, steered_source)
        yield steered_source


def _scale(block: Block, site: Site) -> float | Tensor:
    """What a block multiplies the output of a part by before it adds it to the stream (Granite); 1 of the stream."""
    stage = KINDS[site.kind].part
    return block.write_scales.get(stage, block.write_scale) if stage in block.stages else 1.0  # type: ignore[arg-type]


def _added(edit: Edit, scale: float | Tensor, out: Tensor) -> Tensor:
    """The output of a part, so that what is added to the stream is edited."""
    if isinstance(scale, Tensor):
        return (edit.apply(out * scale) / scale).to(out.dtype)
    return edit.apply(out) if scale == 1 else edit.apply(out * scale) / scale


def _read_instead(stack: ExitStack, model: Model, other: Model) -> None:
    """Let the decoder read the states of another model's source wherever it is given those of this model's.

    Who goes on with the model that was steered, and not with what `steered` gives, still has the states from before.
    """
    before, states = (each.source.states if each.source else None for each in (model, other))
    assert before is not None
    assert states is not None

    def swap(words: dict[str, Any]) -> dict[str, Any]:
        given = words["encoder_hidden_states"]
        if given.data_ptr() != before.data_ptr():
            return words
        return {**words, "encoder_hidden_states": states.expand_as(given)}

    on_keywords(stack, model.module.get_decoder(), swap)


def _checked(edit: Edit, model: Model) -> Edit:
    """The edit, if it can be applied at every position; its shift as one vector for all of them."""
    if KINDS[edit.site.kind].word not in STEERED:
        raise InputError(f"Expected a site of {', '.join(STEERED)} to steer, found {edit.site.kind}.")
    if KINDS[edit.site.kind].part is not None:
        needed(stack_of(edit.site, model), f"A direction at {edit.site.label}", "everything")
    if edit.site.positions is not None:
        raise InputError(f"Steering acts at all positions: expected a site without any, found {edit.site.label}.")
    for value in (edit.shift, edit.remove):
        if value is None:
            continue
        if value.ndim and value.shape[-1] not in ((1, model.d_model) if value is edit.shift else (model.d_model,)):
            raise InputError(f"Expected a direction of {model.d_model} numbers, found shape {tuple(value.shape)}.")
        if not bool(torch.isfinite(value).all()):
            raise InputError(f"The direction for {edit.site.label} is not finite (NaN or infinity).")
    if edit.shift is not None and edit.shift.numel() not in (1, model.d_model):
        raise InputError(f"Expected one value for all positions, found shape {tuple(edit.shift.shape)}.")
    return edit if edit.shift is None else replace(edit, shift=edit.shift.reshape(-1))


# Both continuations


@dataclass(frozen=True)
class EmittedToken:
    """A token of one of the continuations."""

    token: str
    steered: bool
    position: int
    logit: float
    probability: float
    """At temperature 1, of the model that emitted it."""


@dataclass(frozen=True)
class Steering(Result[EmittedToken]):
    """A continuation with and without steering. Made by `steer`."""

    measure = "probability"

    model: Model
    tokens: tuple[int, ...]
    edit: Edit
    unsteered: tuple[Step, ...]
    steered: tuple[Step, ...]
    added_length: float
    """The length of what is added at each position."""
    length: float
    """The mean length of the site's value over the prompt, its first position (often an outlier) left out where there
    are more."""
    complete: bool = True  # pyright: ignore[reportIncompatibleMethodOverride]  # a field is read as a property is
    """False after an interruption."""

    def __repr__(self) -> str:
        plain, steered = (short("".join(step.text for step in steps)) for steps in (self.unsteered, self.steered))
        sizes = f"length {self.added_length:.3g} on {self.length:.3g}"
        return f"Steering({self.edit.site.label}, {sizes}: {plain} → {steered})"

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "probability"

    def entries(self) -> list[EmittedToken]:
        """The tokens of the unsteered continuation, then those of the steered one."""
        return [
            EmittedToken(step.text, steps is self.steered, len(step.run.tokens), step.logit, step.probability)
            for steps in (self.unsteered, self.steered)
            for step in steps
        ]

    def name(self, entry: EmittedToken) -> str:
        """`·the (steered, 7)`."""
        return f"{visible(entry.token)} ({'steered' if entry.steered else 'as it is'}, {entry.position})"

    def plot(self) -> "Figure":
        """Draw the probability of each emitted token, of both continuations in their order.

        Raises:
            InputError: matplotlib is not installed.
        """
        return self.bars(self.entries(), title=f"{self.edit.site.label} steered")

    @property
    def site(self) -> str:
        """What was steered: one of `STEERED`."""
        return in_stack(KINDS[self.edit.site.kind].word, self.edit.site.encoder)


@prompted
def steer(
    prompt: Prompt,
    direction: Float[Tensor, "d_model"],
    *,
    layer: int,
    site: str = "resid_post",
    scale: float = 1.0,
    tokens: int = 20,
    temperature: float = 0.0,
    seed: int = 0,
) -> Steering:
    """Continue a prompt as it is, and with `scale * direction` added at one site of every position.

    Args:
        prompt: a recorded run, or a model and a prompt.
        direction: `d_model` numbers: from `directions`, or your own.
        layer: where it is added.
        site: `resid_post`, `attention` or `mlp`; inside an encoder `enc.resid_post` and so on, at every position of
            the source.
        scale: how much of it; negative steers the other way.
        tokens: how many to emit at most, like `temperature` and `seed` as in `generate`.

    Raises:
        InputError: a bad prompt, direction, site or number; or so large a `scale` that what is there is rounded away.
        Interrupted: on Ctrl-C, with what was emitted.
    """
    model, ids = prompt.model, prompt.tokens
    next_token_only(model, "Steering a continuation")
    where = steerable(model, layer, site)
    if not math.isfinite(scale):
        raise InputError(f"Expected a finite scale, found {scale:g}.")
    edit = add(where, scale * torch.as_tensor(direction))
    _checked(edit, model)
    before = prompt.recorded().at(where)
    length = float(before[min(1, len(before) - 1) :].double().norm(dim=-1).mean())
    size = float(torch.as_tensor(direction).double().norm())
    _check_scale(model, scale, size, length)
    plain, changed = [], []

    def result(*, complete: bool) -> Steering:
        return Steering(model, ids, edit, tuple(plain), tuple(changed), abs(scale) * size, length, complete)

    try:
        for step in generate(model, ids, tokens=tokens, temperature=temperature, seed=seed):
            plain.append(step)
        with steered(model, [edit]) as other:
            for step in generate(other, ids, tokens=tokens, temperature=temperature, seed=seed):
                changed.append(step)
    except ModelError as error:  # the unsteered run was finite, so it is not the model
        raise InputError(f"With a scale of {scale:g} the logits are not finite: take a smaller one.") from error
    except KeyboardInterrupt as stop:
        raise Interrupted(result(complete=False)) from stop
    return result(complete=True)


def _check_scale(model: Model, scale: float, size: float, length: float) -> None:
    """Refuse what leaves nothing of the prompt: beyond `length / eps`, the sum is the direction alone, rounded."""
    most = length / torch.finfo(model.dtype).eps
    if abs(scale) * size > most:
        raise InputError(
            f"With a scale of {scale:g} the added vector is {abs(scale) * size:.3g} long, what is there {length:.3g}: "
            f"in {str(model.dtype).removeprefix('torch.')} nothing of it would be left.\n"
            f"Take a scale below {most / size:.2g}."
        )
