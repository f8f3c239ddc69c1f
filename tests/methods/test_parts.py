"""Rows of the ledger opened, parts inspected, parts set together: against what they are made of, and re-runs."""

from dataclasses import replace

import pytest
import torch

import unembed
from builders.random_models import build
from oracles.rerun import Change as Rechange
from oracles.rerun import Rerun, exactly
from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals
from unembed.engine.measures import log_odds
from unembed.errors import InputError
from unembed.ledger.inspect_part import inspect_part
from unembed.ledger.ledger import Term
from unembed.ledger.rows import sublayer_terms
from unembed.methods.controls import random_sets
from unembed.methods.intervene import Change, intervene
from unembed.models.parts import Part
from unembed.runs.means import means
from unembed.runs.record import record

TOKENS, OTHER = (2, 31, 4, 15, 9, 26), (2, 31, 44, 15, 8, 26)
FAMILIES = ("llama", "gemma2", "olmo2", "gpt_oss")
"""With biases, with post-norms (two kinds), a mixture of experts with biases."""
CLOSE = 1e-9
"""Sums of some hundred float64 terms of size 1, in another order."""
FLOAT32 = 1e-7
"""Norms of these families compute in float32, in batches of another size."""


@pytest.fixture(scope="module", params=FAMILIES)
def model(request):
    return unembed.wrap(build(request.param, layers=2))


@pytest.fixture(scope="module")
def run(model):
    return record(model, TOKENS)


@pytest.fixture(scope="module")
def read(run):
    return unembed.readout(run, 12)


@pytest.mark.parametrize("sublayer", ["attention", "mlp"])
def test_children_and_others_sum_to_the_row(read, sublayer):
    rows = {(t.kind, t.layer): t.value for t in unembed.explain(read.run.model, TOKENS, 12, test=False).ledger.terms()}
    for layer in range(2):
        found = sublayer_terms(read, layer, sublayer, top=5)
        assert found.parent == pytest.approx(rows[sublayer, layer], abs=CLOSE)
        assert sum(t.value for t in found.children) + found.others == pytest.approx(found.parent, abs=CLOSE)
        assert all(t.source is None for t in found.children)


def test_sources_of_a_head_sum_to_the_head(read):
    found = sublayer_terms(read, 1, "attention")
    heads = [t for t in found.children if t.kind == "head"]
    assert len(heads) == read.run.model.heads
    for head in heads:
        own = [t.value for t in found.sources if t.head == head.head]
        assert len(own) == len(TOKENS)
        assert sum(own) == pytest.approx(head.value, abs=CLOSE)
    assert (found.others_count, found.others) == (0, 0)


def test_the_neurons_listed_are_the_largest_and_the_others_are_counted(read):
    every = [t for t in unembed.decompose(read, by="neuron").terms() if t.kind == "neuron" and t.layer == 0]
    every.sort(key=lambda t: -abs(t.value))
    found = sublayer_terms(read, 0, "mlp", top=3)
    assert [t for t in found.children if t.kind == "neuron"] == every[:3]
    assert found.others_count == len(every) - 3
    assert found.others == pytest.approx(sum(t.value for t in every[3:]), abs=CLOSE)


@pytest.mark.parametrize(("layer", "sublayer", "top"), [(2, "mlp", 5), (-1, "mlp", 5), (0, "resid", 5), (0, "mlp", 0)])
def test_rows_that_are_not_there(read, layer, sublayer, top):
    with pytest.raises(InputError, match=r"layer|sublayer|top"):
        sublayer_terms(read, layer, sublayer, top=top)


def strongest(read, kind: str) -> Term:
    by = {"head": "head", "neuron": "neuron"}.get(kind, "sublayer")
    return max((t for t in unembed.decompose(read, by=by).terms() if t.kind == kind), key=lambda t: abs(t.value))


