"""Activation patching: which part carries what distinguishes two prompts?

    denoise   the corrupt run, with the value of one part taken from the clean run
    noise     the clean run, with the value of one part taken from the corrupt run

Every value is the metric of the patched run; `Patching.effect` puts it on a scale from the run as it is (0) to the
other run (1). Exact: each value equals a full run of the model with that one change, up to rounding. Vig et al.,
*Causal mediation analysis*, 2020; Meng et al., *Locating and editing factual associations in GPT*, 2022; Heimersheim
and Nanda, *How to use and interpret activation patching*, 2024.

Before the first token that differs both runs of a decoder hold equal values (unless their lengths turn positions
otherwise), so these cells are not computed. In a masked language model every cell is: all positions read that token.

Of an encoder-decoder the two runs read two sources, or one source with two decoder prompts. Inside the encoder (`enc.`)
the cells are of positions of the source, in the decoder of positions of its prompt. Neighbouring positions of a sound
are patched together (places.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.engine import measures
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.edits import Edit
from unembed.engine.measures import Known, Measure
from unembed.errors import InputError, Interrupted
from unembed.methods.alignment import Alignment, Pair, aligned
from unembed.methods.patching import Cell, Direction, Patching, Sweep
from unembed.methods.places import Places, check_equal_sounds, group_size, grouped, places_of_source
from unembed.methods.whole_answer import GivenAnswer, whole_answer
from unembed.models.kinds import KINDS, SiteKind, kind_of
from unembed.models.lengths import check_answer
from unembed.models.model import Model, check_has_layers
from unembed.models.names import stack_and_word
from unembed.models.parts import parts_of
from unembed.models.refusals import check_has_neurons
from unembed.models.sites import Site, encoder_of, resolve
from unembed.models.targets import target_tokens
from unembed.models.tokens import label_of
from unembed.progress import Progress, silent
from unembed.runs.prompted import Prompt, prompted_by_two
from unembed.runs.record import record_together
from unembed.runs.run import Run, same_source

Metric = Literal["logit-difference", "log-probability", "probability", "kl"]
_Pairs = Sequence[Pair]


@prompted_by_two
def patch(
    clean: Prompt,
    corrupt: Prompt,
    target: str | int | Sequence[int] | None = None,
    versus: str | int | None = None,
    *,
    answer: GivenAnswer | None = None,
    site: str = "resid_pre",
    direction: str = "denoise",
    metric: str | Measure | None = None,
    position: str | int = "all",
    layers: Sequence[int] | None = None,
    align: Mapping[int, int] | None = None,
    group: int | None = None,
    memory: int | None = None,
    progress: Progress = silent,
) -> Patching:
    """Patch every part of a kind, one a run, and read the metric of each run where the prompts ask.

    That is their last position, or the blank of a masked language model.

    Args:
        clean: a recorded run in which the model does what is studied, or a model and a prompt.
        corrupt: the same prompt with what matters changed: a run, text, or token ids. Only a run may be of another
            source.
        target: the token to read; None is the clean run's top prediction. Of several tokens `metric="log-probability"`
            or "probability" can be read: `P(target | prompt)` is the product over its tokens.
        versus: the other token of a logit difference; None is the corrupt run's top prediction.
        answer: a whole answer in the target's place; "auto" is what the model says after the clean prompt
            (whole_answer.py).
        site: "resid_pre", "resid_mid", "resid_post", "attention" and "mlp" sweep layer x position, "head" layer x head,
            "neuron" the neurons of `layers`; so do "cross_attention", "cross_head" and, inside an encoder, "enc.head",
            "enc.resid_pre" and so on. Layer `l` of "resid_pre" is the stream before block `l`: layer 0 swaps the
            embedding of a token.
        direction: "denoise", "noise", or "both".
        metric: "logit-difference" is `logit(target) - logit(versus)`; "probability" that of the target, and
            "log-probability" its logarithm in nats; "kl" `KL(clean || patched)` in nats, which is 0 for the clean run;
            or a callable of logits `row position vocab` (one position, where it is asked) that gives one number a row.
            None is the logit difference, and of an answer the log-probability.
        position: "all", "last", or an index in the clean prompt. A head or neuron is patched at all these positions
            together.
        layers: which to sweep; None is all (for neurons they must be given).
        align: from positions of the clean prompt to those of the corrupt one, for prompts that differ in length or
            order; positions that it leaves out are not patched. None pairs equal positions.
        group: how many neighbouring positions a sweep over positions patches together; None is 1, and over the encoder
            of a sound as many as leave 30 groups.
        memory: bytes that walks may use beyond model and runs; None takes a quarter of what is free.
        progress: called while the runs advance.

    Raises:
        InputError: prompts that are equal or do not align, a site, layer, position, target or metric that does not
            exist, a metric that is not finite, or a budget too small for one run.
        Interrupted: on Ctrl-C, with NaN in the cells that are not finished.
    """
    kind, directions = _kind(site), _directions(direction)
    sweep: Sweep = site  # type: ignore[assignment]  # one of the words, as was checked
    model, inside = clean.model, stack_and_word(site)[0]
    stack = encoder_of(model) if inside else model
    check_has_layers(stack)
    if KINDS[kind].place == "mlp":
        check_has_neurons(stack)
    if metric is None:
        metric = "logit-difference" if answer is None else "log-probability"
    if answer is not None and target is not None:
        raise InputError("An answer is read as a whole: leave the target out.")
    said = None if answer is None else whole_answer(clean, answer)
    asked = target if said is None else said.tokens
    read = (
        None
        if asked is None or metric == "kl" or not isinstance(metric, str)
        else target_tokens(model, asked, clean.context)
    )
    _check_metric(metric, asked, versus, read)
    prompts, places, alignment = _compared(clean, corrupt, align, inside=inside)
    chosen = alignment.at(position)
    # The answer's own tokens follow both prompts, so that each is read where it is predicted.
    more = () if read is None else read[:-1]
    for each in (clean, corrupt):
        check_answer(model, len(each.tokens), len(more) + 1)
    size = group_size(places, group)
    cells, spots = _cells(model, sweep, layers, grouped(chosen, size), [p for p in chosen if alignment.differs(p)])
    longer = [each.followed_by(more) for each in (clean, corrupt)]
    ats = [_read_at(each, len(more)) for each in longer]
    runs = _runs(longer, [_kept(sweep, spots, side, ats[side]) for side in (0, 1)])
    measure, read, other = _measure(clean, runs, metric, read, versus, ats[0])
    result = Patching(
        model=model,
        clean_tokens=prompts[0],
        corrupt_tokens=prompts[1],
        site=sweep,
        metric=metric if isinstance(metric, str) else getattr(metric, "__name__", "metric"),
        target=read,
        versus=other,
        clean=_end(measure, runs[0], ats[0]),
        corrupt=_end(measure, runs[1], ats[1]),
        alignment=alignment,
        cells=cells,
        values={},
        places=() if places is None else places.names,
        notes=() if said is None else said.notes,
    )
    for one in directions:
        result = _swept(result, one, _Plan(runs, spots, measure, ats), memory, progress)
    return result


@dataclass(frozen=True)
class _Plan:
    """What is swept."""

    runs: Sequence[Run]
    """The clean and the corrupt one."""
    spots: list[_Pairs]
    """Of each cell, the positions that differ."""
    measure: Measure
    ats: Sequence[Sequence[int]]
    """The positions that it reads, of each run."""


def _swept(result: Patching, direction: Direction, plan: _Plan, memory: int | None, progress: Progress) -> Patching:
    """The result with the sweep in one direction."""
    base = 1 if direction == "denoise" else 0
    values = torch.full((len(plan.spots),), (result.clean, result.corrupt)[base], dtype=torch.float64)
    where, edits = _edits(result.cells, plan.spots, result.site, plan.runs, base)
    result = replace(result, values={**result.values, direction: values})
    try:
        if edits:
            values[where] = counterfactuals(
                plan.runs[base],
                edits,
                plan.measure,
                at=plan.ats[base],
                memory=memory,
                progress=_named(direction, progress),
            ).to(values)
    except Interrupted as stop:
        values[where] = stop.result.to(values)
        raise Interrupted(result) from stop
    return result


def _named(direction: Direction, progress: Progress) -> Progress:
    return lambda stage, fraction: progress(f"{direction}: {stage}", fraction)


# What is asked for


def _kind(site: str) -> SiteKind:
    """The kind of site that a sweep is of, in its stack."""
    inside, word = stack_and_word(site)
    words = [each for each in get_args(Sweep) if stack_and_word(each)[0] == inside]
    return kind_of(word, [stack_and_word(each)[1] for each in words])


def _compared(
    clean: Prompt, corrupt: Prompt, align: Mapping[int, int] | None, *, inside: bool
) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], Places | None, Alignment]:
    """The tokens over which is swept, of the prompts or inside an encoder of the sources; the places of the clean
    source; and how they align."""
    model, sources = clean.model, not same_source(clean.model, corrupt.model)
    if not inside:
        prompts = clean.tokens, corrupt.tokens
        return prompts, None, aligned(model, *prompts, align, all_differ=sources)
    if not sources:
        raise InputError(
            "Both runs read the same source, so inside the encoder they are equal: give runs of two sources "
            "(with_source), or a site of the decoder."
        )
    places = places_of_source(clean.model), places_of_source(corrupt.model)
    if align is None:
        check_equal_sounds(model, *places)
    ids = places[0].ids, places[1].ids
    return ids, places[0], aligned(model, *ids, align, all_differ=True, what="sources")


def _directions(word: str) -> list[Direction]:
    if word not in ("denoise", "noise", "both"):
        raise InputError(f"Expected a direction of denoise, noise or both, found {word!r}.")
    return ["denoise", "noise"] if word == "both" else ["denoise" if word == "denoise" else "noise"]


def _check_metric(
    metric: str | Measure, target: object, versus: str | int | None, answer: tuple[int, ...] | None
) -> None:
    if isinstance(metric, str) and metric not in get_args(Metric):
        raise InputError(f"Expected a metric of {', '.join(get_args(Metric))}, found {metric!r}.")
    if metric == "kl" and target is not None:
        raise InputError("The metric kl compares whole distributions and reads no target: leave it out.")
    if metric != "logit-difference" and versus is not None:
        raise InputError("Only the metric logit-difference reads another token: leave it out.")
    if metric == "logit-difference" and answer is not None and len(answer) > 1:
        raise InputError(
            f"A logit difference reads one token, but the target is {len(answer)} tokens.\n"
            "Give a target of one token, or use the metric log-probability or probability."
        )


# Cells and their edits


def _cells(
    model: Model, sweep: Sweep, layers: Sequence[int] | None, groups: Sequence[_Pairs], differ: _Pairs
) -> tuple[tuple[Cell, ...], list[_Pairs]]:
    """The cells of a sweep, and for each the positions that differ: none where there is nothing to compute."""
    kind, cells, spots, changing = _kind(sweep), [], [], set(differ)
    inside, word = stack_and_word(sweep)
    stack = encoder_of(model) if inside else model
    if layers is None and word == "neuron":
        raise InputError("Neurons are swept in the layers that are asked for: give at least one (--layer).")
    if layers is not None and not len(layers):
        raise InputError("Expected at least one layer to sweep; None stands for all.")
    for layer in range(stack.layers) if layers is None else layers:
        layer = resolve(Site(kind=kind, layer=layer), stack, 1).layer
        if not KINDS[kind].indices:
            cells += [Cell(layer, part[0][0], until=part[-1][0] if len(part) > 1 else None) for part in groups]
            spots += [[pair for pair in part if pair in changing] for part in groups]
            continue
        position = groups[0][0][0] if len(groups) == 1 and len(groups[0]) == 1 else None
        parts = parts_of(model, sweep, [layer])
        cells += [Cell(layer, position, part.head, part.expert, part.neuron) for part in parts]
        spots += [differ] * len(parts)
    return tuple(cells), spots


def _read_at(prompt: Prompt, more: int) -> tuple[int, ...]:
    """Where the tokens of an answer are predicted: at the last positions, or at a masked model's blank."""
    return tuple(range(prompt.asked - more, prompt.asked + 1))


