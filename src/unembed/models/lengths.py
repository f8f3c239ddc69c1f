"""lengths: what the length of a prompt changes, by the model's configuration.

A rotary embedding that is scaled reads more tokens than the model was first trained on. Linear, YaRN and Llama 3
scaling change the factors once and for all. Two kinds choose them by the length `n` of the whole run, and with it the
numbers at *every* position, early ones too:

    dynamic NTK    of n where n > max_position_embeddings (bloc97, 2023)
    longrope       another set of factors where n > original_max_position_embeddings (Ding et al. 2024)

There a shorter prompt is another run: no prompt is cut at a position that is read, none is padded to the length of
another, and no keys are kept of a run of another length. `acts_alike` says where this matters; all that cuts, pads or
keeps asks it.
"""

from collections.abc import Iterator
from typing import Any

from torch import nn

from unembed.models.model import Model, rotary

_BY_LENGTH = {"dynamic": "max_position_embeddings", "longrope": "original_max_position_embeddings"}
"""The value of the configuration beyond which the length of a run chooses its factors."""

_CACHED = "max_seq_len_cached"
"""How `transformers` ends the names of the lengths it keeps."""


def switches(model: Model) -> dict[str, int]:
    """The kinds of rotary embedding of this model that depend on length, with the longest run that does not."""
    found: dict[str, int] = {}
    for kind, settings in rotary(model.config):
        if kind in _BY_LENGTH:
            name = _BY_LENGTH[kind]
            limit = settings.get(name) or getattr(model.config, name, None) or model.config.max_position_embeddings
            found[kind] = min(int(limit), found.get(kind, int(limit)))
    return found


def acts_alike(model: Model, length: int, other: int) -> bool:
    """Whether runs of two lengths have the same numbers at the positions and tokens that they share."""
    long = max(length, other)
    return length == other or all(
        long <= limit or (kind == "longrope" and min(length, other) > limit) for kind, limit in switches(model).items()
    )


def forget_lengths(model: Model) -> None:
    """Let the next run choose its factors by its own length.

    `transformers` keeps the dynamic factors of the longest run so far, so that the same prompt gives other numbers
    after a longer one.
    """
    if "dynamic" not in switches(model):
        return
    for module, name in _kept_lengths(model.module):
        prefix, kept = name.removesuffix(_CACHED), module.original_max_seq_len
        setattr(module, name, kept)
        frequencies = getattr(module, f"{prefix}original_inv_freq").to(getattr(module, f"{prefix}inv_freq").device)
        module.register_buffer(f"{prefix}inv_freq", frequencies, persistent=False)


def _kept_lengths(module: nn.Module) -> Iterator[tuple[Any, str]]:
    for part in module.modules():
        if hasattr(part, "original_max_seq_len"):
            names = [name for name in vars(part) if name.endswith(_CACHED)]
            # Where kinds of layers have factors of their own, a length without the name of a kind has none.
            yield from ((part, name) for name in names if hasattr(part, f"{name.removesuffix(_CACHED)}inv_freq"))
