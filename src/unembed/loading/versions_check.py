"""Can parts of a model be patched? Of a structure that was inferred this is tried, not known.

A walk calls each block for some tokens, which few models are not made for: an indexer that chooses keys by their
number, say. Versions with one edit are compared with runs of the whole module in which a hook makes the same edit.
"""

from contextlib import ExitStack
from dataclasses import replace

import torch
from torch import Tensor

from unembed.engine.counterfactual import last_streams
from unembed.engine.edits import set_to, zero
from unembed.errors import UnembedError
from unembed.models.forward import call
from unembed.models.hooks import on_output, one_at_a_time
from unembed.models.model import Model
from unembed.models.refusals import why_no_versions
from unembed.models.sites import Site
from unembed.models.unembedding import unembedded
from unembed.runs.record import record

_LENGTH, _EDITED = 6, 2
_SLACK = 512.0
"""Units of the precision, relative to the largest logit, by which a walk may differ from a whole run: attention adds up
in another order in each block, and a version may stand where its logits are steep."""
_REPEATED = "what its heads mix is multiplied before attention gives it, so it cannot be set"
_GROUPS = "its layers have different numbers of key-value heads"
_CANNOT = "its blocks cannot be called for a part of the tokens"


def versions_tried(model: Model) -> Model:
    """The model; one whose structure was inferred with the reason why it has no versions, if a trial shows that."""
    if not model.family.inferred or not model.blocks or why_no_versions(model) is not None:
        return model
    try:
        if _groups_differ(model):
            return replace(model, unpatched=_GROUPS)
        agrees = _agree(model)
        settable = not model.family.gates_heads or _mixes_as_given(model)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError, AssertionError, UnembedError):
        agrees = settable = False
    if agrees and settable:
        return model
    return replace(model, unpatched=_REPEATED if agrees else _CANNOT)


def _groups_differ(model: Model) -> bool:
    heads = [layer.heads for layer in record(model, _ids(model)).layers]
    return any(len(x.value) != model.kv_heads for x in heads if x is not None)


def _mixes_as_given(model: Model) -> bool:
    """Whether a version in which heads are set to what they mixed is the run itself."""
    run = record(model, _ids(model))
    sites = [Site(kind="z", layer=i, positions=(_EDITED,)) for i, block in enumerate(model.blocks) if block.attends]
    found = unembedded(model, last_streams(run, [set_to(site, run.at(site)) for site in sites])[0])[2].double()
    return _equal(model, found, run.logits[-1].double())


def _equal(model: Model, found: Tensor, whole: Tensor) -> bool:
    unit = max(model.precision, torch.finfo(torch.float32).eps)
    return bool((found - whole).abs().max() <= _SLACK * unit * whole.abs().max())


def _ids(model: Model) -> list[int]:
    return [(7919 * i + 11) % model.vocab for i in range(_LENGTH)]


def _agree(model: Model) -> bool:
    ids = _ids(model)
    run = record(model, ids)
    last = model.layers - 1
    places = [(0, "attention_write"), (last // 2, "mlp_write"), (last, "attention_write")]
    for layer, kind in places:
        if kind == "mlp_write" and not model.blocks[layer].has_mlp:
            continue
        edit = zero(Site(kind=kind, layer=layer, positions=(_EDITED,)))  # type: ignore[arg-type]
        found = unembedded(model, last_streams(run, [edit])[0])[2].double()
        if not _equal(model, found, _rerun(model, ids, layer, kind)):
            return False
    return True


def _rerun(model: Model, ids: list[int], layer: int, kind: str) -> Tensor:
    """The last logits of a run of the whole module in which a write is nothing at one position."""
    module = getattr(model.blocks[layer], kind)

    def edited(out: Tensor) -> Tensor:
        changed = out.clone()
        changed.view(-1, out.shape[-1])[_EDITED] = 0
        return changed

    with torch.no_grad(), one_at_a_time, ExitStack() as stack:
        on_output(stack, module, edited)
        return call(model, torch.tensor([ids], device=model.device), keep=1).logits[0, -1].double()
