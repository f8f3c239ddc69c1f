"""Refusals: kinds of models that a method is not about, and what to ask of them instead."""

from collections.abc import Sequence

from unembed.errors import InputError
from unembed.models.model import Model

_ACCOUNTED = (
    "explain, lens, attention, words, ablate, patch, steer, paths, graph, heads, generate, knowledge attribute, "
    "knowledge find, open"
)
"""The commands that take an encoder-decoder."""
_AT_BLANKS = "explain, lens, attention, words, ablate, patch, paths, graph, trace, noise, heads, knowledge, open"
"""The commands that take a masked language model."""
_HEADS_INSTEAD = "What heads look at, whatever the prompt: heads."
"""Of masked language models, whose heads are not told from weights."""


def decoders_only(model: Model, what: str) -> None:
    """Refuse encoder-decoders where a method does not account for cross-attention.

    Raises:
        InputError: the model has an encoder.
    """
    if model.encoder is not None:
        raise InputError(
            f"{what} does not account for cross-attention yet, and {model.name} is an encoder-decoder.\n"
            f"What does: {_ACCOUNTED}."
        )


def next_token_only(model: Model, what: str, *, instead: str = "") -> None:
    """Refuse masked language models where a method is about what comes next; `instead` says what to do, else what does.

    Raises:
        InputError: the model fills blanks.
    """
    if model.fills_blanks:
        raise InputError(
            f"{what} is of models that predict what comes next, and {model.name} is a masked language model: it fills "
            "a blank in a whole text.\n" + (instead or f"What does: {_AT_BLANKS}.")
        )


def no_prediction_head(model: Model, what: str) -> None:
    """Refuse masked language models where a method reads the vocabulary from weights alone.

    Raises:
        InputError: a prediction head stands between the stream and the vocabulary.
    """
    if model.prediction_head is not None:
        raise InputError(
            f"{what} is read from weights alone, but between the stream of {model.name} and its vocabulary stands a "
            "prediction head, and what it passes on depends on the prompt.\n"
            f"Ask of a prompt: explain, lens, attention. {_HEADS_INSTEAD}"
        )


def why_no_versions(model: Model) -> str | None:
    """Why no edited versions can be made of a run of this model; None where they can."""
    if model.family.observed_attention:
        return "its attention calls no interface of transformers, so it is only watched as it runs"
    if model.family.computed_positions:
        return "no module gives the positions that are added to its embeddings"
    if model.has_mixers:
        return _MIXED
    if model.has_whole_mlps:
        return _WHOLE
    if model.family.gains:
        return "its blocks multiply stream or writes by vectors or numbers of their own, or add a vector"
    if model.family.entering_norm is not None:
        return "its stream goes through a norm as it enters a block"
    return model.unpatched


def versions_only(model: Model) -> None:
    """Refuse models of whose runs no edited versions can be made.

    Raises:
        InputError: one of them; the message says why.
    """
    why = why_no_versions(model)
    if why is not None:
        raise InputError(f"Parts of {model.name} cannot be patched yet: {why}.\nWhat changes no part: explain, lens.")


_MIXED = "some of its blocks mix tokens by something else than softmax attention"
_WHOLE = "some of its MLPs are taken as one term, in which no neurons are known"
_WITHOUT_HEADS = frozenset(("explain", "lens", "readout", "read_direction"))
"""Methods of a prompt that do not need the heads of every block."""
_WITHOUT_NEURONS = _WITHOUT_HEADS | {"attention"}
"""Nor the neurons of every MLP."""


def asks_of_mixers(model: Model, method: str) -> None:
    """Refuse methods about heads, neurons or many versions of a run, where some blocks have a write that is one term.

    Raises:
        InputError: one of them, of such a model.
    """
    told = _WITHOUT_HEADS if model.has_mixers else _WITHOUT_NEURONS
    if (model.has_mixers or model.has_whole_mlps) and method not in told:
        raise InputError(
            f"{method} is not told of {model.name} yet: {_MIXED if model.has_mixers else _WHOLE}.\n"
            f"What is: {', '.join(sorted(told))}."
        )


_SPLIT = (
    "Where a block mixes tokens by something else than softmax attention, a term says what it took from each token, "
    "with its gates, decays, keys and queries frozen as they were (docs/any-model.md)."
)


def level_notes(model: Model, by: str) -> list[str]:
    """What a ledger of this granularity does not split in this model, where something does not."""
    mixer = any(block.mixes and not (block.attends or block.splits) for block in model.blocks)
    wholes = ["what mixes tokens by something else than softmax attention"] if mixer else []
    wholes += ["an MLP in which no neurons are known"] if model.has_whole_mlps else []
    if by == "sublayer":
        return []
    if "neuron" in by and not any(block.has_mlp for block in model.blocks):
        return [f"{model.name} is taken apart down to its {model.level}, not by {by}: it has no MLPs."]
    split = any(block.splits for block in model.blocks) and ("head" in by or "source" in by)
    return [_SPLIT] * split + _wholes(model, by, wholes)


def _wholes(model: Model, by: str, wholes: Sequence[str]) -> list[str]:
    if not wholes:
        return []
    return [
        f"{model.name} is taken apart down to its {model.level}, not by {by} everywhere: {', and '.join(wholes)} is "
        "one term a block."
    ]


def plain_heads_only(model: Model, what: str) -> None:
    """Refuse models whose heads do not write `z W_O` in every block, where weights alone are read.

    Raises:
        InputError: some blocks have other mixers, something multiplies `z` before W_O reads it, or attention is only
            watched.
    """
    why = why_no_versions(model)
    if why is None and model.family.gates_heads:
        why = "something multiplies what its heads mix"
    if why is not None:
        raise InputError(f"{what} is read from the weights of heads, and of {model.name} that is not the whole: {why}.")


def sums_only(model: Model, what: str) -> None:
    """Refuse models whose stream is normed or multiplied after a write, where a method needs the sum of all writes.

    Raises:
        InputError: a post-LN model.
    """
    if any(block.stream_norms for block in model.blocks):
        raise InputError(
            f"{what} is told of streams that are sums of what was written, and {model.name} norms or multiplies its "
            "stream after a write (post-LN).\nWhat accounts for that: explain, lens, attention, ablate, patch, paths."
            + (f" {_HEADS_INSTEAD}" if model.fills_blanks else "")
        )
