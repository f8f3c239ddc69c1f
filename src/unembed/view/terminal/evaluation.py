"""`unembed knowledge evaluate` in the terminal: a block a choice, action and place, a line a group."""

from collections.abc import Iterator
from itertools import groupby
from statistics import median

from rich.text import Text

from unembed.view.glyphs import signed
from unembed.view.payloads.evaluation import EvaluatedEffect, EvaluatePayload, SelectionSetting
from unembed.view.terminal import lines_of
from unembed.view.terminal.paper import FAINT, STRONG, Paper, cell, headline, signed_style

_GROUPS = {"own": "the fact itself", "related": "same relation", "unrelated": "other relations"}
_PLACES = {"answer": "where the answer is predicted", "weights": "in the weights, at every position"}
_BESIDE = 96
"""Columns from which the control has its interval, and the difference stands beside it."""


@lines_of.register
def evaluate_lines(payload: EvaluatePayload, paper: Paper) -> Iterator[Text]:
    """The parts, the setting that was taken, and the effects on the facts of the test."""
    facts = sum(len(relation.test) for relation in payload.relations)
    yield from headline(
        f" KNOWLEDGE NEURONS evaluated on {facts} {'fact' if facts == 1 else 'facts'}", payload.model, paper
    )
    for name in ("choose", "refine", "test"):
        parts = [f"{len(getattr(relation, name))} of {relation.relation}" for relation in payload.relations]
        yield Text(f"  {cell(name, 8)}{', '.join(parts)}", FAINT)
    yield from (Text(f"  note: {line}", FAINT) for note in payload.notes for line in note.splitlines())
    for (choice, action, place), effects in groupby(payload.effects, lambda e: (e.choice, e.action, e.place)):
        by, sizes = (
            (payload.published, payload.published_sizes)
            if choice == "published"
            else (payload.chosen, payload.chosen_sizes)
        )
        yield Text()
        yield Text(f"  {choice.upper()}, {_how(by)}: {action} {_PLACES[place]}", STRONG)
        yield Text(f"  {_neurons(sizes)}", FAINT)
        yield from _block(list(effects), paper)
    yield Text()
    yield Text("  change: sum P after / sum P before - 1, the mean over facts with its 95 % interval (BCa)", FAINT)
    yield Text("  random: the same of as many random, strongly active neurons of the same layers", FAINT)
    yield Text("  stronger: facts in which the neurons do more than the random ones", FAINT)


def _how(by: SelectionSetting) -> str:
    return f"t = {by.t:g}, p = {by.p:g}, share <= {by.share:g}"


def _neurons(sizes: list[int]) -> str:
    there = [size for size in sizes if size]
    return f"{median(there):g} neurons a fact at the median" if there else "no neurons"


def _block(effects: list[EvaluatedEffect], paper: Paper) -> Iterator[Text]:
    wide = paper.width >= _BESIDE
    name = 17 if paper.width >= 60 else 11
    more = f"{cell('random', 22)}{cell('difference', 22)}stronger" if wide else f"{cell('random', 8)}stronger"
    yield Text(f"    {cell('', name)}{cell('change', 22 if paper.width >= 60 else 8)}{more}", FAINT)
    for effect in effects:
        line = Text(f"    {cell(_GROUPS[effect.group], name - 1)} ")
        own = _estimate(effect.change, effect.low, effect.high)
        change = cell(own, 22) if paper.width >= 60 else cell(_percent(effect.change), 8)
        line.append(change, signed_style(effect.change))
        if wide:
            line.append(cell(_estimate(effect.random, effect.random_low, effect.random_high), 22), FAINT)
            line.append(cell(_estimate(effect.difference, effect.difference_low, effect.difference_high), 22))
        else:
            line.append(cell(_percent(effect.random), 8), FAINT)
        yield line.append("-" if effect.random is None else f"{effect.stronger} of {effect.facts}")


def _estimate(mean: float | None, low: float | None, high: float | None) -> str:
    ends = "" if low is None or high is None else f" ({_percent(low)}..{_percent(high)})"
    return _percent(mean) + ends


def _percent(value: float | None) -> str:
    if value is None:
        return "-"
    return "> +999%" if value > 9.99 else f"{signed(100 * value, 0)}%"
