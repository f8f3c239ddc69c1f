"""finest: the smallest units of a prompt that are few enough to be taken away one by one."""

from unembed.errors import InputError
from unembed.methods.words.asked import as_written, ask
from unembed.methods.words.words import Words, words_asked
from unembed.models.prompts import text_of_prompt
from unembed.models.units import Units, units_of
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
        None of a prompt that is no text, of one unit only, or of more than `MOST` of every kind; and elsewhere than at
        the blank of a masked language model.
    """
    model = prompt.model
    if position != prompt.asked:
        if model.bidirectional and model.encoder is None:
            return None  # words are asked for at the blank
        tokens = prompt.tokens[: position + 1]
        prompt = prompt_of(model, text_of_prompt(model, tokens) or tokens)
    units = _finest(prompt)
    if units is None:
        return None
    how = "mask" if model.source is not None and model.encoder is None else "delete"
    return words_asked(ask(prompt, units, target, how=how, versus=versus), progress=progress)


def _finest(prompt: Prompt) -> Units | None:
    try:
        read = as_written(prompt)
    except InputError:  # a source of sound has no words
        return None
    for by in ("word", "sentence", "line", "turn"):
        try:
            found = units_of(read, by)
        except InputError:  # of this kind there are none
            continue
        if len(found.units) <= MOST:
            return found if len(found.units) > 1 else None
    return None