@pytest.mark.parametrize("kind", ["head", "neuron", "attention", "mlp"])
def test_an_inspected_part_is_the_term_and_what_its_write_does_to_the_logits(read, kind):
    """The oracle takes the final norm's scale from the run and pushes the write of a full-grained ledger through."""
    term = strongest(read, kind)
    found = inspect_part(read, term.part, top=4)
    assert found.value == pytest.approx(term.value, abs=CLOSE)
    each = [unembed.readout(read.run, token, reference="raw") for token in range(read.run.model.vocab)]
    by = {"head": "head", "neuron": "neuron"}.get(kind, "sublayer")
    rises = torch.tensor(
        [next(t.value for t in unembed.decompose(r, by=by).terms() if Part_of(t) == term.part) for r in each]
    )
    order = rises.argsort(descending=True).tolist()
    assert list(found.promotes) == order[:4]
    assert list(found.suppresses) == order[::-1][:4]
    assert (found.activation is not None) == (kind == "neuron")
    assert bool(found.looks_at) == (kind == "head")


def Part_of(term: Term) -> Part | None:  # noqa: N802
    """The part of a term, None of a constant."""
    return term.part if term.layer is not None and term.kind in ("attention", "mlp", "head", "neuron") else None


def test_where_a_head_looks_is_its_pattern_and_an_activation_is_the_run_s(read, run):
    head, neuron = strongest(read, "head"), strongest(read, "neuron")
    looks = inspect_part(read, head.part, top=len(TOKENS)).looks_at
    pattern = unembed.attention(run.model, TOKENS, 12, layer=head.layer, head=head.head).heads[0].pattern
    assert [weight for _, weight in looks] == sorted(pattern.tolist(), reverse=True)
    assert all(pattern[position] == weight for position, weight in looks)
    found = inspect_part(read, neuron.part).activation
    assert found == pytest.approx(float(run.at(neuron.part.site(-1))[0]), rel=1e-6)


def test_a_part_that_is_not_there(read):
    with pytest.raises(InputError, match="There is no layer 7"):
        inspect_part(read, Part("mlp", 7))
    with pytest.raises(InputError, match="needs the index of its head"):
        Part("head", 0)
    with pytest.raises(InputError, match="needs the index of its expert"):
        Part("expert", 0)
    other = Part("mlp", 0)
    object.__setattr__(other, "kind", "embedding")  # as JSON may have it; in tests the type is refused earlier
    with pytest.raises(InputError, match="Expected a part of kind"):
        other.__post_init__()


def test_an_expert_has_no_term_of_its_own():
    model = unembed.wrap(build("gpt_oss"))
    read = unembed.readout(unembed.record(model, TOKENS), 12)
    with pytest.raises(InputError, match=r"L1\.E2 has no term of its own: look at its neurons"):
        inspect_part(read, Part("expert", 1, expert=2))


def test_zeroing_one_head_is_what_ablate_and_explain_say(model, run):
    term = strongest(unembed.readout(run, 12), "head")
    part = term.part
    found = intervene(run, 12, [Change(part, "zero")])
    effects = unembed.ablate(model, TOKENS, 12)
    own = next(e for e in effects.effects if (e.layer, e.head) == (part.layer, part.head))
    change = found.target_after.probability - found.target_before.probability
    assert change == pytest.approx(own.probability, abs=1e-9)
    assert found.target_after.logit - found.target_before.logit == pytest.approx(own.logit, abs=1e-7)
    explained = unembed.explain(model, TOKENS, 12, top=20)
    note = next(note for note in explained.heads if note.term.part == part)
    assert found.compared is not None
    assert note.zeroed is not None
    assert found.compared.effect == note.zeroed.effect
    assert found.nats == pytest.approx(note.zeroed.effect.nats, abs=1e-6)


def test_of_a_difference_the_inspector_says_what_explain_says(model, run):
    explained = unembed.explain(run, 12, versus=40, top=20)
    for note in explained.heads:
        found = intervene(run, 12, [Change(note.term.part, "zero")], versus=40)
        assert found.compared is not None
        assert note.zeroed is not None
        assert found.compared.effect == note.zeroed.difference
        assert found.nats == pytest.approx(note.zeroed.asked.nats, abs=1e-6)


