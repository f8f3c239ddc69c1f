"""with_source: run the encoder of an encoder-decoder once, so that its decoder becomes a GPT like any other.

The source is text, a WAV file, token ids or what the processor of the model made of anything else. What comes back is
the same model with its source: every function that takes a model and a prompt explains its decoder then.

with_image does the same for a GPT that reads an image within its prompt: the processor puts as many placeholders into
the prompt as there are patches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError, ModelError
from unembed.models.audio import read_wav, resampled
from unembed.models.blanks import unread_blank_notes
from unembed.models.family import Encoder
from unembed.models.hooks import attending, one_at_a_time
from unembed.models.images import read_image
from unembed.models.model import Model
from unembed.models.pretrained import from_folder
from unembed.models.prompts import well_formed
from unembed.models.sources import Source, SourceToken
from unembed.models.special import around_a_source
from unembed.models.tokens import name_of


def with_source(
    model: Model,
    text: str | Sequence[int] | None = None,
    *,
    audio: str | Path | None = None,
    inputs: Mapping[str, Tensor] | None = None,
) -> Model:
    """The model with a source that its encoder has read.

    Args:
        model: an encoder-decoder, from `load` or `wrap`.
        text: the source, or its token ids (special tokens included then).
        audio: a WAV file, for a model that reads sound. It is made mono and brought to the processor's sample rate.
        inputs: what the encoder is called with (`input_ids` or `input_features`, `attention_mask`), as a processor of
            `transformers` gives it, for one source.

    Raises:
        InputError: no source, two, one of the wrong kind, one that is too long, or a model that reads none.
        ModelError: the processor is missing.
    """
    encoder = _encoder(model)
    given = [name for name, value in (("text", text), ("audio", audio), ("inputs", inputs)) if value is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise InputError(f"{model.name} reads one source of {encoder.reads}, found {found}.")
    if inputs is None and given[0] != encoder.reads:
        raise InputError(f"{model.name} reads {encoder.reads}, found {given[0]}.")
    if text is not None:
        read = _encoded(model, *_of_text(model, text))
        assert read.source is not None
        if not isinstance(text, str):
            return read
        return replace(read, source=replace(read.source, text=text, notes=unread_blank_notes(model, text)))
    if audio is not None:
        return _encoded(model, *_of_audio(model, Path(audio)))
    assert inputs is not None
    return _encoded(model, dict(inputs), None, ())


def source_start(model: Model, text: str) -> tuple[int, ...]:
    """Token ids of a source text, with what frames it, cut where the encoder reads no more.

    Raises:
        InputError: the encoder reads no text, or there is no tokenizer.
    """
    if _encoder(model).reads != "text" or model.tokenizer is None:
        raise InputError(f"{model.name} reads no plain text as its source, over which a mean could be taken.")
    begins, ends = around_a_source(model)
    limit = _longest(model)
    room = None if limit is None else limit - len(begins) - len(ends)
    return (*begins, *model.tokenizer(text, add_special_tokens=False)["input_ids"][:room], *ends)  # type: ignore[operator]


def read_again(model: Model) -> Model:
    """The model with its source read by the encoder as it is now: after an edit of its weights, or with hooks.

    Raises:
        InputError: the model has no source.
    """
    source = model.source
    if source is None or source.states is None:
        raise InputError(f"{model.name} has no source that its encoder could read again: give one (with_source).")
    read = _encoded(model, dict(source.inputs), [token.label for token in source.tokens], source.notes).source
    assert read is not None
    return replace(model, source=replace(read, text=source.text))


def with_image(model: Model, prompt: str, image: str | Path) -> tuple[Model, tuple[int, ...]]:
    """The model with an image, and the token ids of the prompt with a placeholder for each patch.

    Args:
        model: one that reads an image within its prompt (LLaVA), from `load`.
        prompt: text; where the image stands is named as the processor wants it (`<image>`), by default in front.
        image: a file that Pillow reads.

    Raises:
        InputError: the model reads no image, or the file is none.
        ModelError: the processor is missing.
    """
    prefix = model.family.prefix
    if prefix is None:
        raise InputError(f"{model.name} reads no image.")
    processor: Any = _processor(model, "AutoProcessor", "an image into patches (processor_config.json)")
    mark = processor.image_token
    text = well_formed(prompt if mark in prompt else mark + prompt)
    picture, notes = read_image(Path(image))
    try:
        made = processor(images=picture, text=text, return_tensors="pt")
    except Exception as error:  # a processor raises whatever its files make of the picture
        raise InputError(f"The processor of {model.name} cannot read {image} with this prompt: {error}") from error
    ids = tuple(made["input_ids"][0].tolist())
    given = {name: x for name, x in made.items() if name not in ("input_ids", "attention_mask")}
    inputs = {name: _prepared(model, x) for name, x in given.items() if isinstance(x, Tensor)}
    source = Source(_labelled(model, ids), inputs, states=None, mask=None, text=prompt, notes=notes)
    return replace(model, source=source), ids


def _labelled(model: Model, ids: tuple[int, ...]) -> tuple[SourceToken, ...]:
    """Every position of a prompt with its modality."""
    assert model.family.prefix is not None
    placeholder = getattr(model.module.config, model.family.prefix.token)
    side = _patches_of_a_side(model)
    found: list[SourceToken] = []
    patches = 0
    for position, token in enumerate(ids):
        if token == placeholder:
            found.append(SourceToken(position, "image", _name_of_patch(patches, side, ids.count(placeholder))))
            patches += 1
        else:
            found.append(SourceToken(position, "text", name_of(model, token)))
    return tuple(found)


def _patches_of_a_side(model: Model) -> int | None:
    """How many patches an image has from left to right, and from top to bottom; None where its encoder does not say."""
    vision = getattr(model.module.config, "vision_config", None)
    size, patch = getattr(vision, "image_size", None), getattr(vision, "patch_size", None)
    return size // patch if isinstance(size, int) and isinstance(patch, int) else None


def _name_of_patch(number: int, side: int | None, count: int) -> str:
    """`patch 7: row 1, column 3`, counted from the top left; its number alone where patches make no square."""
    if side is None or count != side**2:
        return f"patch {number}"
    return f"patch {number}: row {number // side}, column {number % side}"


def probe_source(model: Model, length: int = 5, *, seed: int = 0) -> Model:
    """The model with a source that only serves to run it; random features, where it reads sound."""
    encoder = _encoder(model)
    if encoder.reads == "text":
        return with_source(model, [(7919 * i + 13) % model.vocab for i in range(length)])
    shape = (1, model.config.num_mel_bins, 2 * model.config.max_source_positions)
    features = torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return with_source(model, inputs={"input_features": features})


def _encoder(model: Model) -> Encoder:
    if model.family.encoder is None:
        image = " (with_image)" if model.family.prefix is not None else ""
        raise InputError(f"{model.name} is {model.alone}: it reads a prompt and no other source{image}.")
    return model.family.encoder


def _encoded(model: Model, inputs: dict[str, Any], labels: list[str] | None, notes: tuple[str, ...]) -> Model:
    """Run the encoder; `labels` None takes the tokens' texts, or the places in time."""
    encoder = _encoder(model)
    assert model.encoder is not None
    prepared = {name: _prepared(model, value) for name, value in inputs.items()}
    # The attention that every recorded run has too, so that the states are those of its blocks bit for bit.
    with torch.no_grad(), one_at_a_time, attending(model.encoder, lambda _, eager, *read: eager(*read)):
        try:
            states = model.encoder.module(**prepared).last_hidden_state
        except (ValueError, TypeError, IndexError, RuntimeError) as error:
            raise InputError(f"The encoder of {model.name} cannot read this source: {error}") from error
    if states.shape[0] != 1:
        raise InputError(f"Expected one source, found a batch of {states.shape[0]}.")
    if not bool(torch.isfinite(states).all()):
        raise ModelError(f"The encoder of {model.name} gave states that are not finite: its weights are damaged.")
    labels = _labels(model, prepared, states.shape[1]) if labels is None else labels
    tokens = tuple(SourceToken(i, encoder.reads, label) for i, label in enumerate(labels))
    mask = prepared.get("attention_mask") if encoder.reads == "text" else None
    return replace(model, source=Source(tokens, prepared, states, mask, notes=notes))


