"""finest: the smallest units of a prompt that are few enough to be taken away one by one."""

import math

from unembed.errors import InputError
from unembed.methods.words.asked import as_written, ask
from unembed.methods.words.words import Words, words_asked
from unembed.models.prompts import text_of_prompt
from unembed.models.units import Unit, Units, Written, units_of
from unembed.progress import Progress, silent
from unembed.runs.prompted import Prompt, prompt_of

_MOST = 32
"""Units that are taken away, at most."""
_PASSAGES = 8
"""Stretches that a longer prompt is cut into: each costs most of a forward there."""


def finest_words(
    prompt: Prompt, target: int, versus: int | str | None, position: int, *, progress: Progress = silent
) -> Words | None:
    """What each word of a prompt is worth to a target; of a prompt of many words, each sentence, line, turn or passage.

    Args:
        prompt: that is explained.
        target: the token that is explained.
        versus: another: effects are on the difference of the two logits then.
        position: where it is predicted.
        progress: called after each walk.

    Returns:
        None of a prompt that is no text, or of one unit only; and elsewhere than at the blank of a masked language
        model.
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
    coarsest = None
    for by in ("word", "sentence", "line", "turn"):
        try:
            found = units_of(read, by)
        except InputError:  # of this kind there are none
            continue
        if by == "word" and len(found.units) < 2:
            return None
        if 1 < len(found.units) <= _MOST:
            return found
        if by == "word" or len(found.units) > 1:
            coarsest = found
    return None if coarsest is None else _passages(read, coarsest)


def _passages(read: Written, units: Units) -> Units:
    """Neighbouring units together, and the last, where the question is asked, word by word."""
    *before, last = units.units
    size = math.ceil(sum(len(unit.positions) for unit in before) / (_PASSAGES - 1))
    passages: list[list[Unit]] = [[]]
    for unit in before:
        if sum(len(each.positions) for each in passages[-1]) >= size:
            passages.append([])
        passages[-1].append(unit)
    words = [unit for unit in units_of(read, "word").units if set(unit.positions) <= set(last.positions)]
    ends = [[word] for word in words] if len(words) <= _MOST - _PASSAGES else [[last]]
    return units_of(read, [_span(passage) for passage in (*passages, *ends)])


def _span(units: list[Unit]) -> tuple[int, int]:
    """The characters from the first of some units to the last."""
    start, end = units[0].start, units[-1].end
    assert start is not None
    assert end is not None
    return start, end