def _kept(sweep: Sweep, spots: list[_Pairs], side: int, read: Sequence[int]) -> list[int]:
    """Where a run must keep its parts: where it is read, and where it is patched (the stream is kept anyway)."""
    everywhere = KINDS[_kind(sweep)].everywhere or stack_and_word(sweep)[0]  # an encoder's run keeps all
    patched = () if everywhere else (pair[side] for spot in spots for pair in spot)
    return sorted({*read, *patched})


def _runs(prompts: Sequence[Prompt], kept: Sequence[list[int]]) -> Sequence[Run]:
    """The clean and the corrupt run, in one forward pass where both are new and have the same length."""
    ids = [prompt.tokens for prompt in prompts]
    one_model = same_source(prompts[0].model, prompts[1].model)
    if one_model and all(prompt.run is None for prompt in prompts) and len(ids[0]) == len(ids[1]):
        return record_together(prompts[0].model, ids, positions=sorted({p for positions in kept for p in positions}))
    return [prompt.recorded(own) for prompt, own in zip(prompts, kept, strict=True)]


def _edits(
    cells: Sequence[Cell], spots: list[_Pairs], sweep: Sweep, runs: Sequence[Run], base: int
) -> tuple[list[int], list[Edit]]:
    """The edits of the cells whose value differs, and which cells these are."""
    kind, inside = _kind(sweep), stack_and_word(sweep)[0]
    source = runs[1 - base].encoder if inside else runs[1 - base]
    where: list[int] = []
    edits: list[Edit] = []
    read: dict[tuple[int, tuple[int, ...]], Tensor] = {}
    for index, (cell, spot) in enumerate(zip(cells, spots, strict=True)):
        if not spot:
            continue
        there = tuple(pair[1 - base] for pair in spot)
        if (cell.layer, there) not in read:
            read[cell.layer, there] = source.whole(kind, cell.layer, torch.tensor(there, device=source.model.device))
        site = Site(
            kind=kind,
            layer=cell.layer,
            head=cell.head,
            expert=cell.expert,
            neuron=cell.neuron,
            positions=tuple(pair[base] for pair in spot),
            encoder=inside,
        )
        value = read[cell.layer, there][(slice(None), *site.index)]
        edits.append(Edit(site, factor=0.0, shift=value, what="swap"))
        where.append(index)
    return where, edits


