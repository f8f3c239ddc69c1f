"""Question: what is asked of a prompt, put again to what is left of the prompt when some of it is gone.

What is gone, by how it goes:

| how | the rest | exact, as |
|---|---|---|
| `delete` | closes up | a run of the shorter prompt |
| `mask` | keeps its positions; nobody outside attends to what is gone | a run with that attention mask |
| `replace` | has another token in each place | a run of that prompt |
| `swap` | has the tokens of an aligned second prompt there | a run of that prompt |

In a decoder the prompts share what they begin alike with (engine/texts.py). The source of an encoder-decoder, and the
text around a blank, are read by all of their positions at once, so there each version is a run of its own; only those
that hide tokens from attention are as long as the text, and run side by side. A blank stays where it stands: the answer
is asked for there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine.texts import WIDEST, Text
from unembed.errors import InputError, ModelError
from unembed.methods.ends import ends_of_texts
from unembed.models.forward import call
from unembed.models.hooks import one_at_a_time
from unembed.models.lengths import acts_alike
from unembed.models.model import Model
from unembed.models.read_source import with_source
from unembed.models.reprs import Brief
from unembed.models.unembedding import unembedded
from unembed.progress import Progress, silent
from unembed.runs.predictions import Prediction, prediction_from
from unembed.runs.record import record
from unembed.runs.run import Run

How = Literal["delete", "mask", "replace", "swap"]
Gone = frozenset[int]
"""Positions that are gone."""
_AT_ONCE = 2**19
"""Tokens of the versions that are sorted and packed together: pairs of 300 words are 45,000 versions."""
_ROWS = 32
"""Versions whose logits are made at once."""


@dataclass(frozen=True)
class Value:
    """What a model gives an answer, and what it would say first."""

    log_probability: float
    """In nats; of several tokens the sum, each after those before it."""
    probability: float
    logit: float
    """Above the mean over the vocabulary; of several tokens the sum."""
    difference: float | None
    """Under `versus`: the log-probability less that of the other token. The same in logits."""
    instead: Prediction
    """The top prediction in the answer's first place."""

    @property
    def score(self) -> float:
        """What effects are differences of: `difference` where there is one, else the log-probability."""
        return self.log_probability if self.difference is None else self.difference


