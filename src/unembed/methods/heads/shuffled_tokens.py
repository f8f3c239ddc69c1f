"""Shuffled random tokens: what heads attend to where no meaning can help them, in models that read a whole text.

`count` different tokens are drawn at random. The source holds them in the order in which they were drawn, between what
the tokenizer puts around a text. The decoder's prompt holds the same tokens in another order, drawn anew for each
sequence, after what begins every prompt: so a head that follows tokens and a head that counts positions score apart. A
model that reads sound gets random features, and its decoder random tokens. With `A[i, s]` a head's attention, `k` the
number of a drawn token in the decoder's prompt, and `place(k)` where the same token stands in the source, the score of
a role is the mean over sequences and drawn tokens (in an encoder of sound: over its positions) of the attention to

| role | of | attention to |
|---|---|---|
| `enc_previous_token`, `enc_current_token`, `enc_next_token` | the encoder | `i - 1`, `i`, `i + 1` |
| `enc_first_token`, `enc_last_token` | the encoder | the first and the last position of the source |
| `previous_token`, `current_token`, `first_token` | the decoder | `i - 1`, `i`, `0` |
| `cross_aligned_token` | cross-attention | `place(k)`: the token that was just read |
| `cross_aligned_next` | cross-attention | `place(k) + 1`: what follows it in the source |
| `cross_monotone`, `cross_monotone_next` | cross-attention | the `k`-th and the next of `count` equal stretches |
| `cross_first_token`, `cross_last_token` | cross-attention | the first and the last position of the source |

Nothing is aligned with sound, so the two roles of alignment are left out there. A stretch of a text is one token.

A masked language model is one stack that reads a whole text as an encoder does: its heads have the encoder's roles,
and its text is a source. Its blank, what pads its texts and other special tokens are not drawn there.

The null of a role is the same mean for attention to offsets that mean nothing, over all heads of its stack: those at
least `APART` from 0, ends of the source left out. Chance is uniform attention.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.heads.repeated_tokens import APART, HALF, vocabulary
from unembed.methods.heads.role_scores import RoleScores, role_scores
from unembed.models.blanks import blank_token
from unembed.models.model import Model
from unembed.models.read_source import probe_source, with_source
from unembed.models.reprs import Brief
from unembed.models.special import around_a_source, around_a_text, beginning
from unembed.runs.record import record
from unembed.runs.run import Run
from unembed.seeds import generator

StackName = Literal["encoder", "decoder", "cross"]
STACK_OF: dict[str, StackName] = {
    **dict.fromkeys(
        ("enc_previous_token", "enc_current_token", "enc_next_token", "enc_first_token", "enc_last_token"), "encoder"
    ),
    **dict.fromkeys(("previous_token", "current_token", "first_token"), "decoder"),
    **dict.fromkeys(("cross_aligned_token", "cross_aligned_next"), "cross"),
    **dict.fromkeys(("cross_monotone", "cross_monotone_next", "cross_first_token", "cross_last_token"), "cross"),
}
"""Every role, and the attention whose heads play it."""
_SHORTEST = 8
_BLANKED = 8


@dataclass(frozen=True, repr=False)
class Shuffled(Brief):
    """One sequence: a source that was read, and a prompt of the decoder; of a masked model its text alone."""

    model: Model
    """With its source."""
    tokens: tuple[int, ...]
    """The decoder's prompt, or the text of a masked model with what stands around it."""
    lead: int
    """How many tokens of it stand before the drawn ones."""
    first: int
    """The position of the first drawn token in the source, or in the text."""
    end: int
    """The position after the last one."""
    places: Int[Tensor, "token"] | None
    """Where each drawn token of the prompt stands among those of the source; None where the source is sound,
    and of a masked model."""

    @property
    def drawn(self) -> int:
        """How many tokens were drawn."""
        return self.end - self.first if self.model.fills_blanks else len(self.tokens) - self.lead

    @property
    def length(self) -> int:
        """Of the source, or of the text."""
        return len(self.tokens if self.model.fills_blanks else self.model.source or ())


def count_of(model: Model) -> int:
    """How many tokens are drawn: `HALF`, or as many as source, decoder or text, and the vocabulary have room for.

    Raises:
        InputError: fewer than 8.
    """
    encoder = model.family.encoder
    room = [HALF, len(_free(model))]
    if encoder is None:
        around = sum(map(len, around_a_text(model)))
    else:
        begins, ends = around_a_source(model)
        limit = None if encoder.context is None else getattr(model.config, encoder.context, None)
        if encoder.reads == "audio":
            limit = model.config.max_source_positions
        room += [] if limit is None else [limit - len(begins) - len(ends)]
        around = len(beginning(model))
    room += [] if model.context is None else [model.context - around]
    if min(room) < _SHORTEST:
        raise InputError(
            f"{model.name} has room for {min(room)} tokens: the roles of its heads are measured on {_SHORTEST} at "
            "least."
        )
    return min(room)


