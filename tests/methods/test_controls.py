"""What zeroing does, against full runs with that part set by a hook: every head, a sample of neurons."""

from statistics import stdev

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from oracles.full_runs import logits, part_set
from unembed.errors import InputError
from unembed.methods import controls as module
from unembed.methods import ends as module_of_ends
from unembed.methods.controls import SAMPLE, population, zeroed_each
from unembed.models.parts import Part
from unembed.models.sites import Site
from unembed.runs.record import record

FAMILIES = ("gpt2", "llama", "gemma2", "phi", "gpt_neo", "mixtral", "gpt_oss")
TOKENS = [3, 50, 7, 11, 96, 17]
PROMPT = "the capital of France is"
CLOSE = 1e-6
"""Most families take the softmax of attention in float32, also in a float64 model; measures are in float32."""


@pytest.fixture(scope="module")
def models():
    return {family: unembed.wrap(build(family), make_tokenizer(), name=family) for family in FAMILIES}


@pytest.fixture(scope="module")
def explained(models):
    return {family: unembed.explain(model, TOKENS) for family, model in models.items()}


def place(x) -> tuple:
    """The part of a term or site, its layer, and its index in the layer."""
    if x.head is not None:
        return "head", x.layer, x.head
    if x.neuron is None:
        return x.kind.removesuffix("_write"), x.layer, None
    return "neuron", x.layer, x.neuron if x.expert is None else (x.expert, x.neuron)


def log_odds(at: torch.Tensor, token: int) -> float:
    """`log(P / (1 - P))`, the second sum without the token."""
    others = torch.cat([at[:token], at[token + 1 :]])
    return float(at[token] - others.logsumexp(0))


def rerun(model, x, ids=TOKENS) -> torch.Tensor:
    """The last logits of a full run with the part zeroed at the last position."""
    part, layer, index = place(x)
    if isinstance(index, tuple):  # a neuron of an expert: by hand only at every position, so give the others a twin
        return rerun_with_expert(model, layer, index, ids)
    with part_set(model, part, layer, index, [len(ids) - 1]):
        return logits(model, ids)[-1]


def rerun_with_expert(model, layer: int, index: tuple[int, int], ids) -> torch.Tensor:
    """The output of the experts is that of silenced experts at the last position, and as it was before it."""
    experts, outs = model.blocks[layer].experts, {}
    for name in ("plain", "silent"):
        hook = experts.register_forward_hook(lambda _, args, out, name=name: outs.update({name: out}))
        with part_set(model, "mlp" if name == "plain" else "neuron", layer, index, []):
            logits(model, ids)
        hook.remove()
    mixed = outs["plain"].clone()
    mixed.view(-1, mixed.shape[-1])[-1] = outs["silent"].reshape(-1, mixed.shape[-1])[-1]
    hook = experts.register_forward_hook(lambda *_: mixed)
    found = logits(model, ids)[-1]
    hook.remove()
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_every_head_and_some_neurons_zeroed_are_full_runs(models, explained, family):
    model, result = models[family], explained[family]
    token, among = result.target.token, result.population
    base = log_odds(logits(model, TOKENS)[-1], token)
    assert float(among.base[0]) == pytest.approx(base, abs=CLOSE)
    assert {place(site) for site in among.heads} == {
        ("head", layer, head) for layer in range(model.layers) for head in range(model.heads)
    }
    assert {place(site) for site in among.sublayers} == {
        (stage, layer, None) for layer in range(model.layers) for stage in ("attention", "mlp")
    }
    some = dict(list(among.effects("neurons").items())[::9])
    effects = {**among.effects("heads"), **among.effects("sublayers"), **some}
    for site, effect in effects.items():
        assert site.positions == (5,)
        assert effect == pytest.approx(log_odds(rerun(model, site), token) - base, abs=10 * CLOSE)
    assert max(map(abs, effects.values())) > 1e4 * CLOSE
    for note in (*result.heads, *result.neurons):
        at = rerun(model, note.term)
        assert note.zeroed.probability == pytest.approx(float(at.softmax(0)[token]), abs=CLOSE)
        assert note.zeroed.effect.nats == pytest.approx(log_odds(at, token) - base, abs=10 * CLOSE)
        assert note.zeroed.difference is None
        assert note.swapped is None