def _prepared(model: Model, value: Tensor) -> Tensor:
    value = value.to(model.device)
    return value.to(model.dtype) if value.is_floating_point() else value


def _labels(model: Model, inputs: Mapping[str, Any], count: int) -> list[str]:
    ids = inputs.get("input_ids")
    if ids is None:
        return [str(position) for position in range(count)]
    return [name_of(model, token) for token in ids[0].tolist()]


def _longest(model: Model) -> int | None:
    """How many tokens of a source the encoder reads; None where its configuration sets no limit."""
    name = _encoder(model).context
    return None if name is None else getattr(model.config, name, None)


def _of_text(
    model: Model, text: str | Sequence[int]
) -> tuple[dict[str, Int[Tensor, "1 source"]], None, tuple[str, ...]]:
    """The ids of a source text, within the limits of the encoder."""
    if isinstance(text, str):
        if model.tokenizer is None:
            raise InputError(f"{model.name} has no tokenizer: give the source as token ids.")
        ids = list(model.tokenizer(well_formed(text))["input_ids"]) if text else []
    else:
        ids = [int(token) for token in text]
    if not ids:
        raise InputError("The source is empty: expected at least one token.")
    limit = _longest(model)
    if limit is not None and len(ids) > limit:
        raise InputError(f"The source has {len(ids)} tokens, but the encoder of {model.name} reads at most {limit}.")
    rows = model.module.get_input_embeddings().weight.shape[0]  # type: ignore[union-attr]
    outside = [token for token in ids if not 0 <= token < rows]
    if outside:
        raise InputError(f"Source token ids {outside[:5]} are outside the vocabulary of {rows} tokens.")
    return {"input_ids": torch.tensor([ids])}, None, ()


