"""finest: the smallest units of a prompt that are few enough to be taken away one by one."""

from unembed.errors import InputError
from unembed.methods.words.words import Words, words
from unembed.models.prompts import text_of_prompt
from unembed.models.units import units_of, written, written_source
from unembed.progress import Progress, silent
from unembed.runs.prompted import Prompt, prompt_of

MOST = 32
"""Units that are taken away, at most."""


def finest_words(
    prompt: Prompt, target: int, versus: int | str | None, position: int, *, progress: Progress = silent
) -> Words | None:
    """What each word of a prompt is worth to a target; of a prompt of many words, each sentence, line or turn.

    Args:
        prompt: that is explained.
        target: the token that is explained.
        versus: another: effects are on the difference of the two logits then.
        position: where it is predicted.
        progress: called after each walk.

    Returns:
        None of a prompt that is no text, of one unit only, or of more than `MOST` of every kind.
    """
    model = prompt.model
    if position != prompt.asked:
        if model.bidirectional and model.encoder is None:
            return None  # words are asked for at the blank
        tokens = prompt.tokens[: position + 1]
        prompt = prompt_of(model, text_of_prompt(model, tokens) or tokens)
    by = _finest(prompt)
    if by is None:
        return None
    how = "mask" if model.source is not None and model.encoder is None else "delete"
    given = prompt.messages or prompt.written if prompt.run is None else prompt.run
    return words(model, given, target, versus=versus, by=by, how=how, progress=progress)


def _finest(prompt: Prompt) -> str | None:
    model = prompt.model
    try:
        given, roles = prompt.messages or prompt.written, () if prompt.run is None else prompt.run.roles
        read = written(model, given, prompt.tokens, roles) if model.encoder is None else written_source(model)
    except InputError:  # a source of sound has no words
        return None
    for by in ("word", "sentence", "line", "turn"):
        try:
            units = units_of(read, by).units
        except InputError:  # of this kind there are none
            continue
        if len(units) <= MOST:
            return by if len(units) > 1 else None
    return None