def test_log_odds_tell_what_a_probability_in_float32_cannot():
    """A target that is so sure that P is 1 in float32, with parts zeroed as without."""
    single, double = build("llama").float(), build("llama")
    for made in (single, double):
        with torch.no_grad():
            made.lm_head.weight[12] *= 300
    model, exact = unembed.wrap(single, name="sure"), unembed.wrap(double, name="sure")
    among, base = population(record(model, TOKENS), 12), log_odds(logits(exact, TOKENS)[-1], 12)
    assert base > 18, "beyond what 1 - P holds in float32"
    effects = among.effects("heads")
    sure = [site for site, effect in effects.items() if base + effect > 18]
    assert {among.zeroed(site, among.heads[site]).effect.verdict for site in sure} == {None}
    assert max(abs(effects[site]) for site in sure) > 0.3
    for site in sure:
        assert effects[site] == pytest.approx(log_odds(rerun(exact, site), 12) - base, abs=1e-3)
        assert float(rerun(model, site).float().softmax(0)[12]) == 1.0


def test_a_versus_is_asked_about_and_leaves_the_effects_on_the_probability_as_they_are(models, explained):
    model = models["llama"]
    plain = unembed.explain(model, TOKENS, 40, top=30)
    result = unembed.explain(model, TOKENS, 40, versus=12, top=30)
    base = logits(model, TOKENS)[-1]
    alone = {note.term.part: note.zeroed for note in (*plain.heads, *plain.neurons)}
    for note in (*result.heads, *result.neurons):
        at = rerun(model, note.term)
        difference = float((at[40] - at[12]) - (base[40] - base[12]))
        assert note.zeroed.asked is note.zeroed.difference
        assert note.zeroed.difference.nats == pytest.approx(difference, abs=10 * CLOSE)
        if note.term.part in alone:
            before = alone[note.term.part].effect
            assert note.zeroed.effect.nats == pytest.approx(before.nats, abs=1e-12)
            assert (note.zeroed.effect.rank, note.zeroed.effect.verdict) == (before.rank, before.verdict)
    assert {note.term.part for note in result.heads} == {note.term.part for note in plain.heads}, "all of them"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_rank_is_among_all_others_of_the_kind(models, explained, family):
    result = explained[family]
    for notes, kind in ((result.heads, "heads"), (result.neurons, "neurons")):
        effects = {place(site): effect for site, effect in result.population.effects(kind).items()}
        for note in notes:
            own = note.zeroed.effect
            others = [effect for part, effect in effects.items() if part != place(note.term)]
            assert own.among == len(others) + 1
            assert own.rank == 1 + sum(abs(effect) > abs(own.nats) for effect in others)


@pytest.mark.parametrize("family", FAMILIES)
def test_shown_are_the_largest_credits_and_the_largest_effects(explained, family):
    result = explained[family]
    by_head, by_neuron = result.finest.coarser("head"), result.finest
    for notes, ledger, kind in ((result.heads, by_head, "heads"), (result.neurons, by_neuron, "neurons")):
        terms = [t for t in ledger.terms() if t.kind == kind[:-1]]
        credits = {place(t) for t in sorted(terms, key=lambda t: -abs(t.value))[:5]}
        effects = result.population.effects(kind)
        strong = {place(site) for site in sorted(effects, key=lambda site: -abs(effects[site]))[:5]}
        assert {place(note.term) for note in notes if "credit" in note.shown_for} == credits
        assert {place(note.term) for note in notes if "effect" in note.shown_for} == strong
        answer = {place(result.answer.part)} if result.answer.kind == kind[:-1] else set()
        assert {place(note.term) for note in notes} == credits | strong | answer
        assert {place(note.term) for note in notes if "answer" in note.shown_for} == answer
        sizes = [abs(note.zeroed.effect.nats) for note in notes]
        assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_oss"])
def test_the_sample_is_of_neurons_that_write_most(family):
    """600 neurons a layer: of the tenth that writes most (of three layers, 167 are needed), drawn by the prompt."""
    module_ = build(family, layers=3, d_mlp=600) if family != "gpt_oss" else build(family, layers=3)
    model = unembed.wrap(module_, name="wide")
    run = record(model, TOKENS, positions=[5])
    sample = list(population(run, 40).neurons)
    assert len(set(sample)) == len(sample)
    for layer in range(3):
        drawn = {place(site)[2] for site in sample if site.layer == layer}
        order = by_size(model, run, layer)
        assert drawn <= set(order[: max(167, round(0.1 * len(order)))])
    if family != "gpt_oss":
        assert len(sample) == SAMPLE
    again = population(record(model, TOKENS), 12)
    assert set(again.neurons) == set(sample), "the prompt draws, not the target"


def test_another_prompt_draws_other_neurons():
    model = unembed.wrap(build("llama", layers=2, d_mlp=4000), name="wide")
    one, same, other = (set(population(record(model, ids), 12).neurons) for ids in (TOKENS, TOKENS, TOKENS[::-1]))
    assert one == same
    assert len(one & other) < 0.8 * len(one)
    assert len(one) == SAMPLE


