"""Causal tracing: where does a fact about a subject pass through the model?

    clean      P(target) of the prompt as it is
    corrupt    P(target) with noise added to the embeddings of the subject's tokens
    value      P(target) with that noise, and one state (layer, position) put back to what it was in the clean run

each the mean over samples of the noise; all runs of one sample share its noise. The noise is normal with `noise` times
the standard deviation of the embeddings. Exact for each sample. Meng et al., *Locating and editing factual associations
in GPT*, 2022, from which the window and the sites `resid_post`, `attention` and `mlp` come. The standard deviation is
taken over the embeddings of the whole vocabulary, theirs over those of subjects.

The noisy run of a sample is recorded once, and the restored runs start from it, each at its own layer and position.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit, set_to
from unembed.engine.measures import Question, question
from unembed.errors import InputError, Interrupted
from unembed.models.hooks import on_output, one_at_a_time
from unembed.models.kinds import KINDS, kind_of
from unembed.models.labels import visible
from unembed.models.model import Model, check_has_layers
from unembed.models.prompts import absolute_position, tokenize
from unembed.models.refusals import check_has_neurons
from unembed.models.sites import Site
from unembed.models.words import mentions
from unembed.progress import Progress, silent
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.record import record
from unembed.runs.result import Result
from unembed.runs.run import Run
from unembed.seeds import generator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Restored = Literal["resid_pre", "resid_mid", "resid_post", "attention", "mlp"]


@dataclass(frozen=True)
class RestoredState:
    """What restoring one state does, the mean over samples."""

    layer: int
    position: int
    value: float
    """`P(target)` with it restored."""
    error: float | None
    """The standard error of that mean; None with one sample."""
    change: float
    """`value` minus the probability of the noisy runs."""

    @property
    def label(self) -> str:
        """`L3 @ 4`."""
        return f"L{self.layer} @ {self.position}"


@dataclass(frozen=True)
class CausalTrace(Result[RestoredState]):
    """Restored probabilities. Made by `causal_trace`."""

    measure = "change"

    model: Model
    tokens: tuple[int, ...]
    subject: tuple[int, ...]
    """The positions that got noise."""
    target: tuple[int, ...]
    site: Restored
    window: int
    std: float
    """The standard deviation of the noise."""
    seed: int
    clean: float
    """`P(target)` of the clean run."""
    corrupt: Float[Tensor, "sample"]
    """`P(target)` of each noisy run."""
    restored: Float[Tensor, "sample layer position"]
    """`P(target)` of each noisy run with one state restored."""
    asked: int
    """How many samples were asked for; fewer are there when the work was stopped."""

    def __repr__(self) -> str:
        values = self.values
        layer, position = divmod(int(values.argmax()), values.shape[1])
        return (
            f"CausalTrace({self.site}, {len(self.corrupt)} samples, P clean {self.clean:.3g}, "
            f"corrupt {float(self.corrupt.mean()):.3g}; most with L{layer} @ {position} restored: "
            f"{float(values[layer, position]):.3g})"
        )

    @property
    def complete(self) -> bool:
        """Whether every sample is here."""
        return len(self.corrupt) == self.asked

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "gain of the target's probability"

    def entries(self) -> list[RestoredState]:
        """Each state, layer by layer."""
        corrupt, several = float(self.corrupt.mean()), len(self.restored) > 1
        return [
            RestoredState(layer, position, value, error if several else None, value - corrupt)
            for layer, columns in enumerate(zip(self.values.tolist(), self.errors.tolist(), strict=True))
            for position, (value, error) in enumerate(zip(*columns, strict=True))
        ]

    def columns(self, entry: RestoredState) -> dict[str, Any]:
        """A state, and the text of its token."""
        return super().columns(entry) | {"token": self.token_texts[entry.position]}

    def plot(self) -> "Figure":
        """Draw what each restored state gives back, by layer and position; the subject is marked.

        Raises:
            InputError: matplotlib is not installed.
        """
        from unembed.runs.figures import by_layer

        marks = ["*" if position in self.subject else "" for position in range(len(self.tokens))]
        around = "" if self.window == 1 else f", {self.window} layers together"
        return self.captioned(
            by_layer(
                ((entry.layer, entry.position, entry.change) for entry in self.entries()),
                columns=[visible(text) + mark for text, mark in zip(self.token_texts, marks, strict=True)],
                axis="position (* corrupted)",
                unit=self.unit,
                title=f"{self.site} restored{around}",
            )
        )

    @property
    def values(self) -> Float[Tensor, "layer position"]:
        """The mean restored probability."""
        return self.restored.mean(0)

    @property
    def errors(self) -> Float[Tensor, "layer position"]:
        """The standard error of that mean over samples; NaN with one sample."""
        if len(self.restored) == 1:
            return torch.full_like(self.restored[0], torch.nan)
        return self.restored.std(0) / len(self.restored) ** 0.5

    @property
    def effect(self) -> Float[Tensor, "layer position"]:
        """The indirect effect of each state as a share: `(value - corrupt) / (clean - corrupt)`.

        Raises:
            InputError: the noise does not change the probability.
        """
        corrupt = float(self.corrupt.mean())
        if corrupt == self.clean:
            raise InputError("The noise does not change the probability of the target: there is nothing to restore.")
        return (self.values - corrupt) / (self.clean - corrupt)


@prompted
def causal_trace(
    prompt: Prompt,
    target: str | int | Sequence[int] | None = None,
    *,
    subject: str | Sequence[int],
    site: str = "resid_post",
    window: int = 1,
    noise: float = 3.0,
    samples: int = 10,
    seed: int = 0,
    memory: int | None = None,
    progress: Progress = silent,
) -> CausalTrace:
    """Corrupt the subject, restore one state at a time, and see where the answer comes back.

    Args:
        prompt: a recorded run, or a model and a prompt.
        target: the answer; None is the top prediction. Of several tokens `P` is the product over them.
        subject: the part of the text that is corrupted, or positions.
        site: what is restored: "resid_post" (the stream after a block), "resid_pre", "resid_mid", "attention" or "mlp".
        window: how many layers are restored together, around each layer (cut at the ends).
        noise: the standard deviation of the noise, in units of that of the embeddings.
        samples: how many draws of the noise.
        seed: of the noise.
        memory: bytes that walks may use beyond model and runs; None takes a quarter of what is free.
        progress: called while the runs advance.

    Raises:
        InputError: a subject that is not in the prompt or there more than once, a bad site, target or number.
        Interrupted: on Ctrl-C, with the finished samples, if there are any.
    """
    model, tokens = prompt.model, prompt.tokens
    check_has_layers(model)
    kind = KINDS[kind_of(site, get_args(Restored))]
    if kind.place == "mlp":
        check_has_neurons(model)
    where = _check(model, site, window, noise, samples)
    corrupted = subject_positions(model, prompt.written, subject)
    asked = _question(prompt, target)
    first = 0 if model.bidirectional else corrupted[0]  # before which noise changes nothing
    patched = () if kind.everywhere else range(first, len(tokens))
    kept = sorted({*asked.positions, *patched})
    clean = prompt.followed_by(asked.answer[:-1]).recorded(kept)
    std = noise * embedding_std(model)
    edits = list(_restorations(clean, len(tokens), first, where, window))
    draws = _draws(samples, (len(corrupted), clean.embedding.shape[-1]), std, seed)
    result = CausalTrace(
        model=model,
        tokens=tokens,
        subject=corrupted,
        target=asked.answer,
        site=where,
        window=window,
        std=std,
        seed=seed,
        clean=_probability(asked, clean),
        corrupt=torch.zeros(0, dtype=torch.float64),
        restored=torch.zeros(0, model.layers, len(tokens), dtype=torch.float64),
        asked=samples,
    )
    try:
        for sample, draw in enumerate(draws):

            def tick(stage: str, fraction: float, sample: int = sample) -> None:
                progress(stage, (sample + fraction) / samples)

            noisy = _noisy_run(model, asked.tokens, corrupted, draw, kept)
            found = counterfactuals(noisy, edits, asked.probability, at=asked.positions, memory=memory, progress=tick)
            result = _with_sample(result, first, _probability(asked, noisy), found)
    except KeyboardInterrupt as stop:
        if not len(result.corrupt):
            raise KeyboardInterrupt from stop
        raise Interrupted(result) from stop
    return result


def _with_sample(result: CausalTrace, first: int, corrupt: float, found: Float[Tensor, "cell"]) -> CausalTrace:
    """The result with one more sample; before the first changed position there is nothing to restore."""
    restored = torch.full((1, result.model.layers, len(result.tokens)), corrupt, dtype=torch.float64)
    restored[0, :, first:] = found.to(restored).view(result.model.layers, -1)
    one = torch.tensor([corrupt], dtype=torch.float64)
    return replace(result, corrupt=torch.cat([result.corrupt, one]), restored=torch.cat([result.restored, restored]))


def _check(model: Model, site: str, window: int, noise: float, samples: int) -> Restored:
    if not 1 <= window <= model.layers:
        raise InputError(f"Expected a window of 1 to {model.layers} layers, found {window}.")
    if samples < 1:
        raise InputError(f"Expected at least one sample of noise, found {samples}.")
    if not 0 < noise < float("inf"):
        raise InputError(f"Expected a finite amount of noise above 0, found {noise:g}.")
    most = 1 / torch.finfo(model.dtype).eps
    if noise > most:
        raise InputError(
            f"Noise of {noise:g} standard deviations leaves nothing of the embeddings: expected at most {most:.3g}."
        )
    return site  # type: ignore[return-value]  # one of the words, as was checked


def _question(prompt: Prompt, target: str | int | Sequence[int] | None) -> Question:
    if target is None:
        target = prompt.recorded([prompt.asked]).token()
    return question(prompt.model, prompt.written, target)


def _probability(asked: Question, run: Run) -> float:
    logits = run.logits[[run.row(p) for p in asked.positions]]
    return float(asked.probability(logits[None]))


# The subject and its noise


def subject_positions(model: Model, prompt: str | Sequence[int], subject: str | Sequence[int]) -> tuple[int, ...]:
    """The positions whose tokens hold a part of the subject.

    Raises:
        InputError: the subject is not in the prompt, or there more than once; or a position is outside.
    """
    if not isinstance(subject, str):
        length = len(tokenize(model, prompt))
        found = tuple(sorted({absolute_position(p, length) for p in subject}))
        if not found:
            raise InputError("The subject is empty: expected at least one position.")
        return found
    if not isinstance(prompt, str):
        raise InputError("The subject is text, but the prompt is token ids: give positions (--subject-position).")
    found = mentions(model, prompt, subject)
    if len(found) != 1:
        raise InputError(
            f"Expected the subject {subject!r} to be in the prompt once, found it {len(found)} times.\n"
            "Give the words as they are written in the prompt, or positions (--subject-position)."
        )
    return found[0]


def embedding_std(model: Model) -> float:
    """The standard deviation of all numbers of all token embeddings, as they enter the stream."""
    embedding = model.embed
    count, total, squares = 0, 0.0, 0.0
    with torch.no_grad():
        for ids in torch.arange(model.vocab, device=model.device).split(8192):
            x = embedding(ids[None])
            count, total = count + x.numel(), total + float(x.sum(dtype=torch.float64))
            squares += float(x.float().square().sum(dtype=torch.float64))
    return (squares / count - (total / count) ** 2) ** 0.5


def _draws(samples: int, shape: tuple[int, int], std: float, seed: int) -> Iterator[Float[Tensor, "subject d_model"]]:
    random = generator(seed)
    for _ in range(samples):
        yield std * torch.randn(shape, generator=random, dtype=torch.float64)


def _noisy_run(
    model: Model,
    tokens: tuple[int, ...],
    subject: tuple[int, ...],
    noise: Float[Tensor, "subject d_model"],
    kept: Sequence[int],
) -> Run:
    """A run with noise on the subject's embeddings: the base that restored runs start from."""

    def corrupt(out: Tensor) -> Tensor:
        return out.index_add(1, torch.tensor(subject, device=out.device), noise[None].to(out))

    with one_at_a_time, ExitStack() as stack:
        on_output(stack, model.embed, corrupt)
        return record(model, tokens, positions=kept)


def _restorations(clean: Run, length: int, first: int, site: Restored, window: int) -> Iterator[list[Edit]]:
    """Layer by layer, position by position from the subject on: the edits that restore one state."""
    layers, kind = clean.model.layers, kind_of(site, get_args(Restored))
    positions = range(first, length)
    states = [clean.at(Site(kind=kind, layer=layer, positions=tuple(positions))) for layer in range(layers)]
    for layer in range(layers):
        around = range(max(0, layer - window // 2), min(layers, layer + (window + 1) // 2))
        for p in positions:
            sites = [Site(kind=kind, layer=near, positions=(p,)) for near in around]
            yield [replace(set_to(where, states[where.layer][p - first]), what="restore") for where in sites]
