"""Refusals: kinds of models that a method is not about, and what to ask of them instead.

A model may be taken apart less far than a method needs (`Model.level`): `needed` is the one check of that, and says
which level there is, why, and what is told of the model.
"""

from collections.abc import Sequence
from typing import Literal

from unembed.errors import InputError
from unembed.models.model import Model, check_has_layers

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


# Levels: down to what a model is taken apart, and what needs more


_Need = Literal["sublayers", "patterns", "everything", "changes", "weights"]
"""What a method reads of a model.

| need | what must be there |
|---|---|
| `sublayers` | the stream and its writes: so in every model |
| `patterns` | softmax attention wherever a block mixes tokens |
| `everything` | softmax attention wherever tokens are mixed, and no MLP that is one term |
| `changes` | runs in which parts are changed |
| `weights` | heads that write `z W_O` and nothing else: what their weights say is the whole |
"""
NEED_OF: dict[str, _Need] = {
    **dict.fromkeys(("explain", "explain_answer", "lens", "readout", "read_direction", "generate"), "sublayers"),
    "attention": "patterns",
}
"""Methods of a prompt that read less than `everything`."""
_READS: dict[_Need, str] = {
    "patterns": "patterns of attention heads",
    "everything": "the heads and neurons of every block",
    "changes": "runs in which parts are changed",
    "weights": "the weights of heads, and all that these write",
}
_COMMANDS: dict[_Need, tuple[str, ...]] = {
    "sublayers": ("explain", "lens", "generate"),
    "patterns": ("attention",),
    "changes": ("words", "ablate", "patch"),
}
"""What a person may ask instead, by what it needs."""
_MIXED = "some of its blocks mix tokens by something else than softmax attention"
_WHOLE = "some of its MLPs are taken as one term, in which no neurons are known"


def needed(model: Model, what: str, need: _Need) -> None:
    """Refuse what a model does not have; `what` needs it: a method, or a part that was asked for.

    Raises:
        InputError: it has less; the message says which level there is, why, and what is told instead.
    """
    why = _why_not(model, need)
    if why is not None:
        raise InputError(
            f"{what} needs {_READS[need]}, and that is not told of {model.name} yet: {why}.\n{level_told(model)} "
            f"What is told of it: {', '.join(_told_of(model))} (docs/any-model.md)."
        )


def _why_not(model: Model, need: _Need) -> str | None:
    """Why a model does not have what is needed; None where it does."""
    if need == "changes":
        return why_no_versions(model)
    if need == "weights":
        gated = "something multiplies what its heads mix" if model.family.gates_heads else None
        return why_no_versions(model) or gated
    if need in ("patterns", "everything") and model.has_mixers:
        return _MIXED
    if need == "everything" and model.has_whole_mlps:
        return _WHOLE
    return None


def level_told(model: Model) -> str:
    """Down to what a model is taken apart, in a sentence."""
    return f"{model.name} is taken apart down to {_in_words(model)}."


def check_has_neurons(model: Model, layer: int | None = None) -> None:
    """Refuse a model (or a block) of which no neurons are told.

    Raises:
        InputError: it has no layers, no MLPs, or such that are one term each.
    """
    check_has_layers(model)
    if model.d_mlp and (layer is None or model.blocks[layer].neurons):
        return
    where, whole = (
        ("", model.has_whole_mlps) if layer is None else (f" in layer {layer}", model.blocks[layer].whole_mlp)
    )
    why = "MLPs that are one term each" if whole else f"{'mixers' if model.has_mixers else 'attention'} only, no MLPs"
    raise InputError(f"{model.name} has no neurons that are told{where}: it has {why}.\n{level_told(model)}")


def _in_words(model: Model) -> str:
    mixer = "what mixes tokens is one term" + (" in some blocks" if any(b.attends for b in model.blocks) else "")
    mlps = "no MLP writes" if not any(block.has_mlp for block in model.blocks) else "its MLPs are one term each"
    mlps = f"some of {mlps}" if model.d_mlp else mlps
    return {
        "everything": "its heads and neurons",
        "heads": f"its heads ({mlps})",
        "neurons": f"its neurons ({mixer})",
        "sublayers": f"its sublayers ({mixer}, {mlps})",
    }[model.level]


def _told_of(model: Model) -> list[str]:
    return [name for need, names in _COMMANDS.items() if _why_not(model, need) is None for name in names]


def asked_of(model: Model, method: str) -> None:
    """Refuse a method of a prompt that a model is not taken apart enough for.

    Raises:
        InputError: as `needed`.
    """
    needed(model, method, NEED_OF.get(method, "everything"))


# Runs in which parts are changed


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


def untested_notes(why: str | None) -> list[str]:
    """What an explanation says where nothing could be taken away (`why_no_versions`)."""
    return [] if why is None else [f"Nothing was tested by taking it away: {why}."]


def versions_only(model: Model) -> None:
    """Refuse models of whose runs no edited versions can be made.

    Raises:
        InputError: one of them; the message says why.
    """
    needed(model, "What changes parts", "changes")


def plain_heads_only(model: Model, what: str) -> None:
    """Refuse models whose heads do not write `z W_O` in every block, where weights alone are read.

    Raises:
        InputError: some blocks have other mixers, something multiplies `z` before W_O reads it, or attention is only
            watched.
    """
    needed(model, what, "weights")


# What a ledger says that splits less than it was asked


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
    split = any(block.splits for block in model.blocks) and ("head" in by or "source" in by)
    if "neuron" in by and not any(block.has_mlp for block in model.blocks):
        return [
            f"{model.name} is taken apart down to its {model.level}, not by {by}: it has no MLPs.",
            *[_SPLIT] * split,
        ]
    return [_SPLIT] * split + _wholes(model, by, wholes)


def _wholes(model: Model, by: str, wholes: Sequence[str]) -> list[str]:
    if not wholes:
        return []
    return [
        f"{model.name} is taken apart down to its {model.level}, not by {by} everywhere: {', and '.join(wholes)} is "
        "one term a block."
    ]


# Sums of writes


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