def _of_audio(model: Model, path: Path) -> tuple[dict[str, Float[Tensor, "1 bin frame"]], list[str], tuple[str, ...]]:
    """The features of a WAV file, by the processor of the model."""
    extractor = _processor(model, "AutoFeatureExtractor", "sound into features (preprocessor_config.json)")
    sound, rate = read_wav(path)
    notes: list[str] = []
    if rate != extractor.sampling_rate:
        sound = resampled(sound, rate, extractor.sampling_rate)
        notes.append(
            f"{path.name} has {rate} samples a second; resampled to the processor's {extractor.sampling_rate}."
        )
    seconds, longest = len(sound) / extractor.sampling_rate, extractor.chunk_length
    if seconds > longest:
        raise InputError(f"{path} lasts {seconds:.1f} s, but the encoder of {model.name} reads at most {longest} s.")
    features = extractor(sound.numpy(), sampling_rate=extractor.sampling_rate, return_tensors="pt")["input_features"]
    count = model.config.max_source_positions
    times = [longest * position / count for position in range(count)]
    labels = [f"{time:.2f}s" + ("" if time < seconds else " padding") for time in times]
    return {"input_features": features}, labels, tuple(notes)


def _processor(model: Model, kind: str, purpose: str) -> Any:
    """A processor of `transformers` from the model's folder."""
    if model.folder is None:
        raise InputError("A model in memory has no processor: give what one makes of the source as `inputs`.")
    try:
        return from_folder(kind, model.folder)
    except ModelError:
        raise
    except Exception as error:  # a damaged file makes transformers raise whatever it meets
        reason = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
        raise ModelError(
            f"{model.folder} holds no processor that turns {purpose}: {reason}\n"
            "Copy the model's processor files into it; of a model from the hub, `unembed models fetch` brings them."
        ) from error
