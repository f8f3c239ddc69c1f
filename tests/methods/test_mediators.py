"""Through which later parts a part acts, against full runs with the part zeroed and one later part set back by hand."""

import pytest
import torch

import unembed
from builders.random_models import build
from oracles.full_runs import logits, part_set
from unembed.methods.controls import Zeroed, population
from unembed.methods.mediators import LITTLE, MOST, acts_through_others, mediators
from unembed.methods.verdicts import Effect
from unembed.models.parts import Part
from unembed.runs.record import record

FAMILIES = ("gpt2", "llama", "gemma2", "phi", "gpt_neo")
TOKENS = [3, 50, 7, 11, 96, 17]
LAST = len(TOKENS) - 1
CLOSE = 1e-5
"""Log-odds are read in float32: of numbers of a few nats, with a unit of 1e-7 and a sum over a hundred tokens."""


def log_odds(at: torch.Tensor, token: int) -> float:
    return float(at[token] - torch.cat([at[:token], at[token + 1 :]]).logsumexp(0))


def values(model: unembed.Model, part: Part) -> torch.Tensor:
    """What a part holds at the last position of a plain run."""
    block, found = model.blocks[part.layer], []
    if part.kind == "head":
        hook = block.output_projection.register_forward_pre_hook(lambda _, args: found.append(args[0]))
    elif part.kind == "neuron":
        hook = block.down_projection.register_forward_pre_hook(lambda _, args: found.append(args[0]))
    else:
        where = block.attention_write if part.kind == "attention" else block.mlp_write
        hook = where.register_forward_hook(lambda _, __, out: found.append(out[0] if isinstance(out, tuple) else out))
    logits(model, TOKENS)
    hook.remove()
    row = found[0].reshape(-1, found[0].shape[-1])[LAST]
    return {"head": lambda: row.unflatten(-1, (model.heads, -1))[part.head], "neuron": lambda: row[part.neuron]}.get(
        part.kind, lambda: row
    )()


def index(part: Part) -> int | None:
    return part.head if part.head is not None else part.neuron


def expected(model: unembed.Model, token: int, part: Part, others: list[Part]) -> dict[Part, float]:
    """The share of each other part in the effect of one, by full runs."""
    base = log_odds(logits(model, TOKENS)[-1], token)
    kept = {other: values(model, other) for other in others}
    with part_set(model, part.kind, part.layer, index(part), [LAST]):
        gone = log_odds(logits(model, TOKENS)[-1], token)
        found = {}
        for other, value in kept.items():
            with part_set(model, other.kind, other.layer, index(other), [LAST], value):
                found[other] = (log_odds(logits(model, TOKENS)[-1], token) - gone) / (base - gone)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_a_share_is_what_setting_a_later_part_back_undoes(family: str) -> None:
    model = unembed.wrap(build(family), None, name=family)
    run = record(model, TOKENS)
    token = int(run.logits[-1].argmax())
    among = population(run, token)
    part = max(
        (Part("head", 0, head=h) for h in range(model.heads)), key=lambda p: abs(among.effects("heads")[p.site(LAST)])
    )
    above = range(1, model.layers)
    shown = [Part("head", layer, head=h) for layer in above for h in range(model.heads)]
    shown += [Part("neuron", layer, neuron=n) for layer in above for n in range(0, model.d_mlp, 9)]
    sublayers = [Part("mlp", 0), *(Part(kind, layer) for layer in above for kind in ("attention", "mlp"))]
    shares = expected(model, token, part, [*shown, *sublayers])
    for kind, child in (("attention", "head"), ("mlp", "neuron")):
        for whole in [each for each in sublayers if each.kind == kind]:
            inside = [each for each in shown if (each.kind, each.layer) == (child, whole.layer)]
            standing = any(shares[each] >= shares[whole] / 2 for each in inside)
            for each in [whole] if standing else inside:
                del shares[each]
    told = sorted((each for each in shares if shares[each] >= LITTLE), key=lambda each: -shares[each])[:MOST]
    (found,) = mediators(run, among, [part], [part, *shown])
    effect = abs(among.effects("heads")[part.site(LAST)])
    assert [mediator.share for mediator in found] == pytest.approx([shares[each] for each in told], abs=CLOSE / effect)
    assert {mediator.part for mediator in found} <= set(shares)


def test_little_is_a_tenth_of_an_effect_that_is_told() -> None:
    def zeroed(nats: float, verdict: str, size: str) -> Zeroed:
        effect = Effect(nats=nats, rank=1, among=30, size=size, verdict=verdict, borderline=False)  # type: ignore[arg-type]
        return Zeroed(probability=0.5, effect=effect, difference=None, noise=0.0)

    needed = zeroed(-2.0, "causal", "large")
    assert [acts_through_others(needed, credit) for credit in (0.19, -0.19, 0.2, -0.21)] == [True, True, False, False]
    assert not acts_through_others(zeroed(-0.2, "ordinary", "small"), 0.0)
    assert not acts_through_others(zeroed(-0.05, "causal", "none"), 0.0)


def test_an_explanation_tells_it_of_the_parts_that_add_little_and_move_most() -> None:
    model = unembed.load("toy/two-layer", device="cpu")
    found = unembed.explain(model, " fear night world sweet blood father fear night world sweet")
    acting = [n for n in (*found.heads, *found.neurons) if n.zeroed and acts_through_others(n.zeroed, n.term.value)]
    told = [note for note in (*found.heads, *found.neurons) if note.through]
    assert set(map(id, told)) <= set(map(id, acting))
    assert len(told) <= MOST
    for note in told:
        assert all(mediator.part.layer >= note.term.layer for mediator in note.through)