@dataclass(frozen=True, repr=False)
class Question(Brief):
    """An answer, and the run of the prompt with all of the answer but its last token."""

    run: Run
    length: int
    """Of the prompt, in tokens."""
    answer: tuple[int, ...]
    versus: int | None
    how: How
    instead: tuple[int, ...]
    """For `replace` and `swap`: the token in each place of the prompt (or of the source) that comes for a gone one, and
    its own where it is in no unit."""
    asking: Gone = frozenset()
    """The positions of the last unit, where the answer is asked for: of a mask, they see each other."""
    begin: int | None = None
    """A token that stands at position 0 where what was there is gone (`keep_sink`); None: the place goes too."""
    of_source: bool = False
    """Whether positions are those of the source of an encoder-decoder."""

    @property
    def model(self) -> Model:
        """That is asked."""
        return self.run.model

    @property
    def place(self) -> int:
        """Where the answer's first token is asked for: after the prompt's last token, or at its blank."""
        return self.run.asked if self.model.fills_blanks else self.length - 1

    def base(self) -> Value:
        """What the model gives the answer with nothing gone."""
        first = self.run.row(self.place)
        return self._value(self.run.logits[first : first + len(self.answer)])

    def values(self, versions: Sequence[Gone], progress: Progress = silent) -> list[Value]:
        """The same with some positions gone, one value a version. Exact.

        Raises:
            InputError: a version with nothing left; as the runs.
            ModelError: a version gives logits that are not finite.
        """
        found: list[Value] = []
        at_once = max(1, _AT_ONCE // self.run.length)
        for start in range(0, len(versions), at_once):
            part = versions[start : start + at_once]

            def scaled(stage: str, done: float, start: int = start, count: int = len(part)) -> None:
                progress(stage, (start + done * count) / len(versions))

            with torch.no_grad():
                found += [self._value(logits) for logits in self._logits(part, scaled)]
        return found

    def _value(self, logits: Float[Tensor, "answer vocab"]) -> Value:
        wide = logits.double()
        if not bool(wide.isfinite().all()):
            raise ModelError(
                f"{self.model.name} gives logits that are not finite (NaN or infinity) to the prompt with some of it "
                f"gone by {self.how}: its numbers overflow in {str(self.model.dtype).removeprefix('torch.')}.\n"
                "Take a wider --dtype, or another way to go (--how)."
            )
        log_p = wide.log_softmax(-1)
        ids = torch.tensor(self.answer, device=logits.device)[:, None]
        total = float(log_p.gather(-1, ids).sum())
        difference = None if self.versus is None else float(wide[0, self.answer[0]] - wide[0, self.versus])
        return Value(
            log_probability=total,
            probability=float(torch.tensor(total, dtype=torch.float64).exp()),
            logit=float((wide.gather(-1, ids)[:, 0] - wide.mean(-1)).sum()),
            difference=difference,
            instead=prediction_from(self.model, logits[0], int(logits[0].argmax())),
        )

    def _logits(self, versions: Sequence[Gone], progress: Progress) -> Iterator[Float[Tensor, "answer vocab"]]:
        if self.model.fills_blanks and self.how == "mask":
            yield from self._with_hidden(versions, progress)
            return
        if self.of_source or self.model.fills_blanks:
            one = self._of_other_source if self.of_source else self._of_other_cloze
            for number, gone in enumerate(versions):
                yield one(gone)
                progress("other texts", (number + 1) / len(versions))
            return
        if self.how == "mask":
            yield from self._masked(versions, progress)
            return
        texts = [self._text(gone) for gone in versions]
        lengths = {self.run.length, *(len(text.tokens) for text in texts)}
        if self.how == "delete" and not all(acts_alike(self.model, self.run.length, length) for length in lengths):
            for number, text in enumerate(texts):  # a shorter prompt has other numbers from its first token on
                yield record(self.model, text.tokens, positions=range(-len(self.answer), 0), keep="stream").logits
                progress("other texts", (number + 1) / len(texts))
            return
        yield from self._of_texts(texts, len(self.answer), progress)

    def _of_texts(
        self, texts: Sequence[Text], count: int, progress: Progress = silent
    ) -> Iterator[Float[Tensor, "answer vocab"]]:
        for part in ends_of_texts(self.run, texts, count=count, progress=progress).split(_ROWS):
            yield from unembedded(self.model, part)[2]

    def _masked(self, versions: Sequence[Gone], progress: Progress) -> Iterator[Float[Tensor, "answer vocab"]]:
        """The question itself still sees its own tokens, and asks for the answer's first; the others do not see it."""
        count = len(self.answer)
        blind = [i for i, gone in enumerate(versions) if gone & self.asking] if count > 1 else []
        later = self._of_texts([self._text(versions[i]) for i in blind], count - 1) if blind else ()
        rest = dict(zip(blind, later, strict=True))
        seeing = [self._text(gone - self.asking) for gone in versions]
        for i, logits in enumerate(self._of_texts(seeing, count, progress)):
            yield torch.cat([logits[:1], rest[i]]) if i in rest else logits

    def _text(self, gone: Gone) -> Text:
        tokens = self.run.tokens
        if self.how in ("replace", "swap"):
            changed = tuple(self.instead[p] if p in gone else token for p, token in enumerate(tokens))
            return Text(changed, tuple(range(len(tokens))))
        kept = [p for p in range(len(tokens)) if p not in gone or (p == 0 and self.begin is not None)]
        if not kept or kept[0] >= self.length:
            raise InputError("Nothing of the prompt is left: expected a token that stays. Take --how replace=TOKEN.")
        left = tuple(self.begin if p == 0 and 0 in gone and self.begin is not None else tokens[p] for p in kept)
        return Text(left, tuple(kept) if self.how == "mask" else tuple(range(len(kept))))

    def _of_other_cloze(self, gone: Gone) -> Float[Tensor, "answer vocab"]:
        before = sum(p < self.place for p in gone) if self.how == "delete" else 0
        return record(self.model, self._text(gone).tokens, positions=[self.place - before], keep="stream").logits

    def _with_hidden(self, versions: Sequence[Gone], progress: Progress) -> Iterator[Float[Tensor, "answer vocab"]]:
        tokens = torch.tensor([self.run.tokens], device=self.model.device)
        at_once = max(1, WIDEST // self.run.length)
        for start in range(0, len(versions), at_once):
            part = versions[start : start + at_once]
            seen = torch.ones_like(tokens).repeat(len(part), 1)
            for row, gone in zip(seen, part, strict=True):
                row[sorted(gone)] = 0
            with one_at_a_time, torch.no_grad():
                output = call(self.model, tokens.expand_as(seen), keep=[self.place], attention_mask=seen)
            yield from output.logits
            progress("other texts", (start + len(part)) / len(versions))

    def _of_other_source(self, gone: Gone) -> Float[Tensor, "answer vocab"]:
        assert self.model.source is not None
        inputs, ids = self.model.source.inputs, self.model.source.ids
        assert ids is not None
        if self.how in ("delete", "mask") and len(gone) == len(ids):
            raise InputError("Nothing of the source is left: expected a token that stays. Take --how replace=TOKEN.")
        if self.how == "delete":
            read = with_source(self.model, [token for p, token in enumerate(ids) if p not in gone])
        elif self.how == "mask":
            seen = inputs.get("attention_mask")
            seen = torch.ones_like(inputs["input_ids"]) if seen is None else seen.clone()
            seen[0, sorted(gone)] = 0
            read = with_source(self.model, inputs={**inputs, "attention_mask": seen})
        else:
            read = with_source(self.model, [self.instead[p] if p in gone else token for p, token in enumerate(ids)])
        tokens = self.run.tokens
        return record(read, tokens, positions=range(self.length - 1, len(tokens)), keep="stream").logits
