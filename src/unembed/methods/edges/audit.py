"""audit: the referee of a circuit that anybody found, by any tool.

What a circuit is said to carry is measured as `find_circuit` measures its own: faithfulness over ten sizes with
intervals, a random circuit, all other edges, the edges that it needs, and the best rival. The scores are taken as they
are; no prompt of them is known, so all prompts are new to them, and only what tries circuits out (a rival, pruning) is
kept to the first half.
"""

from collections.abc import Sequence
from dataclasses import replace

from unembed.errors import InputError
from unembed.methods.edges.bases import bases_of
from unembed.methods.edges.circuit import Circuit
from unembed.methods.edges.find import Choice, judged
from unembed.methods.edges.foreign import Given
from unembed.methods.edges.tasks import PromptPair
from unembed.models.model import Model
from unembed.progress import Progress

_GIVEN = "given"


def audit_circuit(
    model: Model,
    given: Given,
    prompts: Sequence[PromptPair],
    choice: Choice | None = None,
    *,
    progress: Progress | None = None,
) -> Circuit:
    """Measure a circuit that was given.

    Args:
        model: that the scores are of.
        given: from `read_scores`.
        prompts: pairs with the tokens of their metric.
        choice: as of `find_circuit`; its size counts where the file does not say which edges are the circuit, and its
            method and steps do not count.
        progress: told how far the work is.

    Raises:
        InputError: no prompts; as `find_circuit`.
    """
    if not prompts:
        raise InputError("There are no prompts: expected at least one pair.")
    choice = replace(choice or Choice(), method=_GIVEN)
    bases = bases_of(model, prompts[: (len(prompts) + 1) // 2], choice.ablation)
    found = judged(bases, [given.scores], prompts, choice, progress or (lambda stage, fraction: None), given.kept)
    assert found.search is not None
    return replace(found, search=replace(found.search, prompts=0))
