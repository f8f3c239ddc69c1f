"""Path patching: what does one part tell certain other parts, and what does that do to the prediction?

    version 1   the sender is edited; above it every sublayer writes what it wrote in the base run, except the parts
                the path goes `through`. What the receivers compute now is the message.
    version 2   the base run with the receivers set to that, everything above them recomputed.

So the effect is that of the paths sender -> (through) -> receivers -> anything, and of no others. With the logits as
receiver version 1 is the answer: the effect of the direct path. Exact: both versions equal full runs of the model with
these changes, up to rounding. Wang et al., *Interpretability in the wild*, 2022; Goldowsky-Dill et al., *Localizing
model behavior with path patching*, 2023.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from unembed.engine.counterfactual import counterfactuals, watched
from unembed.engine.edits import Edit, Intervention, set_to
from unembed.engine.measures import Measure
from unembed.errors import InputError
from unembed.models.kinds import KINDS
from unembed.models.model import Model
from unembed.models.parts import Address, site_of
from unembed.models.refusals import decoders_only
from unembed.models.sites import Site, resolve
from unembed.progress import Progress, silent
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.run import Run

_ATTENTION, _MLP = KINDS["attention_write"].order, KINDS["mlp_write"].order
"""When in a block its two writes are computed."""
_PARTS = ("z", "attention_write", "mlp_write")


@prompted
def path_patch(
    prompt: Prompt,
    senders: Sequence[Intervention],
    receivers: Sequence[Address] | Literal["logits"],
    measure: Measure,
    *,
    through: Sequence[Address] = (),
    at: Sequence[int] | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> Float[Tensor, "sender *value"]:
    """What `measure` reads when the receivers, and nothing else, hear of an edit of the sender.

    Args:
        prompt: a recorded run, or a model and a prompt.
        senders: one version each: an edit, or several of parts that stand side by side (heads of one layer, say).
        receivers: which parts hear of it: a head's query, key, value or z, a neuron, a sublayer's write; at one,
            several or all positions; sites, parts or their names ("L9.H6 query"). Or "logits", for the direct path.
        measure: from logits `row position vocab` at the positions `at`, to one or more numbers a row.
        through: parts that pass on what they hear, at all positions: heads ("L5.H1"), all of a layer's attention
            ("L5 attn"), MLPs ("L5 mlp").
        at: positions that are read; None reads where it is asked.
        memory: bytes that walks may use beyond model and run; None takes a quarter of what is free.
        progress: called while the versions advance.

    Returns:
        The measure of each sender's version. A receiver that no path leads to keeps its value.

    Raises:
        InputError: no such site or position, a sender whose edits do not stand side by side, a part to go through
            that is none, or what `counterfactuals` raises.
    """
    decoders_only(prompt.model, "Path patching")
    if isinstance(receivers, str) and receivers != "logits":
        raise InputError(f"Expected the receivers to be sites, or 'logits'; found {receivers!r}.")
    if not len(receivers):
        raise InputError("Expected at least one receiver, or 'logits'.")
    open_parts = _open_parts([site_of(part) for part in through], prompt.model)
    run = prompt.recorded(_from_first_sender(prompt, senders))
    first = [_frozen(run, sender, open_parts) for sender in senders]
    if isinstance(receivers, str):
        return counterfactuals(run, first, measure, at=at, memory=memory, progress=progress)
    messages = watched(run, first, [site_of(receiver) for receiver in receivers])
    second = [[replace(set_to(site, value), what="hear") for site, value in message.items()] for message in messages]
    return counterfactuals(run, second, measure, at=at, memory=memory, progress=progress)


def _from_first_sender(prompt: Prompt, senders: Sequence[Intervention]) -> range:
    """The positions where what a path meets is kept as it was: from the first that a sender edits, or all of them where
    earlier positions read later ones."""
    length = len(prompt.tokens)
    if prompt.model.bidirectional:
        return range(length)
    edits = [edit for sender in senders for edit in ([sender] if isinstance(sender, Edit) else sender)]
    edited = [resolve(edit.site, prompt.model, length).positions or () for edit in edits]
    return range(min((p for positions in edited for p in positions), default=0), length)


def _open_parts(through: Sequence[Site], model: Model) -> set[tuple[str, int, int | None]]:
    """The parts a path may go through: kind, layer, head."""
    for site in through:
        if site.kind not in _PARTS or site.positions is not None or (site.kind == "z" and site.head is None):
            raise InputError(
                f"A path cannot go through {site.label}: expected a head (z, with its head), attention_write or "
                "mlp_write, at all positions."
            )
    resolved = [resolve(site, model, 1) for site in through]
    return {(site.kind, site.layer, site.head) for site in resolved}


def _frozen(run: Run, sender: Intervention, open_parts: set[tuple[str, int, int | None]]) -> list[Edit]:
    """The sender's edits, and what keeps the parts above it as they were."""
    edits = [sender] if isinstance(sender, Edit) else list(sender)
    if not edits:
        raise InputError("A sender needs at least one edit.")
    sites = [resolve(edit.site, run.model, run.length) for edit in edits]
    places = {(site.layer, KINDS[site.kind].order) for site in sites}
    if len(places) > 1:
        raise InputError(
            f"The edits of a sender must stand side by side, found {', '.join(site.label for site in sites)}: one "
            "reads what the other writes. Give them as senders of their own."
        )
    start = 0 if run.model.bidirectional else min(p for site in sites for p in site.positions or ())
    return [*edits, *_freezes(run, places.pop(), tuple(range(start, run.length)), open_parts)]


def _freezes(
    run: Run,
    sender: tuple[int, int],
    positions: tuple[int, ...],
    open_parts: set[tuple[str, int, int | None]],
) -> Iterator[Edit]:
    """Above the sender: every write as in the base run, but for the parts a path may go through."""
    layer, order = sender
    for above in range(layer, run.model.layers):
        heads = [h for h in range(run.model.heads) if ("z", above, h) in open_parts]
        if (above, _ATTENTION) > (layer, order) and ("attention_write", above, None) not in open_parts:
            if heads:
                closed = [h for h in range(run.model.heads) if h not in heads]
                yield from (_as_it_was(run, Site(kind="z", layer=above, head=h, positions=positions)) for h in closed)
            else:
                yield _as_it_was(run, Site(kind="attention_write", layer=above, positions=positions))
        if (above, _MLP) > (layer, order) and ("mlp_write", above, None) not in open_parts:
            yield _as_it_was(run, Site(kind="mlp_write", layer=above, positions=positions))


def _as_it_was(run: Run, site: Site) -> Edit:
    return replace(set_to(site, run.at(site)), what="freeze")