def test_stacked_changes_are_one_full_run(model, run):
    """Two parts zeroed together: against the module re-run with plain hooks, all predictions."""
    with exactly():
        exact = record(model, TOKENS)
        changes = [Change(Part("head", 0, head=1), "zero"), Change(Part("mlp", 1), "zero")]
        found = intervene(exact, 12, changes, top=5)
        last = len(TOKENS) - 1
        again = Rerun(
            model.module,
            [
                Rechange("z", 0, (last,), torch.zeros_like, (1,)),
                Rechange("mlp_write", 1, (last,), torch.zeros_like),
            ],
        )(TOKENS)[last]
    probabilities = again.double().softmax(-1)
    assert [p.token for p in found.after] == again.topk(5).indices.tolist()
    for p in (*found.after, found.target_after):
        assert p.probability == pytest.approx(float(probabilities[p.token]), abs=1e-9)
    assert found.compared is None


def test_a_swap_takes_the_value_of_the_other_run_and_a_mean_that_of_the_texts(model, run):
    other, part = record(model, OTHER), Part("attention", 0)
    site, probability = part.site(len(TOKENS) - 1), lambda logits: logits[:, 0].softmax(-1)[:, 12]
    swapped = unembed.counterfactuals(run, [edits.swap(site, other, run=run)], probability)
    found = intervene(run, 12, [Change(part, "swap")], other=other)
    assert found.target_after.probability == pytest.approx(float(swapped[0]), abs=1e-9)

    value = means(model, [OTHER], [site])[0]
    averaged = unembed.counterfactuals(run, [edits.set_to(site, value)], probability)
    found = intervene(run, 12, [Change(part, "mean")], means=lambda _: value)
    assert found.target_after.probability == pytest.approx(float(averaged[0]), abs=1e-9)
    assert found.compared is None


@pytest.mark.parametrize("how", ["zero", "double"])
def test_neurons_set_together_are_compared_with_as_many_of_the_same_layers(run, how):
    """The oracle draws nothing: each control is run again as an intervention of its own."""
    sizes = {0: 2, 1: 1}
    parts = [Part("neuron", i, expert=e, neuron=n) for i, count in sizes.items() for e, n in strong(run, i, count)]
    found = intervene(run, 12, [Change(part, how) for part in parts])
    factor = {"zero": 0.0, "double": 2.0}[how]
    last = run.length - 1
    again = counterfactuals(run, [[edits.scale(p.site(last), factor) for p in parts]], lambda logits: logits[:, 0])[0]
    assert found.target_after.probability == pytest.approx(float(again.double().softmax(-1)[12]), abs=FLOAT32)
    sets = random_sets(run, 12, [p.site(last) for p in parts], factor)
    assert sets is not None
    assert len(sets.sites) == len(sets.effects) == 20
    base = log_odds(12)(run.logits[-1][None, None])
    for drawn, effect in zip(sets.sites, sets.effects, strict=True):
        assert [site.layer for site in drawn] == [0, 0, 1]
        assert len(set(drawn)) == 3
        assert not {(s.layer, s.expert, s.neuron) for s in drawn} & {(p.layer, p.expert, p.neuron) for p in parts}
        logits = counterfactuals(run, [[edits.scale(s, factor) for s in drawn]], lambda logits: logits[:, 0])[0]
        assert effect == pytest.approx(float(log_odds(12)(logits[None, None]) - base), abs=10 * FLOAT32)
    assert found.nats == pytest.approx(float(log_odds(12)(again[None, None]) - base), abs=10 * FLOAT32)
    effect = found.compared.effect
    assert effect.rank == 1 + sum(abs(other) > abs(found.nats) for other in sets.effects)
    assert effect.among == 21
    needed = found.nats < 0 if how == "zero" else found.nats > 0
    telling = abs(found.nats) >= (0.1 if effect.rank == 1 else 0.3)
    assert effect.verdict == ("ordinary" if not telling else "causal" if needed else "suppressor")


