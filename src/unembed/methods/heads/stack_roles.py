"""Head roles of models that read a whole text: what each head of an encoder-decoder or a masked model looks at.

Positions (`previous`, `current`, `next`), sinks (`first`, `last`), and of cross-attention alignment (by token, or by
place alone: `monotone`), measured on random tokens in two orders (shuffled_tokens.py). When a role is claimed is the
same as for a GPT (role_scores.py). A score says what a head looks at, not that the model needs it. So the best heads of
each role are zeroed together, beside as many others of the same attention at random:

    change   KL(as it is || with heads zeroed), the mean over the drawn tokens of the decoder's prompt, in nats

A masked language model is one stack with the roles of an encoder. Its predictions are read at blanks, which stand for
every eighth drawn token.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from unembed.engine import edits, measures
from unembed.engine.counterfactual import counterfactuals
from unembed.errors import InputError, Interrupted
from unembed.methods.circuits.head_circuits import Head
from unembed.methods.heads.repeated_tokens import HALF
from unembed.methods.heads.role_scores import CHECKED, RoleScores, every_score, plotted, sets_at_random
from unembed.methods.heads.shuffled_tokens import (
    STACK_OF,
    Shuffled,
    StackName,
    blanked,
    count_of,
    recorded,
    roles_of,
    scores_of,
    shuffled,
)
from unembed.models.blanks import blank_token
from unembed.models.model import Model
from unembed.models.names import head_name, in_stack
from unembed.models.reprs import SHOWN, Brief, listed
from unembed.models.sites import Site
from unembed.progress import Progress, silent
from unembed.runs.result import Result
from unembed.seeds import generator

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class StackHeadScore:
    """How well one head plays one role."""

    role: str
    stack: StackName
    """"encoder" (also of a masked model), "decoder", or "cross" for the decoder's cross-attention."""
    layer: int
    """Of the encoder, or of the decoder."""
    head: int
    score: float
    claimed: bool
    """Whether the head has the role."""
    name: str
    """Of the head: `enc.L1.H3`, `L1.H3`, `L2.X0`."""

    @property
    def label(self) -> str:
        """`enc.L1.H3 enc_next_token`, `L2.X0 cross_aligned_token`."""
        return f"{self.name} {self.role}"


@dataclass(frozen=True, repr=False)
class ZeroedTogether(Brief):
    """Heads of one attention that were zeroed together at every position."""

    heads: tuple[Head, ...]
    change: float
    """Of the predictions of the decoder, or at blanks: KL in nats a token."""


@dataclass(frozen=True, repr=False)
class ChangeCheck(Brief):
    """What the best heads of a role change in the predictions, beside others."""

    roles: dict[str, ZeroedTogether]
    """The best heads of each role, together."""
    controls: dict[StackName, tuple[ZeroedTogether, ...]]
    """As many heads of the same attention at random; empty where it has no more heads than are zeroed."""
    sequences: int

    def _found(self) -> str:
        most, zeroed = max(self.roles.items(), key=lambda entry: entry[1].change)
        return f"without the best heads of {most}: {zeroed.change:.3f} nats"


