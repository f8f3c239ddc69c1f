"""Bases: what edges outside a circuit carry.

    corrupted   what their senders gave in the corrupted run (Hanna et al. 2024; Mueller et al. 2025)
    mean        the mean of what they gave at the position of the same name in the corrupted prompts that score
                (Wang et al. 2022, *Interpretability in the Wild*; positions are named as in methods/prompt_sets.py)
    zero        nothing

Means and zeros also stand in the place of the embeddings, so no edge at all gives the same stream after every prompt
of the same names.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.methods.edges.apart import Apart
from unembed.methods.edges.flow import Base, Pair, pair_of, written_by
from unembed.methods.edges.graph import graph_of
from unembed.methods.edges.tasks import PromptPair
from unembed.methods.prompt_sets import Example, prompt_set
from unembed.models.model import Model
from unembed.models.reprs import Brief
from unembed.runs.record import record

Ablation = Literal["corrupted", "mean", "zero"]


@dataclass(frozen=True, repr=False)
class Bases(Brief):
    """What edges outside a circuit carry, of any prompt. Made by `bases_of`."""

    model: Model
    how: Ablation
    means: Mapping[str, Float[Tensor, "sender d_model"]]
    """By the name of a position; of `mean`."""

    def pair(self, prompt: PromptPair) -> Pair:
        """Both runs of a pair, with this base.

        Raises:
            InputError: as `pair_of`; a position with a name that no prompt has of which means were taken.
        """
        one = _example(self.model, prompt)
        assert one.corrupt is not None
        return pair_of(self.model, one.tokens, one.corrupt, self._base(one))

    def _base(self, one: Example) -> Base | None:
        if self.how == "corrupted":
            return None
        if self.how == "zero":
            return torch.zeros_like
        missing = [name for name in one.names if name not in self.means]
        if missing:
            raise InputError(
                f"There is no mean at the position {missing[0]}: none of the prompts that score has it.\n"
                "Give prompts of one form, mark their positions, or take the corrupted prompt as the base."
            )
        return lambda writes: torch.stack([self.means[name] for name in one.names], 1).to(writes)


def bases_of(model: Model, prompts: Sequence[PromptPair], how: str = "corrupted") -> Bases:
    """What edges outside a circuit carry.

    Args:
        model: from `load` or `wrap`.
        prompts: whose corrupted prompts the means are taken over.
        how: `corrupted`, `mean` or `zero`.

    Raises:
        InputError: another word; a bad prompt; a model whose blocks cannot be taken apart.
    """
    if how not in get_args(Ablation):
        raise InputError(f"Expected an ablation of {', '.join(get_args(Ablation))}; found {how!r}.")
    return Bases(model, how, _means(model, prompts) if how == "mean" else {})  # type: ignore[arg-type]


@torch.no_grad()
def _means(model: Model, prompts: Sequence[PromptPair]) -> Mapping[str, Float[Tensor, "sender d_model"]]:
    graph, total, count = graph_of(model), dict[str, Tensor](), defaultdict[str, int](int)
    for prompt in prompts:
        one = _example(model, prompt)
        assert one.corrupt is not None
        given = written_by(graph, Apart(record(model, one.corrupt))).double()
        for position, name in enumerate(one.corrupt_names):
            total[name] = total[name] + given[:, position] if name in total else given[:, position]
            count[name] += 1
    return {name: value / count[name] for name, value in total.items()}


def _example(model: Model, prompt: PromptPair) -> Example:
    return prompt_set(model, [prompt.row]).examples[0]
