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
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine.edits import Edit, add
from unembed.engine.measures import answer_tokens
from unembed.errors import InputError, ModelError
from unembed.methods.generate import Step, generate
from unembed.models.hooks import on_output, one_at_a_time
from unembed.models.kinds import KINDS, kind_of
from unembed.models.model import Model, check_has_neurons
from unembed.models.prompts import tokenize
from unembed.models.sites import Site, resolve
from unembed.runs.run import base_run

STEERED: tuple[str, ...] = tuple(row.word for row in KINDS.values() if row.tap.side == "output" and not row.cross)
"""The sites that can be steered: what a module of a block puts out (`resid_post`, `attention`, `mlp`)."""


@contextmanager
def steered(model: Model, edits: Sequence[Edit]) -> Iterator[None]:
    """Apply edits at every position of every run in this context; the module is left as it was, whatever happens.

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
            module = KINDS[site.kind].tap.module(model.blocks[site.layer])
            on_output(stack, module, edit.apply)
        yield


def _checked(edit: Edit, model: Model) -> Edit:
    """The edit, if it can be applied at every position; its shift as one vector for all of them."""
    if KINDS[edit.site.kind].word not in STEERED:
        raise InputError(f"Expected a site of {', '.join(STEERED)} to steer, found {edit.site.kind}.")
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


# Directions


def difference(
    model: Model, toward: str | Sequence[int], away: str | Sequence[int] | None = None, *, layer: int, site: str
) -> Float[Tensor, "d_model"]:
    """What a site holds at the last position of one prompt, minus what it holds at the last of another.

    Args:
        model: from `load` or `wrap`.
        toward: the prompt to be more like.
        away: the prompt to be less like; None subtracts nothing.
        layer: where it is read.
        site: one of `STEERED`.

    Raises:
        InputError: a bad prompt, or no such site.
    """
    values = []
    for prompt in [toward] if away is None else [toward, away]:
        length = len(tokenize(model, prompt))
        where = steerable(model, layer, site, positions=(length - 1,), length=length)
        values.append(base_run(model, prompt, positions=[-1]).at(where)[0])
    found = values[0] if away is None else values[0] - values[1]
    if not bool(found.any()):
        raise InputError("The two prompts hold the same there, so their difference steers nowhere: give others.")
    return found


def steerable(
    model: Model, layer: int, site: str, *, positions: tuple[int, ...] | None = None, length: int = 1
) -> Site:
    """The site of a kind that can be steered.

    Raises:
        InputError: there is none.
    """
    kind = kind_of(site, STEERED)
    if KINDS[kind].place == "mlp":
        check_has_neurons(model)
    found = resolve(Site(kind=kind, layer=layer, positions=positions), model, length)
    return Site(kind=kind, layer=found.layer, positions=positions)


def token_direction(model: Model, token: str | int) -> Float[Tensor, "d_model"]:
    """The direction in the stream that a token's logit reads: `gain * W_U[token]`, of the final norm (centred for
    LayerNorm). Its scale in a run is left out.

    Raises:
        InputError: not one token of the vocabulary.
    """
    ids = answer_tokens(model, token)
    if len(ids) != 1:
        raise InputError(f"Expected one token to steer toward, but {token!r} is {len(ids)} tokens.")
    row = model.unembedding[ids[0]].detach().double()
    return model.final_norm.pullback(row, torch.ones((), dtype=torch.float64, device=row.device))


def read_direction_file(path: str | Path, model: Model) -> Float[Tensor, "d_model"]:
    """A direction from a `.npy` or `.safetensors` file that holds one array of `d_model` numbers.

    Raises:
        InputError: no such file, another format, or an array of another shape.
    """
    path = Path(path)
    if path.suffix not in (".npy", ".safetensors"):
        raise InputError(f"Expected a .npy or .safetensors file with a direction, found {str(path)!r}.")
    if not path.is_file():
        raise InputError(f"There is no file {str(path)!r}.")
    array = _npy(path) if path.suffix == ".npy" else _safetensors(path)
    direction = array.squeeze()
    if direction.shape != (model.d_model,) or not array.is_floating_point():
        raise InputError(
            f"Expected a direction of {model.d_model} floating-point numbers in {path.name}, found {array.dtype} of "
            f"shape {tuple(array.shape)}."
        )
    if not bool(torch.isfinite(direction).all()) or not bool(direction.any()):
        raise InputError(f"The direction in {path.name} is zero or not finite.")
    return direction


def _npy(path: Path) -> Tensor:
    import numpy as np

    try:
        return torch.from_numpy(np.load(path, allow_pickle=False))
    except (ValueError, OSError, EOFError, TypeError) as error:
        raise InputError(f"{path.name} is no .npy file with plain numbers: {error}") from error


def _safetensors(path: Path) -> Tensor:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path.name} is no .safetensors file: {error}") from error
    if len(tensors) != 1:
        raise InputError(f"Expected one tensor in {path.name}, found {len(tensors)}: {', '.join(sorted(tensors)[:5])}.")
    return next(iter(tensors.values()))


# Both continuations


@dataclass(frozen=True)
class Steering:
    """A continuation with and without steering. Made by `steer`."""

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
    complete: bool = True
    """False after an interruption."""

    @property
    def site(self) -> str:
        """What was steered: one of `STEERED`."""
        return KINDS[self.edit.site.kind].word


class SteeringInterrupted(KeyboardInterrupt):
    """Generation was stopped from outside; `result` holds the tokens that were emitted."""

    def __init__(self, result: Steering) -> None:
        super().__init__("interrupted")
        self.result = result


def steer(
    model: Model,
    prompt: str | Sequence[int],
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
        model: from `load` or `wrap`.
        prompt: text, or token ids.
        direction: from `difference`, `token_direction`, `read_direction_file`, or your own.
        layer: where it is added.
        site: one of `STEERED`.
        scale: how much of it; negative steers the other way.
        tokens: how many to emit at most, like `temperature` and `seed` as in `generate`.

    Raises:
        InputError: a bad prompt, direction, site or number; or so large a `scale` that what is there is rounded away.
        SteeringInterrupted: on Ctrl-C, with what was emitted.
    """
    where = steerable(model, layer, site)
    if not math.isfinite(scale):
        raise InputError(f"Expected a finite scale, found {scale:g}.")
    edit = add(where, scale * torch.as_tensor(direction))
    _checked(edit, model)
    ids = tokenize(model, prompt)
    before = base_run(model, ids).at(where)
    length = float(before[min(1, len(before) - 1) :].double().norm(dim=-1).mean())
    size = float(torch.as_tensor(direction).double().norm())
    _check_scale(model, scale, size, length)
    plain, changed = [], []

    def result(*, complete: bool) -> Steering:
        return Steering(model, ids, edit, tuple(plain), tuple(changed), abs(scale) * size, length, complete)

    try:
        for step in generate(model, ids, tokens=tokens, temperature=temperature, seed=seed):
            plain.append(step)
        with steered(model, [edit]):
            for step in generate(model, ids, tokens=tokens, temperature=temperature, seed=seed):
                changed.append(step)
    except ModelError as error:  # the unsteered run was finite, so it is not the model
        raise InputError(f"With a scale of {scale:g} the logits are not finite: take a smaller one.") from error
    except KeyboardInterrupt as stop:
        raise SteeringInterrupted(result(complete=False)) from stop
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
