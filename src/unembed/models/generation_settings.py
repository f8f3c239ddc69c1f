"""What a generation configuration does to the scores before `generate` of transformers chooses a token.

Everything here tells of the model's own logits. Where a configuration has them changed first (a repetition penalty,
tokens that are suppressed or forced), the token that transformers emits may be another one, and a note says so.
"""

from typing import Any

from unembed.models.model import Model

_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "repetition_penalty": (1,),
    "encoder_repetition_penalty": (1,),
    "no_repeat_ngram_size": (0,),
    "encoder_no_repeat_ngram_size": (0,),
    "min_length": (0,),
    "min_new_tokens": (0,),
    "forced_bos_token_id": (),
    "forced_eos_token_id": (),
    "suppress_tokens": ([],),
    "begin_suppress_tokens": ([],),
    "bad_words_ids": ([],),
    "sequence_bias": ({}, []),
    "exponential_decay_length_penalty": (),
    "guidance_scale": (1,),
    "watermarking_config": (),
    "num_beams": (1,),
    "return_timestamps": (False,),
}
"""Settings by which the tokens of a greedy search are not those of the largest logits, and the values that do nothing
(as None does)."""
_OF_END = ("min_length", "min_new_tokens", "exponential_decay_length_penalty")
"""What changes the score of the end of the text alone; without such a token it does nothing."""
_SHOWN = 4


def settings_notes(model: Model) -> tuple[str, ...]:
    """Say which settings would make `generate` of transformers choose by other scores than the logits; often none."""
    found = {name: value for name, value in _set(model).items() if value not in _NEUTRAL[name]}
    if not found:
        return ()
    named = ", ".join(f"{name} = {_brief(value)}" for name, value in found.items())
    return (
        "Tokens are explained and chosen by the model's own logits. The generate of transformers changes the scores "
        f"before it chooses, as the generation configuration says: {named}.",
    )


def _set(model: Model) -> dict[str, Any]:
    settings: Any = getattr(model.module, "generation_config", None)
    found = {name: getattr(settings, name, None) for name in _NEUTRAL}
    nothing = {name for name, value in found.items() if value is None}
    if model.encoder is not None:
        nothing.add("forced_bos_token_id")  # stands in front of the decoder's prompt (special.py)
    if getattr(settings, "eos_token_id", None) is None:
        nothing.update(_OF_END)
    return {name: value for name, value in found.items() if name not in nothing}


def _brief(value: Any) -> str:
    if isinstance(value, list | tuple) and len(value) > _SHOWN:
        return f"[{', '.join(map(str, value[:_SHOWN]))}, and {len(value) - _SHOWN} more]"
    return str(value) if isinstance(value, int | float | list | tuple) else "set"
