"""directions: vectors of the stream: to steer along, to read (`read_direction`), to project out (`project_out`).

    difference    what a site holds at the end of one prompt, minus what it holds at the end of another
    token         what a token's logit reads of the stream
    from_file     an array that was saved

Turner et al., *Activation addition*, 2023; Rimsky et al., *Steering Llama 2 via contrastive activation addition*, 2024.
"""

from dataclasses import replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.models.kinds import KINDS, kind_of
from unembed.models.model import Model
from unembed.models.names import stack_and_word
from unembed.models.read_source import with_source
from unembed.models.refusals import check_has_neurons, no_prediction_head
from unembed.models.sites import Site, encoder_of, resolve
from unembed.models.targets import target_tokens
from unembed.runs.encoder import record_source
from unembed.runs.prompted import AnyPrompt, prompt_of
from unembed.runs.run import Run

__all__ = ["difference", "from_file", "token"]

STEERED: tuple[str, ...] = tuple(row.word for row in KINDS.values() if row.tap.side == "output" and not row.cross)
"""The sites that can be steered: what a module of a block puts out (`resid_post`, `attention`, `mlp`); the same
inside an encoder as `enc.resid_post` and so on."""


def difference(
    model: Model, toward: AnyPrompt, away: AnyPrompt | None = None, *, layer: int, site: str = "resid_post"
) -> Float[Tensor, "d_model"]:
    """What a site holds where one prompt asks, minus what it holds where another does.

    Args:
        model: from `load` or `wrap`.
        toward: the prompt to be more like: text, token ids, or a recorded run.
        away: the prompt to be less like; None subtracts nothing.
        layer: where it is read.
        site: one of `STEERED`; of a site inside an encoder (`enc.resid_post`) both are sources, and the last position
            is that of a source.

    Raises:
        InputError: a bad prompt, or no such site.
    """
    prompts = [toward] if away is None else [toward, away]
    values = [_at_the_end(model, each, layer, site) for each in prompts]
    found = values[0] if away is None else values[0] - values[1]
    if not bool(found.any()):
        raise InputError("The two prompts hold the same there, so their difference steers nowhere: give others.")
    return found


def _at_the_end(model: Model, prompt: AnyPrompt, layer: int, site: str) -> Float[Tensor, "d_model"]:
    """What a site holds where a prompt asks, or at the last position of a source."""
    inside, word = stack_and_word(site)
    if not inside:
        asked = prompt_of(model, prompt)
        run, stack, position = asked.recorded([asked.asked]), model, asked.asked
    else:
        stack = encoder_of(model)
        if not isinstance(prompt, Run):
            prompt = record_source(with_source(model, prompt), calls=True)  # type: ignore[arg-type]  # no chat: refused
        run = prompt if prompt.model.encoder is None else prompt.encoder
        position = run.length - 1
    where = steerable(stack, layer, word, positions=(position,), length=run.length)
    return run.at(where)[0]


def steerable(
    model: Model, layer: int, site: str, *, positions: tuple[int, ...] | None = None, length: int = 1
) -> Site:
    """The site of a kind that can be steered.

    Raises:
        InputError: there is none.
    """
    inside, word = stack_and_word(site)
    kind = kind_of(word, STEERED)
    if KINDS[kind].place == "mlp":
        check_has_neurons(encoder_of(model) if inside else model)
    found = resolve(Site(kind=kind, layer=layer, positions=positions, encoder=inside), model, length)
    return replace(found, positions=positions)


def token(model: Model, token: str | int) -> Float[Tensor, "d_model"]:
    """The direction in the stream that a token's logit reads: `gain * W_U[token]`, of the final norm (centred for
    LayerNorm). Its scale in a run is left out.

    Raises:
        InputError: not one token of the vocabulary.
    """
    no_prediction_head(model, "The direction of a token")
    ids = target_tokens(model, token)
    if len(ids) != 1:
        raise InputError(f"Expected one token to steer toward, but {token!r} is {len(ids)} tokens.")
    row = model.unembedding[ids[0]].detach().double()
    return model.final_norm.pullback(row, torch.ones((), dtype=torch.float64, device=row.device))


def from_file(model: Model, path: str | Path) -> Float[Tensor, "d_model"]:
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
    except (ValueError, OSError, EOFError, TypeError, MemoryError) as error:  # memory: a shape of anyone's making
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