def by_size(model, run, layer: int) -> list:
    """The neurons of a layer by the length of what they write (before a post-norm), largest first."""
    block, neurons = model.blocks[layer], run.layers[layer].neurons
    sizes = {}
    if block.experts is None:
        rows = block.down_projection.weight.detach()
        rows = rows if type(block.down_projection).__name__ == "Conv1D" else rows.T
        sizes = {n: float((neurons[-1, n] * rows[n]).norm().detach()) for n in range(len(rows))}
    else:
        for expert, weight in zip(neurons.index[-1].tolist(), neurons.weight[-1].tolist(), strict=True):
            activation = unembed.ledger.decompose.expert_activation(block.experts, expert, neurons.hidden[-1])
            rows = block.experts.down_proj[expert].detach()
            rows = rows if block.experts.is_transposed else rows.T
            sizes |= {(expert, n): float((weight * activation[n] * rows[n]).norm().detach()) for n in range(len(rows))}
    return sorted(sizes, key=lambda index: -sizes[index])


def versions_of(monkeypatch) -> list[int]:
    """How many versions each sweep has, as it is made."""
    calls, sweep = [], module_of_ends.last_streams
    monkeypatch.setattr(module_of_ends, "last_streams", lambda *a, **k: calls.append(len(a[1])) or sweep(*a, **k))
    return calls


def test_it_is_one_sweep_of_one_run_and_is_kept_with_it(models, monkeypatch):
    calls = versions_of(monkeypatch)
    runs = []
    hook = models["llama"].module.register_forward_pre_hook(lambda *_: runs.append(1))
    run = record(models["llama"], TOKENS)
    first = unembed.explain(run)
    neurons = len(first.population.effects("neurons"))
    layers, heads = models["llama"].layers, models["llama"].heads
    assert calls == [layers * heads + neurons + 2 * layers + module.NUDGED]
    again = unembed.explain(run, top=20)
    hook.remove()
    assert (len(calls), len(runs)) == (1, 1)
    assert again.population is first.population
    shown = {note.term.part: note.zeroed for note in (*again.heads, *again.neurons)}
    assert all(shown[note.term.part] == note.zeroed for note in (*first.heads, *first.neurons))


def test_other_targets_and_differences_are_read_of_the_same_sweep(monkeypatch):
    """Only neurons of the largest credit that were not zeroed yet are; the numbers are those of a sweep by itself."""
    model = unembed.wrap(build("llama", layers=4, d_mlp=2000), name="wide")
    calls, run = versions_of(monkeypatch), record(model, TOKENS)
    population(run, 12)
    before = set(run.kept["ends"])
    for token, versus in ((12, 40), (40, None), (40, 12)):
        among = population(run, token, versus)
        alone = population(record(model, TOKENS), token, versus)
        assert among.rows.keys() == alone.rows.keys()
        for site, row in alone.rows.items():
            assert among.rows[site].tolist() == pytest.approx(row.tolist(), abs=10 * CLOSE)
        for leaders in among.leaders:
            before |= set(leaders)
    assert calls[0] == 16 + SAMPLE + 8 + module.NUDGED + len(set(population(run, 12).leaders[0]) - set(among.neurons))
    assert set(run.kept["ends"]) == before, "nothing else was zeroed"


@pytest.mark.parametrize("versus", [None, 40])
def test_neurons_that_are_shown_stand_in_one_order(versus):
    """By hand: the sample and the 30 neurons of the largest credit are one list, whatever is shown."""
    model = unembed.wrap(build("llama", layers=4, d_mlp=2000), name="wide")
    few, many = (unembed.explain(model, TOKENS, 12, versus=versus, top=top) for top in (3, 30))
    effects = {note.term.part: note.zeroed.asked for note in many.neurons}
    ranks = [effect.rank for effect in effects.values()]
    assert len(set(ranks)) == len(ranks) > 30
    terms = [t for t in many.finest.terms() if t.kind == "neuron"]
    credited = {t.part for t in sorted(terms, key=lambda t: -abs(t.value))[:30]}
    assert credited <= effects.keys()
    strong = {Part.set_at(site) for site in many.population.neurons}
    assert {effect.among for effect in effects.values()} == {len(strong | credited)}
    for note in few.neurons:
        own, again = note.zeroed.asked, effects[note.term.part]
        assert own.nats == pytest.approx(again.nats, abs=10 * CLOSE)
        assert (own.rank, own.among, own.verdict) == (again.rank, again.among, again.verdict)


