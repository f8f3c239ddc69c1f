"""compare_weights: why do two sets of weights of one architecture answer a prompt differently?

The readout `f = w . (sum_p y_p) + c` of each model is the sum of what its parts `p` write, read by its own direction
`w` (norm scales frozen). The difference of the two, `f_B - f_A`, is an exact sum over parts. With `y_M(x)` what a part
with the weights of model `M` writes where it reads the stream `x`, and `w = (w_A + w_B) / 2`:

    weights(p) = w . [ y_B(x_A) - y_A(x_A)  +  y_B(x_B) - y_A(x_B) ] / 2     its weights are others
    input(p)   = w . [ y_A(x_B) - y_A(x_A)  +  y_B(x_B) - y_B(x_A) ] / 2     what it reads is another

and of what reads the last stream, with `r_M(x)` the number that final norm and unembedding of `M` make of it,

    weights    = [ r_B(x_A) - r_A(x_A)  +  r_B(x_B) - r_A(x_B) ] / 2
    input      = (w_B - w_A) . (x_A + x_B) / 2 + c_B - c_A - weights          the scale of the final norm is another

Both orders of the two changes are averaged (the Shapley value of two players), so that swapping the models changes
signs alone. Credit is direct: what a part adds, not what happens with it alone changed. So each part of B is also put
into A, alone (by the counterfactual engine, from the run of A) and together with those that did more alone (by calling
the blocks of both). Exact: each is the number of a full run of A with these weights.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.errors import InputError, LedgerError, ModelError, counted
from unembed.ledger.decompose import decompose
from unembed.ledger.readout import Readout, readout
from unembed.methods.transplants import PartName, call_block, check_transplants, logits_with, part_names, read_by
from unembed.models.model import Model, Stage
from unembed.models.names import part_name
from unembed.models.prompts import prompt_notes
from unembed.models.reprs import SHOWN, Brief, listed
from unembed.models.sites import Site
from unembed.models.targets import target_notes
from unembed.progress import Progress, silent
from unembed.runs.predictions import Prediction, prediction_from
from unembed.runs.prompted import Prompt, prompted
from unembed.runs.record import record
from unembed.runs.result import RunResult
from unembed.runs.run import Run

_SLACK = 64.0
"""Units of the precision, relative to the largest logit, by which two correct ways to run a model differ (the check at
load has the same)."""
_TOGETHER = 5
"""How many parts are put in together, at most, beside all of them."""
_NO_WEIGHTS = {"dtype", "torch_dtype", "transformers_version", "architectures", "quantization_config", "use_cache"}


@dataclass(frozen=True)
class Change:
    """What one part adds to the difference of the two readouts, in logits."""

    label: str
    """`embedding`, `L3 attn`, `L3 mlp`, or `readout`: final norm and unembedding."""
    kind: str
    """embedding, attention, mlp or readout."""
    layer: int | None
    weights: float
    """Since its weights are others."""
    input: float
    """Since what it reads is another; of the readout, the scale of the final norm."""
    alone: float
    """The readout of the first model with this part of the other in the place of its own."""

    @property
    def value(self) -> float:
        """`weights + input`."""
        return self.weights + self.input


@dataclass(frozen=True, repr=False)
class Together(Brief):
    """Parts of the other model put into the first together."""

    labels: tuple[str, ...]
    """Of the parts; of the last entry all."""
    value: float
    """The readout with them, in logits."""
    top: Prediction
    """What the model predicts with them."""
    target: Prediction
    """What it gives the target."""

    def _found(self) -> str:
        return f"{len(self.labels)} parts, {self.value:+.2f}"


@dataclass(frozen=True, repr=False)
class WeightComparison(RunResult[Change]):
    """Why two sets of weights answer differently. Made by `compare_weights`."""

    readout: Readout
    """Of the first model."""
    other: Readout
    """The same of the other."""
    changes: tuple[Change, ...]
    """One a part, in the order of the stream; with `rounding` they sum to `difference`."""
    rounding: float
    """What the two runs rounded differently, of 16-bit models; else 0."""
    tolerance: float
    """What rounding lets the sum be off by: that of the two ledgers together."""
    together: tuple[Together, ...]
    """Those that do most alone, first one, then two, and so on; last all parts."""
    notes: tuple[str, ...] = field(default=())  # pyright: ignore[reportIncompatibleMethodOverride]  # read as a property

    @property
    def run(self) -> Run:
        """Of the first model."""
        return self.readout.run

    @property
    def difference(self) -> float:
        """The readout of the other model minus that of the first, in logits."""
        return self.other.value - self.readout.value

    @property
    def unit(self) -> str:
        """Of the entries."""
        return "logits"

    def entries(self) -> tuple[Change, ...]:
        """One a part."""
        return self.changes

    def columns(self, entry: Change) -> dict[str, Any]:
        """A part, what it adds, and the readout with it transplanted."""
        return {**vars(entry), "value": entry.value}

    def top(self, count: int = 10) -> Sequence[Change]:
        """What adds most to the difference, of either sign."""
        return sorted(self.changes, key=lambda change: -abs(change.value))[: counted(count)]

    def _found(self) -> str:
        best = [f"{change.label} {change.value:+.2f}" for change in self.top(SHOWN)]
        return f"{self.difference:+.2f} logits from {self.other.run.model.name}: {listed(best, len(self.changes))}"


class _Part(NamedTuple):
    """What a part writes at the explained position, and with the weights of the other at every position."""

    own: tuple[Tensor, Tensor]
    """Of each model in its own run."""
    crossed: tuple[Tensor, Tensor]
    """With the weights of the other, in the run of each."""
    everywhere: Tensor
    """With the weights of the second, in the run of the first."""
    same: bool
    """Whether both weights write the same, of either stream."""


@prompted
def compare_weights(
    prompt: Prompt,
    against: Model,
    target: str | int | None = None,
    *,
    versus: str | int | None = None,
    reference: str = "mean",
    position: int | None = None,
    progress: Progress = silent,
) -> WeightComparison:
    """Compare what two sets of weights of one architecture say to a prompt, part by part.

    Args:
        prompt: of the first model: a recorded run, or a model and a prompt.
        against: the other model: the fine-tuned, edited, quantised one, in the same precision on the same device.
        target: the token whose logit is compared (text or id). None takes the top prediction of the other model, and
            for `versus` that of the first, where the two differ.
        versus: a token; compares `logit(target) - logit(versus)` instead.
        reference: "mean" compares logits above the vocabulary mean, "raw" plain ones.
        position: where to read; None reads where it is asked.
        progress: called after each layer.

    Raises:
        InputError: models of other shapes, vocabularies, precisions or devices, or of a kind whose parts are not told
            apart; the bad inputs of `readout`.
        ModelError: the models differ in more than their weights.
        LedgerError: the changes do not sum to the difference.
    """
    _check_alike(prompt.model, against)
    place = prompt.place(position)
    first = prompt.recorded()
    other = record(against, first.tokens)
    reads = _readouts(first, other, place, target, versus, reference)
    parts = _parts((first, other), place, progress)
    alone = _alone(reads, parts, progress)
    changes = _changes(reads, parts, alone)
    tolerance, rounding = _of_ledgers(reads)
    result = WeightComparison(
        *reads,
        changes=changes,
        rounding=rounding,
        tolerance=tolerance,
        together=_together(reads, changes, progress),
        notes=(
            *prompt_notes(first.model, prompt.messages or prompt.text),
            *target_notes(first.model, prompt.context, target),
        ),
    )
    return _checked(result)


def _check_alike(model: Model, other: Model) -> None:
    """Refuse two models that are not two sets of weights of one architecture.

    Raises:
        InputError: what differs, by name.
    """
    for one in (model, other):
        check_transplants(one)
    for (what, mine), (_, its) in zip(_shape(model), _shape(other), strict=False):
        if mine != its:
            raise InputError(
                f"Expected two sets of weights of one architecture: {model.name} has {what} {mine}, {other.name} {its}."
                + ("\nLoad both with one --dtype and --device." if what in ("the precision", "the device") else "")
            )
    mine, its = (None if m.tokenizer is None else m.tokenizer.get_vocab() for m in (model, other))
    if mine is not None and its is not None and mine != its:
        token = min((t for t in {*mine, *its} if mine.get(t) != its.get(t)), key=lambda t: mine.get(t, its.get(t, 0)))
        raise InputError(
            f"Expected one tokenizer: {token!r} is token {mine.get(token)} of {model.name}, and {its.get(token)} of "
            f"{other.name}, so the two would read other prompts."
        )


def _shape(model: Model) -> list[tuple[str, Any]]:
    return [
        ("the type", model.family.model_type),
        ("a number of layers of", model.layers),
        ("a width of the stream of", model.d_model),
        ("a number of heads of", model.heads),
        ("a number of key-value heads of", model.kv_heads),
        ("a vocabulary of", model.vocab),
        *((f"a number of neurons in layer {i} of", block.neurons) for i, block in enumerate(model.blocks)),
        ("the precision", str(model.dtype).removeprefix("torch.")),
        ("the device", str(model.device)),
    ]


def _readouts(
    first: Run, other: Run, place: int, target: str | int | None, versus: str | int | None, reference: str
) -> tuple[Readout, Readout]:
    if target is None:
        token, own = other.token(position=place), first.token(position=place)
        versus = own if versus is None and own != token else versus
    else:
        token = first.token(target, position=place)
    against = None if versus is None else first.token(versus, position=place)
    reads = [readout(run, token, versus=against, reference=reference, position=place) for run in (first, other)]
    return reads[0], reads[1]


# ------------------------------------------------------------ parts


def _parts(runs: tuple[Run, Run], place: int, progress: Progress) -> dict[PartName, _Part]:
    """What each part that writes to the stream writes, with either weights of either stream."""
    starts = tuple(run.before(0) for run in runs)
    ends = (starts[0][place], starts[1][place])
    found: dict[PartName, _Part] = {
        "embedding": _Part(ends, (ends[1], ends[0]), starts[1], torch.equal(starts[0], starts[1]))
    }
    for layer in range(runs[0].model.layers):
        found |= _of_block(runs, layer, place)
        progress("calling the blocks of both", (layer + 1) / runs[0].model.layers)
    return found


def _of_block(runs: tuple[Run, Run], layer: int, place: int) -> dict[PartName, _Part]:
    models, streams = [run.model for run in runs], [run.before(layer) for run in runs]
    own = [call_block(models[i], runs[i], layer, streams[i], {})[0] for i in (0, 1)]
    given: list[dict[Stage, Tensor]] = [{k: v for k, v in writes.items() if k == "attention"} for writes in own]
    crossed = [call_block(models[1 - i], runs[i], layer, streams[i], given[i])[0] for i in (0, 1)]
    found: dict[PartName, _Part] = {}
    for stage in own[0]:
        same = all(torch.equal(own[i][stage], crossed[i][stage]) for i in (0, 1))
        kept = tuple(run.layers[layer].write(stage)[run.row(place)] for run in runs)
        other = kept if same else tuple(writes[stage][place] for writes in crossed)
        found[layer, stage] = _Part((kept[0], kept[1]), (other[0], other[1]), crossed[0][stage], same)
    return found


def _alone(reads: tuple[Readout, Readout], parts: dict[PartName, _Part], progress: Progress) -> dict[PartName, float]:
    """The readout of the first model with one part of the other: a version of its run for each that is another."""
    first = reads[0]
    changed: list[PartName] = [name for name, part in parts.items() if not part.same]
    found: dict[PartName, float] = dict.fromkeys(parts, first.value)
    if changed:
        made = [edits.set_to(_site(name), parts[name].everywhere) for name in changed]
        values = counterfactuals(
            first.run, made, lambda logits: _value(first, logits[:, 0]), at=[first.position], progress=progress
        )
        found |= dict(zip(changed, values.double().tolist(), strict=True))
    found["readout"] = _crossed(first, reads[1])
    return found


def _crossed(read: Readout, by: Readout) -> float:
    """The readout of a run whose last stream the other model reads: its own, where both read it alike."""
    x = read.run.final[_row(read)]
    mine, its = (read_by(each.run.model, x) for each in (read, by))
    return read.value if torch.equal(mine, its) else float(_value(read, its))


def _site(name: PartName) -> Site:
    if isinstance(name, str):
        return Site(kind="resid_pre", layer=0)
    return Site(kind="attention_write" if name[1] == "attention" else "mlp_write", layer=name[0])


def _row(read: Readout) -> int:
    return read.run.row(read.position)


def _value(read: Readout, logits: Float[Tensor, "*row vocab"]) -> Float[Tensor, "*row"]:
    """The combination of logits that a readout is, in float64."""
    assert read.target is not None
    wide = logits.double()
    value = wide[..., read.target]
    if read.versus is not None:
        return value - wide[..., read.versus]
    return value - wide.mean(-1) if read.reference == "mean" else value


# ------------------------------------------------------------ the ledger


def _changes(
    reads: tuple[Readout, Readout], parts: dict[PartName, _Part], alone: dict[PartName, float]
) -> tuple[Change, ...]:
    directions = [read.direction for read in reads]
    w, changes = (directions[0] + directions[1]) / 2, []
    for name, part in parts.items():
        of_first, of_other = (x.double() for x in part.own)
        other_of_first, first_of_other = (x.double() for x in part.crossed)
        weights = float(w @ (other_of_first - of_first + of_other - first_of_other)) / 2
        read = float(w @ (first_of_other - of_first + of_other - other_of_first)) / 2
        changes.append(_change(name, weights, read, alone[name]))
    written = sum((part.own[0].double() + part.own[1].double() for part in parts.values()), torch.zeros_like(w)) / 2
    return *changes, _of_readout(reads, float((directions[1] - directions[0]) @ written), alone["readout"])


def _change(name: PartName, weights: float, read: float, alone: float) -> Change:
    layer, kind = (None, name) if isinstance(name, str) else name
    label = kind if layer is None else part_name(kind, layer, None, None, None)
    return Change(label, kind, layer, weights, 0.0 if name == "embedding" else read, alone)


def _of_readout(reads: tuple[Readout, Readout], turned: float, crossed: float) -> Change:
    """Final norm and unembedding: their weights, and the norm's scale.

    Args:
        turned: what the turn of the direction makes of all that is written, which stays the mean of the two.
        crossed: the last stream of the first model, read by the other.
    """
    first, other = reads
    back = _crossed(other, first)
    weights = (crossed - first.value + other.value - back) / 2
    whole = turned + sum(_exact(other).values()) - sum(_exact(first).values())
    return _change("readout", weights, whole - weights, crossed)


def _exact(read: Readout) -> dict[str, float]:
    return {name: value for name, value in read.constants.items() if not name.endswith("_rounding")}


def _of_ledgers(reads: tuple[Readout, Readout]) -> tuple[float, float]:
    """What the sum may be off by, and what the runs rounded differently."""
    ledgers = [decompose(read) for read in reads]
    lost = [math.fsum(t.value for t in x.terms() if t.is_rounding and t.kind != "embedding_rounding") for x in ledgers]
    return math.hypot(*(x.tolerance for x in ledgers)), lost[1] - lost[0]


def _together(reads: tuple[Readout, Readout], changes: Sequence[Change], progress: Progress) -> tuple[Together, ...]:
    first, runs = reads[0], (reads[0].run, reads[1].run)
    names = dict(zip((change.label for change in changes), part_names(first.model), strict=True))
    moved = [c for c in sorted(changes, key=lambda c: -abs(c.alone - first.value)) if c.alone != first.value]
    sets = [tuple(c.label for c in moved[:size]) for size in range(1, min(_TOGETHER, len(moved)) + 1)]
    found = []
    for done, labels in enumerate([*sets, tuple(names)]):
        logits = logits_with(runs, {names[label] for label in labels}, first.position)
        assert first.target is not None
        top, target = (prediction_from(first.model, logits, token) for token in (int(logits.argmax()), first.target))
        found.append(Together(labels, float(_value(first, logits)), top, target))
        progress("putting parts in together", (done + 1) / (len(sets) + 1))
    return tuple(found)


def _checked(result: WeightComparison) -> WeightComparison:
    """Refuse what does not add up, or a model that is not the first with all of its weights replaced.

    Raises:
        LedgerError: the changes do not sum to the difference.
        ModelError: all parts together do not answer as the other model does.
    """
    error = math.fsum(c.value for c in result.changes) + result.rounding - result.difference
    if not abs(error) <= result.tolerance:
        raise LedgerError(
            f"The changes of the parts sum to {result.difference + error:+.6f}, and the two readouts differ by "
            f"{result.difference:+.6f}: off by {error:.1e}, where rounding explains {result.tolerance:.1e}."
        )
    other = result.other
    largest = float(other.run.logits[_row(other)].double().abs().max())
    off, allowed = abs(result.together[-1].value - other.value), _SLACK * other.run.model.precision * largest
    if not off <= allowed:
        raise ModelError(
            f"{result.model.name} with every weight of {other.run.model.name} does not answer as the latter does: its "
            f"readout is off by {off:.2e}, where rounding explains {allowed:.2e}.\nThe two differ in more than their "
            f"weights{_settings(result.model, other.run.model)}."
        )
    return result


def _settings(model: Model, other: Model) -> str:
    mine, its = model.config.to_dict(), other.config.to_dict()
    names = [n for n in mine if n not in _NO_WEIGHTS and not n.startswith("_") and mine[n] != its.get(n)]
    return "" if not names else f": in the settings {', '.join(names)}"
