"""swapped: the prompt with one word replaced by another of as many tokens; of an encoder-decoder, its source."""

from unembed.errors import InputError
from unembed.models.prompts import text_of_prompt, tokenize
from unembed.models.read_source import with_source
from unembed.models.tokens import EXPLICIT
from unembed.models.words import replaced, replaced_tokens
from unembed.runs.prompted import Prompt, prompt_of

SwapWords = tuple[str, str] | tuple[str, str, int | str]
"""A word, the one in its place, and which of several it is: "all", or a number from 1."""


def swapped(prompt: Prompt, where: int, swap: SwapWords) -> Prompt:
    """The prompt of the other word, which differs at or before the position that is explained.

    Raises:
        InputError: no two words, a word that is not there, another number of tokens, or nothing changes.
    """
    model, ids = prompt.model, prompt.tokens
    if isinstance(swap, str) or len(swap) not in (2, 3) or not all(isinstance(word, str) for word in swap[:2]):
        raise InputError(f"Expected a swap as ('France', 'Germany'), or with a third entry 'all' or 2; found {swap!r}.")
    old, new, which = swap if len(swap) == 3 else (*swap, None)
    if model.encoder is not None and model.source is not None:
        text = replaced(model, () if model.source.text is None else model.source.text, old, new, which)
        return prompt_of(with_source(model, text), ids)
    # A run recorded from token ids knows no text; most have one that gives just these tokens.
    written = prompt.text or text_of_prompt(model, ids) or ids
    if any(EXPLICIT.fullmatch(name) for name in (old, new)):
        text, other = "the swapped prompt", replaced_tokens(model, ids, old, new, which)
    else:
        text = replaced(model, written, old, new, which)
        other = tokenize(model, text)
    if len(other) != len(ids):
        raise InputError(
            f"The prompts of a swap need equally many tokens: {written!r} has {len(ids)}, {text!r} has "
            f"{len(other)}.\n"
            "Take another word of as many tokens."
        )
    seen = len(ids) if model.bidirectional else where + 1
    if other[:seen] == ids[:seen]:
        raise InputError(f"The swap changes nothing at or before the explained position {where}.")
    return prompt_of(model, other)
