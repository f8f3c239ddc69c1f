"""What the second repetition of random tokens is predicted by: its loss with sets of heads zeroed.

    loss = - mean over sequences and tokens of log P(token | what stands before)

over the tokens of one half but its first, which nothing announces. In the first half nothing can be known. In the
second everything can, by a model that looks the token up in the first (Olsson et al. 2022). A head is zeroed at every
position (`z = 0`), and later layers react: the loss is that of a full run, exact up to rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.measures import log_probability
from unembed.errors import all_or_nothing
from unembed.methods.circuits.head_circuits import Head
from unembed.models.model import Model
from unembed.models.reprs import Brief
from unembed.models.sites import Site
from unembed.models.special import beginning
from unembed.progress import Progress, silent
from unembed.runs.record import record
from unembed.runs.run import Run


@dataclass(frozen=True, repr=False)
class RepetitionLoss(Brief):
    """Losses in nats a token."""

    first: float
    """Of the first half, nothing zeroed."""
    second: float
    """Of the second half, nothing zeroed."""
    zeroed: tuple[float, ...]
    """Of the second half, one for each set of heads."""


@all_or_nothing()
def repetition_loss(
    model: Model,
    sequences: Int[Tensor, "sequence position"],
    sets: Sequence[Sequence[Head]],
    *,
    memory: int | None = None,
    progress: Progress = silent,
) -> RepetitionLoss:
    """The loss in the second half with each set of heads zeroed.

    Args:
        model: from `load` or `wrap`.
        sequences: from `repeated_tokens.repeated`.
        sets: heads that are zeroed together.
        memory: bytes for walks, as in `counterfactuals`.
        progress: called after each block of each walk.

    Raises:
        KeyboardInterrupt: on Ctrl-C.
    """
    changes = [[edits.zero(Site(kind="z", layer=layer, head=head)) for layer, head in heads] for heads in sets]
    lead = len(beginning(model))
    total = torch.zeros(2 + len(sets), dtype=torch.float64)
    for number, ids in enumerate(sequences.tolist()):

        def tick(stage: str, fraction: float, number: int = number) -> None:
            progress("zeroing heads", (number + fraction) / len(sequences))

        total += _losses(record(model, ids), lead, changes, memory, tick)
    first, second, *zeroed = (total / len(sequences)).tolist()
    return RepetitionLoss(first, second, tuple(zeroed))


def _losses(
    run: Run, lead: int, changes: list[list[edits.Edit]], memory: int | None, progress: Progress
) -> Float[Tensor, "first_second_zeroed"]:
    """The losses of one sequence."""
    half = (run.length - lead) // 2
    first, second = (
        log_probability(run.tokens[start + 1 : start + half])(run.logits[None, start : start + half - 1])
        for start in (lead, lead + half)
    )
    answer, at = run.tokens[lead + half + 1 :], range(lead + half, run.length - 1)
    zeroed = counterfactuals(run, changes, log_probability(answer), at=at, memory=memory, progress=progress)
    return -torch.cat([x.double().cpu() for x in (first, second, zeroed)]) / (half - 1)