def test_a_set_is_compared_with_strongly_active_neurons_and_with_none_where_too_few_are_left():
    module = build("llama", layers=2)
    run = record(unembed.wrap(module), TOKENS)
    sites = [Part("neuron", 0, neuron=n).site(run.length - 1) for n in range(48)]
    activation = run.at(replace(sites[0], neuron=None))[0]
    written = activation.abs() * module.model.layers[0].mlp.down_proj.weight.norm(dim=0)
    strongest, *others = written.argsort(descending=True).tolist()
    sets = random_sets(run, 12, [sites[strongest]], 0.0)
    assert sets is not None
    assert {site.neuron for drawn in sets.sites for site in drawn} <= set(others[:4]), "of the tenth that writes most"
    assert random_sets(run, 12, sites[:25], 0.0) is None, "23 are left"


def strong(run, layer: int, count: int) -> list[tuple[int | None, int]]:
    """The neurons of a layer with the largest activation, with their expert in a mixture."""
    site = Part("mlp", layer).site(run.length - 1)
    values = run.at(replace(site, kind="neuron"))[0].abs()
    best = values.flatten().topk(count).indices.tolist()
    return [(None, i) for i in best] if values.ndim == 1 else [divmod(i, values.shape[1]) for i in best]


def test_other_changes_together_have_no_control(run):
    mixed = [Change(Part("mlp", 0), "zero"), Change(Part("head", 1, head=0), "double")]
    assert intervene(run, 12, mixed).compared is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([], "nothing to test"),
        ([Change(Part("head", 0, head=99), "zero")], "There is no head 99"),
        ([Change(Part("mlp", 0), "swap")], "give prompt B"),
        ([Change(Part("mlp", 0), "mean")], "needs texts"),
        ([Change(Part("mlp", 0), "noise")], "zero, double, mean or swap"),  # type: ignore[arg-type]
    ],
)
def test_tests_that_cannot_be_run(run, changes, message):
    with pytest.raises(InputError, match=message):
        intervene(run, 12, changes)


def test_explain_and_attention_of_a_recorded_run_are_those_of_its_prompt(model, run):
    for position in (3, -1):
        mine = unembed.explain(model, run, 12, position=position)
        fresh = unembed.explain(model, TOKENS, 12, position=position)
        for one, other in zip(mine.ledger.terms(), fresh.ledger.terms(), strict=True):
            assert one.value == pytest.approx(other.value, abs=1e-7)  # norms compute in float32
        assert [n.term.label for n in (*mine.heads, *mine.neurons)] == [
            n.term.label for n in (*fresh.heads, *fresh.neurons)
        ]
        assert [n.looks_at[0][0] for n in mine.heads] == [n.looks_at[0][0] for n in fresh.heads]
        assert mine.lens.target_rank.tolist() == fresh.lens.target_rank.tolist()
        assert [n.zeroed.effect.rank for n in mine.heads if n.zeroed] == [
            n.zeroed.effect.rank for n in fresh.heads if n.zeroed
        ]
        seen = unembed.attention(model, run, 12, layer=1, head=0, position=position)
        again = unembed.attention(model, TOKENS, 12, layer=1, head=0, position=position)
        assert seen.matrix is not None
        assert torch.allclose(seen.matrix, again.matrix, atol=1e-6)
        assert seen.heads[0].credit == pytest.approx(again.heads[0].credit, abs=1e-6)


def test_a_run_that_keeps_one_position_has_no_whole_pattern(model):
    one = record(model, TOKENS, positions=[-1])
    assert unembed.attention(model, one, 12, layer=1, head=0).matrix is None


def test_progress_is_reported_and_what_it_raises_stops_the_work(model):
    class EnoughError(Exception):
        pass

    seen = []

    def once(stage, fraction):
        seen.append((stage, fraction))
        raise EnoughError

    fresh = record(model, TOKENS)  # what was zeroed is kept with a run
    with pytest.raises(EnoughError):
        unembed.explain(model, fresh, 12, progress=once)
    assert len(seen) == 1
    assert unembed.explain(model, fresh, 12).population is not None  # nothing is left behind