@dataclass(frozen=True)
class StackRoles(Result[StackHeadScore]):
    """The roles of all heads of an encoder-decoder or a masked model. Made by `measure_stack_roles`."""

    measure = "score"

    model: Model
    count: int
    """How many tokens were drawn for a sequence."""
    sequences: int
    top_zeroed: int
    """Heads of each role that are zeroed."""
    seed: int
    roles: dict[str, RoleScores]
    """By name, in the order encoder, decoder, cross-attention. Scores of alignment are missing where sound is read; a
    masked model has those of the encoder."""
    check: ChangeCheck | None
    """None where it was not asked for, was interrupted, or no blank is known at which a masked model could be asked."""
    asked_check: bool = True
    """Whether the check was asked for."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """None: it is about random tokens."""
        return ()

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "score"

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is here."""
        return self.check is not None or not self.asked_check or not _can_check(self.model)

    @property
    def stacks(self) -> tuple[StackName, ...]:
        """The attentions whose heads were measured, in the order of `roles`."""
        return tuple(dict.fromkeys(STACK_OF[role] for role in self.roles))

    def name_of(self, stack: StackName, layer: int, head: int) -> str:
        """The name of a head of an attention: `enc.L1.H3`, `L1.H3` (also of a masked model), `L1.X3`."""
        beside = stack == "encoder" and not self.model.fills_blanks
        return in_stack(head_name(layer, head, cross=stack == "cross"), beside)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of this model."""
        notes = []
        if self.count < HALF:
            notes.append(f"the model has room for {self.count} drawn tokens instead of {HALF}")
        if self.asked_check and not _can_check(self.model):
            notes.append("no blank is known at which its predictions could be read (--mask): heads are not zeroed")
        if "cross" in self.stacks and "cross_aligned_token" not in self.roles:
            notes.append("the source is random sound, with which no token is aligned: alignment by token is left out")
        if self.check is not None:
            few: list[StackName] = [stack for stack, found in self.check.controls.items() if not found]
            notes += [f"the {_TITLES[stack]} has too few heads for as many others at random" for stack in few]
        return tuple(notes)

    def entries(self) -> list[StackHeadScore]:
        """Every head in every role of its attention, role by role."""
        return [
            StackHeadScore(role, STACK_OF[role], layer, head, score, claimed, self.name_of(STACK_OF[role], layer, head))
            for role, layer, head, score, claimed in every_score(self.roles)
        ]

    def of(self, stack: StackName, layer: int, head: int) -> tuple[str, ...]:
        """The roles that are claimed for a head of an attention: "encoder", "decoder" or "cross"."""
        mine = ((role, found) for role, found in self.roles.items() if STACK_OF[role] == stack)
        return tuple(role for role, found in mine if bool(found.claimed[layer, head]))

    def plot(self, role: str | None = None) -> "Figure":
        """Draw the scores of all heads in one role, by layer and head.

        Args:
            role: one of `roles`; by default the first of the last attention, such as `cross_aligned_token`.

        Raises:
            InputError: no such role was measured; or matplotlib is not installed.
        """
        last = next(name for name in self.roles if STACK_OF[name] == self.stacks[-1])
        return self.captioned(plotted(self.roles, last if role is None else role))

    def __repr__(self) -> str:
        orders = " in two orders" if self.model.encoder is not None else ""
        lines = [f"StackRoles({self.model.name}, {self.count} tokens{orders}):"]
        for stack in self.stacks:
            best = []
            for role, found in self.roles.items():
                if STACK_OF[role] == stack:
                    place = found.top(1)[0]
                    best.append(f"{role} {self.name_of(stack, *place)} {float(found.scores[place]):.2f}")
            lines.append(f"  {_TITLES[stack]}: {listed(best[:SHOWN], len(best))}")
        return "\n".join(lines)


_TITLES: dict[StackName, str] = {"encoder": "encoder", "decoder": "decoder", "cross": "cross-attention"}


def _can_check(model: Model) -> bool:
    """Whether there is something to predict on random tokens: in a masked model only at blanks."""
    return not model.fills_blanks or blank_token(model) is not None


def measure_stack_roles(
    model: Model,
    *,
    sequences: int = 32,
    top: int = 5,
    seed: int = 0,
    check: bool = True,
    memory: int | None = None,
    progress: Progress = silent,
) -> StackRoles:
    """Measure the roles of all heads of a model that reads a whole text: an encoder-decoder or a masked model.

    Those of an encoder-decoder are of its encoder, its decoder and its cross-attention. A masked language model is one
    stack with the roles of an encoder.

    Args:
        model: an encoder-decoder, whose source is not read, or a masked language model; from `load` or `wrap`.
        sequences: of random tokens.
        top: heads of each role that are zeroed.
        seed: of all that is drawn.
        check: whether to zero heads; a masked model whose blank is not known goes without.
        memory: bytes for walks, as in `counterfactuals`.
        progress: called after each sequence.

    Raises:
        InputError: a model that predicts what comes next and has no encoder; one that has no layers, or room for fewer
            than 8 tokens; no sequence or no head to zero; a negative seed.
        Interrupted: on Ctrl-C during the causal check, with the scores.
    """
    if model.encoder is None and not model.fills_blanks:
        raise InputError(f"{model.name} has no encoder: the roles of its heads are those of measure_head_roles.")
    if not model.layers:
        raise InputError(f"{model.name} has no layers, so it has no heads.")
    if top < 1:
        raise InputError(f"Expected at least one head of each role to zero, found {top}.")
    model = replace(model, source=None)
    count, found = count_of(model), []
    for number, sequence in enumerate(shuffled(model, sequences, seed=seed)):
        found.append(scores_of(sequence, recorded(sequence)))
        progress("attention on random tokens", (number + 1) / sequences)
    result = StackRoles(model, count, sequences, top, seed, roles_of(found), None, check)
    if check and _can_check(model):
        try:
            result = replace(result, check=_change_check(result, memory, progress))
        except KeyboardInterrupt as stop:
            raise Interrupted(result) from stop
    return result


# The causal check


def _change_check(result: StackRoles, memory: int | None, progress: Progress) -> ChangeCheck:
    top, random = result.top_zeroed, generator(result.seed)
    best = {role: tuple(found.top(top)) for role, found in result.roles.items()}
    controls: dict[StackName, list[tuple[Head, ...]]] = {
        stack: _controls(result, stack, top, random) for stack in result.stacks
    }
    sets: list[tuple[StackName, tuple[Head, ...]]] = [(STACK_OF[role], heads) for role, heads in best.items()]
    for stack, drawn in controls.items():
        sets.extend((stack, heads) for heads in drawn)
    changes = _changes(result, sets, memory, progress)
    zeroed = iter([ZeroedTogether(heads, change) for (_, heads), change in zip(sets, changes, strict=True)])
    roles = {role: next(zeroed) for role in best}
    return ChangeCheck(
        roles,
        {stack: tuple(next(zeroed) for _ in drawn) for stack, drawn in controls.items()},
        min(CHECKED, result.sequences),
    )


def _controls(result: StackRoles, stack: StackName, size: int, random: torch.Generator) -> list[tuple[Head, ...]]:
    """Sets of as many heads of an attention, drawn at random; none where it has no more."""
    scores = next(found.scores for role, found in result.roles.items() if STACK_OF[role] == stack)
    layers, heads = scores.shape
    every = [(layer, head) for layer in range(layers) for head in range(heads)]
    return sets_at_random(every, size, random) if len(every) > size else []


def _changes(
    result: StackRoles, sets: Sequence[tuple[StackName, Iterable[Head]]], memory: int | None, progress: Progress
) -> list[float]:
    """What zeroing each set of heads changes, the mean over the first sequences."""
    beside = result.model.encoder is not None
    interventions = [[edits.zero(_site(stack, *head, beside=beside)) for head in heads] for stack, heads in sets]
    sequences = list(shuffled(result.model, min(CHECKED, result.sequences), seed=result.seed))
    total = torch.zeros(len(sets), dtype=torch.float64)
    for number, sequence in enumerate(sequences):

        def tick(stage: str, fraction: float, number: int = number) -> None:
            progress("zeroing heads", (number + fraction) / len(sequences))

        total += _change(sequence, interventions, memory, tick)
    return (total / len(sequences)).tolist()


def _change(
    sequence: Shuffled, interventions: list[list[edits.Edit]], memory: int | None, progress: Progress
) -> torch.Tensor:
    found = blanked(sequence)
    sequence, at = found or (sequence, tuple(range(sequence.lead, len(sequence.tokens))))
    run = recorded(sequence)
    measure = measures.kl_from(run.logits[list(at)])
    found = counterfactuals(run, interventions, measure, at=at, memory=memory, progress=progress)
    return found.double().cpu() / len(at)


def _site(stack: StackName, layer: int, head: int, *, beside: bool) -> Site:
    """Of a head; `beside` is whether an encoder is one beside a decoder."""
    encoder = beside and stack == "encoder"
    return Site(kind="cross_z" if stack == "cross" else "z", layer=layer, head=head, encoder=encoder)
