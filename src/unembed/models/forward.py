"""How a model is called: token ids in, its own logits out.

A GPT takes its tokens. The decoder of an encoder-decoder takes them with the states of the source it was given, which
were computed once (`with_source`); apart from that it is called and recorded like any GPT.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from unembed.errors import InputError
from unembed.models.lengths import forget_lengths
from unembed.models.model import Model


def call(
    model: Model, ids: Int[Tensor, "batch position"], *, keep: Sequence[int] | int | None = None, **more: Any
) -> Any:
    """Run the module on a batch of prompts of equal length; gives its output.

    Args:
        model: from `load` or `wrap`; an encoder-decoder with its source.
        ids: the tokens; the decoder's, of an encoder-decoder.
        keep: positions whose logits are wanted, or how many from the end; None wants all.
        more: for the module, such as `past_key_values`.

    Raises:
        InputError: an encoder-decoder without a source.
    """
    forget_lengths(model)
    if model.fills_blanks:  # which has no cache, and gives the logits of every position
        return _kept(model.module(ids, **more), keep)
    more = {"use_cache": False, **more}
    if model.encoder is None:
        more |= _within_prompt(model, ids)
        if model.unembeds_all:
            return _kept(model.module(ids, **more), keep)
        if keep is not None:
            more["logits_to_keep"] = keep if isinstance(keep, int) else torch.tensor(list(keep), device=ids.device)
        return model.module(ids, **more)
    return _kept(model.module(decoder_input_ids=ids, **_source(model, len(ids)), **more), keep)


def _kept(output: Any, keep: Sequence[int] | int | None) -> Any:
    """The output of a module that gives all logits, with those that are wanted."""
    if keep is not None:
        output.logits = output.logits[:, -keep:] if isinstance(keep, int) else output.logits[:, list(keep)]
    return output


def _within_prompt(model: Model, ids: Int[Tensor, "batch position"]) -> dict[str, Any]:
    """An image whose placeholders are among these tokens; with a key-value cache it was read before."""
    prefix, source = model.family.prefix, model.source
    if prefix is None or source is None or not bool((ids == getattr(model.module.config, prefix.token)).any()):
        return {}
    return {name: torch.cat([value] * len(ids)) for name, value in source.inputs.items()}


def _source(model: Model, batch: int) -> dict[str, Any]:
    """The encoder's states for a batch, and their mask."""
    from transformers.modeling_outputs import BaseModelOutput

    source = model.source
    if source is None:
        raise InputError(
            f"{model.name} is an encoder-decoder: its decoder reads a source.\n"
            "Give one with `with_source(model, ...)`; on the command line, as the prompt, or with --audio."
        )
    assert source.states is not None
    states = source.states if batch == 1 else source.states.expand(batch, -1, -1)
    given: dict[str, Any] = {"encoder_outputs": BaseModelOutput(last_hidden_state=states)}  # type: ignore[arg-type]
    if source.mask is not None:
        given["attention_mask"] = source.mask.expand(batch, -1)
    return given