# The metric


def _measure(
    clean: Prompt,
    runs: Sequence[Run],
    metric: str | Measure,
    answer: tuple[int, ...] | None,
    versus: str | int | None,
    at: Sequence[int],
) -> tuple[Known, tuple[int, ...] | None, int | None]:
    """What is read, and the target and the other token where it reads any."""
    model = clean.model
    if not isinstance(metric, str):
        return measures.known(metric, model, clean.context), None, None
    if metric == "kl":
        return measures.kl_from(_logits(runs[0], at)), None, None
    answer = (runs[0].token(),) if answer is None else answer
    if metric in ("probability", "log-probability"):
        of = measures.probability if metric == "probability" else measures.log_probability
        return of(answer), answer, None
    other = (runs[1].token(),) if versus is None else target_tokens(model, versus, clean.context)
    if len(other) != 1:
        raise InputError(f"A logit difference reads one token, but {versus!r} is {len(other)} tokens.")
    token, against = answer[0], other[0]
    if token == against:
        raise InputError(
            f"The target and the other token are both {_text(model, token)}: their logits do not differ.\n"
            "Give another token (--vs), or use the metric probability."
        )
    return measures.logit(token, against), answer, against


def _text(model: Model, token: int) -> str:
    """A token for an error message."""
    return str(token) if model.tokenizer is None else label_of(model, token)


def _logits(run: Run, at: Sequence[int]) -> Float[Tensor, "position vocab"]:
    return run.logits[[run.row(p) for p in at]]


def _end(measure: Known, run: Run, at: Sequence[int]) -> float:
    """The metric of a run as it is."""
    with torch.no_grad():
        found = measure(_logits(run, at)[None])
    if not isinstance(found, Tensor) or found.shape != (1,):
        what = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise InputError(f"Expected the metric to give one number a row: a tensor of shape (1,) here, found {what}.")
    if not bool(torch.isfinite(found).all()):
        raise InputError(f"The metric of the unpatched run is {found.item()}: expected a finite number.")
    return float(found)
