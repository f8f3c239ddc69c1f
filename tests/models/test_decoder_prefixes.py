"""What an encoder-decoder's decoder begins with is what `generate` of transformers gives it, and it is said."""

from typing import Any

import pytest
import torch
from transformers import GenerationConfig

import unembed
from builders.random_encoder_decoders import build
from builders.words import make_tokenizer
from unembed.errors import InputError
from unembed.methods.generate import generate
from unembed.models.prompts import prompt_notes, tokenize

LANGUAGES = {"<|en|>": 20, "<|de|>": 21, "<|fr|>": 22}
TASKS = {"transcribe": 23, "translate": 24}
SILENT = 30
WHISPER: dict[str, Any] = {
    "decoder_start_token_id": 19,
    "eos_token_id": 2,
    "pad_token_id": 0,
    "is_multilingual": True,
    "lang_to_id": LANGUAGES,
    "task_to_id": TASKS,
    "no_timestamps_token_id": SILENT,
    "max_length": 24,
}


def whisper(**settings: Any) -> unembed.Model:
    """One that hears noise. The tokens from 31 on are times."""
    module = build("whisper", dtype=torch.float32)
    module.generation_config = GenerationConfig(**{**WHISPER, **settings})
    features = torch.rand(1, 8, 18, generator=torch.Generator().manual_seed(1))
    made = unembed.wrap(module, make_tokenizer(), name="whisper")
    return unembed.with_source(made, inputs={"input_features": features})


def given_by_generate(model: unembed.Model, **source: Any) -> tuple[list[int], list[int]]:
    """What `generate` first calls the decoder with (Whisper's is first called to hear the language), and its answer."""
    calls: list[list[int]] = []

    def keep(_: Any, args: Any, words: Any) -> None:
        calls.append((words["input_ids"] if "input_ids" in words else args[0])[0].tolist())

    decoder = model.module.get_decoder()
    handle = decoder.register_forward_pre_hook(keep, with_kwargs=True)
    try:
        made = model.module.generate(**source, num_beams=1, do_sample=False, use_cache=False)
    finally:
        handle.remove()
    return next(ids for ids in calls if len(ids) > 1 or model.family.model_type != "whisper"), made[0].tolist()


@pytest.mark.parametrize(
    "settings",
    [
        {"language": "english", "task": "transcribe"},
        {"language": "<|fr|>", "task": "translate"},
        {"language": "de"},
        {"task": "translate"},
        {},
        {"language": "en", "return_timestamps": True},
    ],
    ids=str,
)
def test_whisper_begins_as_its_generation_configuration_says(settings: dict[str, Any]) -> None:
    model = whisper(**settings)
    source = model.source.inputs["input_features"]
    first, _ = given_by_generate(model, input_features=source)
    assert list(tokenize(model, "")) == first
    assert list(tokenize(model, " the capital"))[: len(first)] == first
    (note,) = prompt_notes(model, "the capital")
    assert note.startswith("Put in front of the decoder's prompt: ")
    assert note.count("id:") == len(first)


def test_who_names_a_language_or_the_start_gets_no_second_one() -> None:
    model = whisper(language="en", task="transcribe")
    assert tokenize(model, [19, 22, 3]) == (19, 22, 3)
    bare = unembed.with_special(model, "as-typed")
    assert tokenize(bare, "the capital") == (2, 3)


def test_a_language_that_the_configuration_does_not_know_is_refused() -> None:
    with pytest.raises(InputError, match="names the language 'klingon'"):
        tokenize(whisper(language="klingon", task="transcribe"), "the")


def test_who_types_another_language_of_an_mbart_gets_no_second_one() -> None:
    """Whether its configuration forces a language after the start (mbart-50) or starts with one (mbart-large-en-ro)."""
    module = build("mbart", dtype=torch.float32)
    tokenizer: Any = make_tokenizer()
    tokenizer.add_tokens(["de_DE", "fr_XX"])
    german, french = tokenizer.convert_tokens_to_ids(["de_DE", "fr_XX"])
    tokenizer.lang_code_to_id = {"de_DE": german, "fr_XX": french}
    model = unembed.with_source(unembed.wrap(module, tokenizer, name="mbart"), [5, 6, 7, 2])
    module.generation_config.update(forced_bos_token_id=german)
    assert tokenize(model, "the capital") == (0, german, 2, 3)
    assert tokenize(model, "fr_XXthe capital") == (0, french, 2, 3)
    module.generation_config.update(forced_bos_token_id=None, decoder_start_token_id=german)
    assert tokenize(model, "the capital") == (german, 2, 3)
    assert tokenize(model, "fr_XXthe capital") == (french, 2, 3)
    told = "xx_XX names no language of mbart, so it is read as plain text. It knows de_DE, fr_XX."
    assert prompt_notes(model, "xx_XX the capital") == (told,)
    heard = whisper(language="en", task="transcribe")
    assert prompt_notes(heard, "<|xx|> the")[1].startswith("<|xx|> names no language of whisper")


@pytest.mark.crossed(1)
@pytest.mark.parametrize("kind", ["mbart", "bart", "marian", "t5"])
@pytest.mark.parametrize("forced", [None, 40])
def test_the_others_begin_with_start_and_forced_token(kind: str, forced: int | None) -> None:
    """And greedy generation goes on as `generate` does."""
    module = build(kind)
    module.generation_config.update(forced_bos_token_id=forced, forced_eos_token_id=None, max_new_tokens=7)
    model = unembed.with_source(unembed.wrap(module, make_tokenizer(), name=kind), [5, 6, 7, 2])
    _, made = given_by_generate(model, input_ids=torch.tensor([[5, 6, 7, 2]]))
    begun = list(tokenize(model, ""))
    assert begun == made[: len(begun)] == [0, *([] if forced is None else [forced])]
    ours = [step.token for step in generate(model, "", tokens=8 - len(begun))]
    assert ours[: len(made) - len(begun)] == made[len(begun) :]
    said = [] if forced is None else [f"'<unk>' 'id:{forced}'"]
    assert [note.split(": ")[1].split(",")[0] for note in prompt_notes(model, "")] == said
