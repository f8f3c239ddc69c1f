"""agreement: does a model agree with what its family row says about it?

Run on a few tokens: the recorded run must give the module's own logits; embedding and writes must sum to the stream;
the parts of every head and neuron must sum to the logit. A row that is wrong in any way shows here, as a refusal.
"""

from contextlib import suppress

import torch

from unembed.errors import LedgerError, ModelError
from unembed.ledger.decompose import decompose
from unembed.ledger.readout import readout
from unembed.loading.cache import cache_folder
from unembed.loading.fingerprint import fingerprint
from unembed.models.forward import call
from unembed.models.model import Model
from unembed.models.read_source import probe_source
from unembed.models.unembedding import capped
from unembed.runs.record import record
from unembed.runs.trace import Trace

LENGTH = 5
_SLACK = 64.0


def check(model: Model) -> None:
    """Compare a model with its own logits on a probe of `LENGTH` tokens.

    Tolerance: `64 u`, relative to the largest number compared, with `u` the precision of the run; two correct ways to
    run one model differ by up to 12 `u` on 30 layers. Eager attention takes its softmax in float32 whatever the dtype,
    so `u` is at least that of float32 where logits of two runs are compared.

    Raises:
        ModelError: they differ; the message says by how much.
    """
    try:
        _check(probe_source(model) if model.encoder is not None and model.source is None else model)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ModelError(
            f"{model.name} cannot be run as the row of its family ({model.family.model_type}) says: "
            f"{next(iter(str(error).splitlines()), type(error).__name__)}\n"
            "A part that the row names is of another kind than it says (docs/families.md)."
        ) from error


def _check(model: Model) -> None:
    probe = [(7919 * i + 11) % model.vocab for i in range(min(LENGTH, model.context or LENGTH))]
    with torch.inference_mode():
        own = call(model, torch.tensor([probe], device=model.device)).logits[0]
    trace = record(model, probe)
    with torch.inference_mode():
        eager = max(model.precision, torch.finfo(torch.float32).eps)
        _compare(model, "logits of the recorded run", trace.logits, own, precision=eager)
        _compare(model, "sum of embedding and writes", trace.stream()[-1], trace.final)
        _compare(model, "final norm of the last stream", model.norm(trace.final), trace.normed)
        _compare(
            model, "logit after unembedding and soft-cap", capped(trace.uncapped_logits, model.softcap), trace.logits
        )
    _check_ledger(model, trace)


def _compare(
    model: Model, what: str, found: torch.Tensor, expected: torch.Tensor, *, precision: float | None = None
) -> None:
    error = float((found.double() - expected.double()).abs().max())
    allowed = _SLACK * (precision or model.precision) * float(expected.double().abs().max())
    if not error <= allowed:
        raise ModelError(
            f"{model.name} does not agree with the row of its family ({model.family.model_type}): the {what} is off by "
            f"{error:.2e}, where rounding explains at most {allowed:.2e}.\n"
            "Its code or configuration differs from what the row describes, so no number about it would be right."
        )


def _check_ledger(model: Model, trace: Trace) -> None:
    try:
        decompose(readout(trace, reference="raw"), by="source+neuron")
    except LedgerError as error:
        raise ModelError(
            f"{model.name} does not agree with the row of its family ({model.family.model_type}).\n{error}"
        ) from error


def check_once(model: Model) -> None:
    """`check`, unless the same model passed it before under the same versions (remembered in the user's cache)."""
    mark = fingerprint(model)
    stamp = None if mark is None else cache_folder() / "checked" / mark
    if stamp is not None and stamp.exists():
        return
    check(model)
    if stamp is not None:
        with suppress(OSError):  # a cache that cannot be written only costs the next load its check
            stamp.parent.mkdir(parents=True, exist_ok=True)
            stamp.touch()