def _free(model: Model) -> list[int]:
    """The tokens that are drawn from."""
    if model.encoder is not None:
        begins, ends = around_a_source(model)
        left_out = {*begins, *ends, *beginning(model)}
    else:
        begins, ends = around_a_text(model)
        # What pads a text has no position of its own in a RoBERTa, so the place of the others would not be theirs.
        left_out = {*begins, *ends, blank_token(model), getattr(model.config, "pad_token_id", None)}
        left_out |= set(getattr(model.tokenizer, "all_special_ids", ()))
    return [token for token in range(vocabulary(model)) if token not in left_out]


def shuffled(model: Model, count: int, *, seed: int = 0) -> Iterator[Shuffled]:
    """`count` sequences, drawn from a generator of `seed`.

    Raises:
        InputError: no sequence, a bad seed, or a model with too little room.
    """
    if count < 1:
        raise InputError(f"Expected at least one sequence, found {count}.")
    random, size, free = generator(seed), count_of(model), torch.tensor(_free(model))
    begins, ends = around_a_source(model) if model.encoder is not None else around_a_text(model)
    for _ in range(count):
        drawn = free[torch.randperm(len(free), generator=random)[:size]]
        if model.fills_blanks:
            text = (*begins, *drawn.tolist(), *ends)
            yield Shuffled(model, text, len(begins), len(begins), len(begins) + size, None)
            continue
        places = torch.randperm(size, generator=random)
        assert model.family.encoder is not None
        sound = model.family.encoder.reads == "audio"
        if sound:
            read = probe_source(model, seed=int(torch.randint(2**31, (), generator=random)))
        else:
            read = with_source(model, [*begins, *drawn.tolist(), *ends])
        lead = beginning(read)  # a Whisper guesses the language of what it hears
        first, end = (0, len(read.source or ())) if sound else (len(begins), len(begins) + size)
        prompt = (*lead, *drawn[places].tolist())
        yield Shuffled(read, prompt, len(lead), first, end, None if sound else places)


def recorded(sequence: Shuffled) -> Run:
    """The run of the decoder on a sequence, whose `encoder` is that of the source; or of a masked model on its text."""
    return record(sequence.model, sequence.tokens)