def test_the_noise_is_the_spread_of_nudged_runs(models):
    """Nudged by hand: each block's output at the last position gets a normal share of its own precision."""
    model = unembed.wrap(build("llama"), name="double")
    run = record(model, TOKENS)
    random, found = torch.Generator().manual_seed(1), []

    def nudge(_, args, out):
        new = (out[0] if isinstance(out, tuple) else out).clone()
        last = new.view(-1, new.shape[-1])[-1]
        last += 1e-3 * last.abs() * torch.randn(last.shape, generator=random)
        return (new, *out[1:]) if isinstance(out, tuple) else new

    for _ in range(200):
        hooks = [layer.register_forward_hook(nudge) for layer in model.module.model.layers]
        found.append(log_odds(logits(model, TOKENS)[-1], 40))
        for hook in hooks:
            hook.remove()
    expected = module.SPREAD * stdev(found) * model.precision / 1e-3
    noise = float(population(run, 40).noise[0])
    assert expected / 2 < noise < 2 * expected, "of 16 draws"


def test_few_parts_have_effects_and_no_verdicts():
    model = unembed.wrap(build("llama", layers=1, heads=2, kv_heads=1, d_mlp=3), name="smallest")
    result = unembed.explain(model, TOKENS)
    assert result.population.limit("heads") is result.population.limit("neurons") is None
    base = log_odds(logits(model, TOKENS)[-1], result.target.token)
    for note in (*result.heads, *result.neurons):
        effect = note.zeroed.effect
        assert effect.verdict is None
        assert effect.among == (2 if note.term.head is not None else 3)
        assert effect.nats == pytest.approx(log_odds(rerun(model, note.term), result.target.token) - base, abs=1e-5)


def test_without_tests_nothing_is_zeroed(models, explained):
    result = unembed.explain(models["llama"], TOKENS, test=False)
    assert result.population is result.swap is None
    assert all(note.zeroed is note.swapped is None for note in (*result.heads, *result.neurons))
    assert result.ledger.terms() == explained["llama"].ledger.terms()
    assert result.answer.kind == "credit"
    assert not result.answer.tested


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "gpt_oss"])
def test_an_earlier_position_is_the_end_of_a_shorter_prompt(models, family):
    early = unembed.explain(models[family], TOKENS, 40, position=3)
    short = unembed.explain(models[family], TOKENS[:4], 40)
    assert [n.term.label for n in early.heads] == [n.term.label for n in short.heads]
    for one, other in zip((*early.heads, *early.neurons), (*short.heads, *short.neurons), strict=True):
        assert one.zeroed.effect.nats == pytest.approx(other.zeroed.effect.nats, abs=10 * CLOSE)
    assert list(early.population.neurons) == list(short.population.neurons)


def test_an_earlier_position_costs_one_forward_and_none_of_a_recorded_run(models, monkeypatch):
    """Tests end at the position by a prefix of the run, which is not recorded again; a swap records another prompt.
    Words that are taken away are other prompts, and left out here."""
    monkeypatch.setattr("unembed.methods.explain.finest_words", lambda *_, **__: None)
    model, forwards = models["llama"], []
    hook = model.module.register_forward_pre_hook(lambda *_: forwards.append(1))
    run = record(model, TOKENS)

    def of(*given, **words) -> int:
        before = len(forwards)
        unembed.explain(*given, 40, position=3, **words)
        return len(forwards) - before

    counts = [of(run), of(run, versus=12), of(model, TOKENS), of(model, TOKENS, versus=12), of(model, PROMPT)]
    swapped = of(model, PROMPT, swap=("France", "Rome"))
    hook.remove()
    assert counts == [0, 0, 1, 1, 1]
    assert swapped == 2


def test_parts_beyond_the_population_are_zeroed_as_well(models):
    """A neuron that hardly writes is in no sample of a wide layer; it is ranked among those that are."""
    model = unembed.wrap(build("llama", layers=2, d_mlp=4000), name="wide")
    run = record(model, TOKENS)
    among = population(run, 12)
    quiet = Site(kind="neuron", layer=1, neuron=by_size(model, run, 1)[-1], positions=(5,))
    (zeroed,) = zeroed_each(run, among, [quiet])
    assert quiet not in among.neurons
    assert (zeroed.effect.among, zeroed.effect.verdict) == (len(among.effects("neurons")) + 1, "ordinary")
    change = log_odds(rerun(model, quiet), 12) - log_odds(logits(model, TOKENS)[-1], 12)
    assert zeroed.effect.nats == pytest.approx(change, abs=10 * CLOSE)
    with pytest.raises(InputError, match="There is no head 99"):
        zeroed_each(run, among, [Site(kind="z", layer=0, head=99, positions=(5,))])