def blanked(sequence: Shuffled) -> tuple[Shuffled, tuple[int, ...]] | None:
    """A text of a masked model with a blank for every eighth drawn token, and where they are; None without a blank."""
    blank = blank_token(sequence.model)
    if blank is None:
        return None
    places = tuple(range(sequence.first + _BLANKED // 2, sequence.end, _BLANKED))
    tokens = (blank if i in places else token for i, token in enumerate(sequence.tokens))
    return replace(sequence, tokens=tuple(tokens)), places


@dataclass(frozen=True, repr=False)
class SequenceScores(Brief):
    """What all heads score on one sequence."""

    scores: dict[str, Float[Tensor, "layer head"]]
    chance: dict[str, float]
    null: dict[str, Float[Tensor, "layer head offset"]]


@torch.no_grad()
def scores_of(sequence: Shuffled, run: Run) -> SequenceScores:
    """The scores of every role on a sequence, with chance and null."""
    found: dict[str, list[tuple[Tensor, Tensor]]] = {}
    chance = dict.fromkeys(STACK_OF, 1 / sequence.length)
    masked = sequence.model.fills_blanks
    for layer in (run if masked else run.encoder).layers:
        assert layer.heads is not None
        _put(found, _of_encoder(sequence, layer.heads.pattern.double().cpu()))
    for layer in () if masked else run.layers:
        assert layer.heads is not None
        assert layer.cross_heads is not None
        _put(found, _of_decoder(sequence, layer.heads.pattern.double().cpu()))
        _put(found, _of_cross(sequence, layer.cross_heads.pattern.double().cpu()))
    seen = 1 / torch.arange(1 + sequence.lead, 1 + len(sequence.tokens), dtype=torch.float64)
    chance |= {"previous_token": float(seen[1:].mean()), "current_token": float(seen.mean())}
    chance |= {"first_token": float(seen.mean())}
    stretches = (sequence.end - sequence.first) / sequence.drawn / sequence.length
    chance |= {"cross_monotone": stretches, "cross_monotone_next": stretches}
    scores = {role: torch.stack([score for score, _ in layers]) for role, layers in found.items()}
    null = {role: torch.stack([null for _, null in layers]) for role, layers in found.items()}
    return SequenceScores(scores, {role: chance[role] for role in scores}, null)


def roles_of(sequences: list[SequenceScores]) -> dict[str, RoleScores]:
    """The scores of every role over sequences, with standard errors where there are several."""
    found = {}
    for role in (role for role in STACK_OF if role in sequences[0].scores):
        each = torch.stack([one.scores[role] for one in sequences])
        null = torch.stack([one.null[role] for one in sequences]).mean(0)
        one = role_scores(each.mean(0), sequences[0].chance[role], null.flatten())
        found[role] = replace(one, errors=each.std(0) / len(each) ** 0.5 if len(each) > 1 else None)
    return found


_Scored = dict[str, tuple[Float[Tensor, "head"], Float[Tensor, "head offset"]]]


def _put(found: dict[str, list[tuple[Tensor, Tensor]]], layer: _Scored) -> None:
    for role, scored in layer.items():
        found.setdefault(role, []).append(scored)


def _of_encoder(sequence: Shuffled, pattern: Float[Tensor, "head query key"]) -> _Scored:
    first, end, last = sequence.first, sequence.end, sequence.length - 1
    inner = pattern[:, first:end, first:end]
    null = _offsets(_without_ends(inner, first, last))
    return {
        "enc_previous_token": (_diagonal(inner, -1), null),
        "enc_current_token": (_diagonal(inner, 0), null),
        "enc_next_token": (_diagonal(inner, 1), null),
        # An end says nothing of itself: attention to it from itself is that of the current token.
        "enc_first_token": (pattern[:, max(first, 1) : end, 0].mean(-1), null),
        "enc_last_token": (pattern[:, first : min(end, last), last].mean(-1), null),
    }


def _of_decoder(sequence: Shuffled, pattern: Float[Tensor, "head query key"]) -> _Scored:
    inner = pattern[:, sequence.lead :, sequence.lead :]
    null = _offsets(inner, causal=True)
    return {
        "previous_token": (_diagonal(inner, -1), null),
        "current_token": (_diagonal(inner, 0), null),
        "first_token": (pattern[:, sequence.lead :, 0].mean(-1), null),
    }


def _of_cross(sequence: Shuffled, pattern: Float[Tensor, "head query key"]) -> _Scored:
    first, end, count = sequence.first, sequence.end, sequence.drawn
    pattern = pattern[:, sequence.lead :]
    inner, last = pattern[..., first:end], sequence.length - 1
    edges = torch.arange(count + 1) * (end - first) // count
    sums = torch.nn.functional.pad(inner, (1, 0)).cumsum(-1)
    stretches = sums[..., edges[1:]] - sums[..., edges[:-1]]
    holds_end = [k for k in range(count) if first + edges[k] == 0 or first + edges[k + 1] > last]
    bare = stretches.clone()
    bare[..., holds_end] = torch.nan
    null = _offsets(bare)
    found = {
        "cross_monotone": (_diagonal(stretches, 0), null),
        "cross_monotone_next": (_diagonal(stretches, 1), null),
        "cross_first_token": (pattern[..., 0].mean(-1), null),
        "cross_last_token": (pattern[..., last].mean(-1), null),
    }
    if sequence.places is not None:
        aligned = inner[:, sequence.places.argsort()]  # row `s` is of the token that stands at `s` in the source
        null = _offsets(_without_ends(aligned, first, last))
        found["cross_aligned_token"] = (_diagonal(aligned, 0), null)
        found["cross_aligned_next"] = (_diagonal(aligned, 1), null)
    return found


def _without_ends(inner: Float[Tensor, "head query key"], first: int, last: int) -> Float[Tensor, "head query key"]:
    """Attention to drawn tokens, with NaN for those that are an end of the source themselves."""
    bare = inner.clone()
    bare[..., [s for s in range(inner.shape[-1]) if first + s in (0, last)]] = torch.nan
    return bare


def _offsets(inner: Float[Tensor, "head query key"], *, causal: bool = False) -> Float[Tensor, "head offset"]:
    """The mean attention of every head to each offset that means nothing."""
    size = inner.shape[-1]
    far = range(1 + APART, max(min(size // 2, HALF), 2 + APART))  # a sound has hundreds, and these are enough
    offsets = [-d for d in far] + ([] if causal else list(far))
    return torch.stack([_diagonal(inner, offset) for offset in offsets], -1)


def _diagonal(inner: Float[Tensor, "head query key"], offset: int) -> Float[Tensor, "head"]:
    """The mean attention from each `i` to `i + offset`."""
    return inner.diagonal(offset, -2, -1).nanmean(-1)
