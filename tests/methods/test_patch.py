"""patch: every cell against a full re-run of the Hugging Face module with hooks; what it saves, and what it refuses."""

import math

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import make_tokenizer
from oracles.rerun import Change, Rerun, exactly
from unembed.errors import Interrupted
from unembed.methods.patch import patch
from unembed.methods.patching import Cell
from unembed.models.sites import Site

CLEAN, CORRUPT = [3, 14, 15, 92, 65, 35], [3, 14, 27, 92, 65, 8]
SHARED = 2
FAMILIES = ["gpt2", "gpt_neo", "llama", "gemma2", "phi", "mixtral"]
KIND = {
    "resid_pre": "resid_pre",
    "resid_mid": "resid_mid",
    "resid_post": "resid_post",
    "attention": "attention_write",
    "mlp": "mlp_write",
    "head": "z",
    "neuron": "neuron",
}


def swapped(source: dict, kind: str, layer: int, pairs, index=()) -> Change:
    """The value of another run, at paired positions (edited, source)."""
    here, there = (list(side) for side in zip(*sorted(pairs), strict=True))
    value = source[kind, layer][(torch.tensor(there), *index)]
    return Change(kind, layer, tuple(here), lambda _: value, index)


def oracle(module, cell: Cell, site: str, base, source, pairs, read) -> float:
    """The metric of one full run of `base` with one value of `source`."""
    kind = KIND[site]
    other = Rerun(module, watch=(kind,))
    other(source)
    index = tuple(i for i in (cell.head, cell.expert, cell.neuron) if i is not None)
    logits = Rerun(module, [swapped(other.seen, kind, cell.layer, pairs, index)])(base)
    return float(read(logits))


def difference(logits):
    return logits[-1, 7] - logits[-1, 9]


@pytest.mark.parametrize("site", ["resid_pre", "resid_mid", "resid_post", "attention", "mlp", "head", "neuron"])
def test_the_label_of_a_cell_names_its_site(site):
    index = {site: 3} if site in ("head", "neuron") else {}
    found = Site.parse(Cell(1, 4, **index).label(site))
    assert (found.layer, found.positions, found.head, found.neuron) == (1, (4,), index.get("head"), index.get("neuron"))


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", FAMILIES)
@pytest.mark.parametrize("site", ["resid_pre", "resid_mid", "resid_post", "attention", "mlp"])
def test_layer_by_position_equals_full_reruns(model_type, site):
    module = build(model_type)
    model = unembed.wrap(module)
    if model.parallel and site == "resid_mid":
        with pytest.raises(unembed.InputError, match="are parallel"):
            patch(model, CLEAN, CORRUPT, 7, 9, site=site)
        return
    with exactly():
        found = patch(model, CLEAN, CORRUPT, 7, 9, site=site, direction="both")
        layers, length = model.layers, len(CLEAN)
        assert [(c.layer, c.position) for c in found.cells] == [(a, p) for a in range(layers) for p in range(length)]
        for direction, base, source in (("denoise", CORRUPT, CLEAN), ("noise", CLEAN, CORRUPT)):
            for cell, value in zip(found.cells, found.values[direction].tolist(), strict=True):
                if cell.position in (1, 2, 5):  # shared, changed, last
                    pair = [(cell.position, cell.position)]
                    expected = oracle(module, cell, site, base, source, pair, difference)
                    assert value == pytest.approx(expected, abs=1e-10)


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", FAMILIES)
@pytest.mark.parametrize("position", ["all", "last", 3])
def test_heads_equal_full_reruns(model_type, position):
    module = build(model_type)
    model = unembed.wrap(module)
    chosen = {"all": range(len(CLEAN)), "last": [5], 3: [3]}[position]
    with exactly():
        found = patch(model, CLEAN, CORRUPT, 7, 9, site="head", position=position)
        assert [(c.layer, c.head) for c in found.cells] == [(a, h) for a in range(model.layers) for h in range(4)]
        for cell, value in zip(found.cells, found.values["denoise"].tolist(), strict=True):
            pairs = [(p, p) for p in chosen]
            assert value == pytest.approx(oracle(module, cell, "head", CORRUPT, CLEAN, pairs, difference), abs=1e-10)
            assert cell.position == {"all": None, "last": 5, 3: 3}[position]


@pytest.mark.parametrize("model_type", ["gpt2", "gemma2", "gpt_oss"])
def test_neurons_equal_full_reruns(model_type):
    module = build(model_type, d_mlp=6)
    model = unembed.wrap(module)
    with exactly():
        found = patch(model, CLEAN, CORRUPT, 7, 9, site="neuron", layers=[1], position="last")
        assert len(found.cells) == 6 * (4 if model_type == "gpt_oss" else 1)
        for cell, value in zip(found.cells, found.values["denoise"].tolist(), strict=True):
            expected = oracle(module, cell, "neuron", CORRUPT, CLEAN, [(5, 5)], difference)
            assert value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2"])
def test_prompts_of_different_length_by_a_map(model_type):
    """Also a map that moves a token of the shared beginning: it is no longer equal there."""
    module = build(model_type)
    model = unembed.wrap(module)
    longer = [3, 14, 50, 27, 92, 65, 8]
    align = {1: 0, 2: 3, 0: 1, 5: 6}
    with exactly():
        for site in ("resid_pre", "mlp"):
            found = patch(model, CLEAN, longer, 7, 9, site=site, direction="both", align=align)
            assert [c.position for c in found.cells[:4]] == [0, 1, 2, 5]
            for i, cell in enumerate(found.cells):
                p, q = cell.position, align[cell.position]
                denoise = oracle(module, cell, site, longer, CLEAN, [(q, p)], difference)
                noise = oracle(module, cell, site, CLEAN, longer, [(p, q)], difference)
                assert float(found.values["denoise"][i]) == pytest.approx(denoise, abs=1e-10)
                assert float(found.values["noise"][i]) == pytest.approx(noise, abs=1e-10)
        heads = patch(model, CLEAN, longer, 7, 9, site="head", align=align)
        for cell, value in zip(heads.cells, heads.values["denoise"].tolist(), strict=True):
            pairs = [(q, p) for p, q in align.items()]
            assert value == pytest.approx(oracle(module, cell, "head", longer, CLEAN, pairs, difference), abs=1e-10)


def test_metrics():
    module = build("llama")
    model = unembed.wrap(module)
    with exactly():
        clean, corrupt = (Rerun(module)(ids) for ids in (CLEAN, CORRUPT))

        def kl(logits):
            reference = clean[-1].log_softmax(-1)
            return (reference.exp() * (reference - logits[-1].log_softmax(-1))).sum()

        def probability(logits):
            return logits[-1].softmax(-1)[int(clean[-1].argmax())]

        def entropy(logits):
            return -(logits.softmax(-1) * logits.log_softmax(-1)).sum(-1)[:, 0]

        cell = Cell(1, 2)
        for metric, read in (("kl", kl), ("probability", probability), (entropy, lambda x: entropy(x[None, -1:])[0])):
            found = patch(model, CLEAN, CORRUPT, metric=metric)
            assert found.clean == pytest.approx(float(read(clean)), abs=1e-10)
            assert found.corrupt == pytest.approx(float(read(corrupt)), abs=1e-10)
            value = float(found.values["denoise"][found.cells.index(cell)])
            assert value == pytest.approx(oracle(module, cell, "resid_pre", CORRUPT, CLEAN, [(2, 2)], read), abs=1e-10)
    assert patch(model, CLEAN, CORRUPT, metric="kl").clean == 0
    assert patch(model, CLEAN, CORRUPT, metric=entropy).metric == "entropy"


def test_a_target_of_several_tokens_is_read_where_each_is_predicted():
    module = build("gpt2")
    model = unembed.wrap(module)

    def read(logits):
        return logits[5].softmax(-1)[40] * logits[6].softmax(-1)[41] * logits[7].softmax(-1)[42]

    found = patch(model, CLEAN, CORRUPT, [40, 41, 42], metric="probability", site="attention")
    base, source = [*CORRUPT, 40, 41], [*CLEAN, 40, 41]
    assert max(c.position for c in found.cells) == 5
    for cell, value in zip(found.cells, found.values["denoise"].tolist(), strict=True):
        pair = [(cell.position, cell.position)]
        assert value == pytest.approx(oracle(module, cell, "attention", base, source, pair, read), rel=1e-8)


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", FAMILIES)
@pytest.mark.parametrize("site", ["head", "mlp"])
def test_an_answer_is_read_by_its_log_probability(model_type, site):
    module = build(model_type)
    model = unembed.wrap(module)

    def read(logits):
        return sum(logits[place].log_softmax(-1)[token] for place, token in ((5, 40), (6, 41), (7, 42)))

    with exactly():
        found = patch(model, CLEAN, CORRUPT, answer=[40, 41, 42], site=site)
        base, source = [*CORRUPT, 40, 41], [*CLEAN, 40, 41]
        assert (found.metric, found.target, found.unit) == ("log-probability", (40, 41, 42), "nats")
        assert found.clean == pytest.approx(float(read(Rerun(module)(source))), abs=1e-9)
        for cell, value in zip(found.cells, found.values["denoise"].tolist(), strict=True):
            pairs = [(p, p) for p in (range(len(CLEAN)) if cell.position is None else [cell.position])]
            assert value == pytest.approx(oracle(module, cell, site, base, source, pairs, read), abs=1e-9)


def test_the_defaults_are_the_two_top_predictions():
    module = build("gpt2")
    model = unembed.wrap(module)
    tops = [int(Rerun(module)(ids)[-1].argmax()) for ids in (CLEAN, CORRUPT)]
    assert tops[0] != tops[1]
    found = patch(model, CLEAN, CORRUPT)
    assert (found.target, found.versus) == ((tops[0],), tops[1])
    assert found.clean > 0 > found.corrupt


def test_the_effect_runs_from_the_run_as_it_is_to_the_other():
    model = unembed.wrap(build("gpt2"))
    found = patch(model, CLEAN, CORRUPT, direction="both")
    for direction, start, end in (("denoise", found.corrupt, found.clean), ("noise", found.clean, found.corrupt)):
        back = start + found.effect(direction) * (end - start)
        assert torch.allclose(back, found.values[direction], atol=1e-12)
    last = [i for i, c in enumerate(found.cells) if c.position == 5 and c.layer == model.layers - 1]
    assert patch(model, CLEAN, CORRUPT).effect().tolist() == found.effect("denoise").tolist()
    assert not math.isnan(float(found.effect("noise")[last[0]]))
    with pytest.raises(unembed.InputError, match="noise was not swept"):
        patch(model, CLEAN, CORRUPT).effect("noise")
    flat = patch(model, CLEAN, CORRUPT, metric=lambda logits: torch.ones(len(logits)))
    with pytest.raises(unembed.InputError, match="1 in both runs"):
        flat.effect()


@pytest.mark.parametrize("site", ["resid_pre", "attention", "mlp", "head"])
def test_what_the_prompts_share_costs_no_row(monkeypatch, site):
    import unembed.methods.patch as module

    model, sizes = unembed.wrap(build("llama")), []
    count = module.counterfactuals

    def counted(run, interventions, *args, **how):
        sizes.append([e.site for e in interventions])
        return count(run, interventions, *args, **how)

    monkeypatch.setattr(module, "counterfactuals", counted)
    found = patch(model, CLEAN, CORRUPT, site=site)
    assert min(p for s in sizes[0] for p in s.positions) == SHARED
    assert len(sizes[0]) == model.layers * (len(CLEAN) - SHARED if site != "head" else model.heads)
    before = [v for c, v in zip(found.cells, found.values["denoise"].tolist(), strict=True) if (c.position or 9) < 2]
    assert set(before) <= {found.corrupt}
    sizes.clear()
    one = patch(model, CLEAN, CORRUPT, site=site, position=1)
    assert set(one.values["denoise"].tolist()) == {one.corrupt}
    assert sizes == []


def test_ctrl_c_leaves_the_finished_cells(monkeypatch):
    import unembed.methods.patch as module

    model = unembed.wrap(build("llama"))
    whole = patch(model, CLEAN, CORRUPT, direction="both")
    count, calls = module.counterfactuals, []

    def stopped(*args, **how):
        values = count(*args, **how)
        calls.append(1)
        if len(calls) < 2:
            return values
        done = torch.arange(len(values)) < 5
        raise Interrupted(torch.where(done, values, torch.nan))

    monkeypatch.setattr(module, "counterfactuals", stopped)
    with pytest.raises(Interrupted) as stop:
        patch(model, CLEAN, CORRUPT, direction="both")
    part = stop.value.result
    assert not part.complete
    assert torch.equal(part.values["denoise"], whole.values["denoise"])
    rows = [i for i, c in enumerate(part.cells) if c.position >= SHARED]
    assert torch.equal(part.values["noise"][rows[:5]], whole.values["noise"][rows[:5]])
    assert bool(part.values["noise"][rows[5:]].isnan().all())
    assert whole.complete


def test_a_split_does_not_change_values():
    model = unembed.wrap(build("gemma2"))
    one = patch(model, CLEAN, CORRUPT)
    split = patch(model, CLEAN, CORRUPT, memory=400_000)
    assert torch.allclose(one.values["denoise"], split.values["denoise"], atol=1e-6)


BAD = {
    "the same": ({"corrupt": CLEAN}, "the same: there is nothing to patch"),
    "length": ({"corrupt": CORRUPT[:-1]}, r"do not align: 6 and 5 tokens"),
    "site": (
        {"site": "haed"},
        "Expected a site of resid_pre, resid_mid, resid_post, attention, .*, neuron; found 'haed'",
    ),
    "the stream somewhere": (
        {"site": "resid"},
        r"resid_pre is the stream before a block, resid_mid .*, resid_post is the stream after a block\.",
    ),
    "direction": ({"direction": "up"}, "direction of denoise, noise or both, found 'up'"),
    "metric": ({"metric": "loss"}, "metric of logit-difference, log-probability, probability, kl, found 'loss'"),
    "position": ({"position": 9}, "Position 9 is outside"),
    "word": ({"position": "first"}, "all, last or an index, found 'first'"),
    "layer": ({"layers": [3]}, "There is no layer 3: expected 0 to 2"),
    "no layer": ({"layers": []}, "at least one layer to sweep"),
    "neurons everywhere": ({"site": "neuron"}, "give at least one"),
    "target": ({"target": 97}, "Target 97 is not in the vocabulary of 97 tokens"),
    "equal tokens": ({"target": 5, "versus": 5}, "are both 5"),
    "two tokens": ({"target": [5, 6]}, "target is 2 tokens"),
    "unpaired": ({"align": {0: 0}, "position": 3}, "leaves out 3"),
    "pairs twice": ({"align": {0: 0, 1: 0}}, "pairs each position with one other"),
    "no pair": ({"align": {}}, "pairs each position"),
    "pair outside": ({"align": {0: 7}}, "Position 7 is outside"),
    "NaN": ({"metric": lambda logits: logits[:, 0, 0] * torch.nan}, "unpatched run is nan"),
    "shape": ({"metric": lambda logits: logits[:, 0]}, r"found \(1, 97\)"),
    "no tensor": ({"metric": lambda logits: 3.0}, "found float"),
    "budget": ({"memory": 1000}, "too small for one intervention"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    changes, message = BAD[name]
    asked = {"clean": CLEAN, "corrupt": CORRUPT, **changes}
    prompts = asked.pop("clean"), asked.pop("corrupt")
    with pytest.raises(unembed.InputError, match=message):
        patch(unembed.wrap(build("gpt2")), *prompts, **asked)


def test_prompts_that_do_not_align_show_their_tokens():
    model = unembed.wrap(build("gpt2"), make_tokenizer())
    with pytest.raises(unembed.InputError) as error:
        patch(model, "the capital of France is", "the capital of new Rome is")
    assert "0 'the' | 1 'capital' | 2 'of' | 3 'France' | 4 'is'" in str(error.value)
    assert "3 'new' | 4 'Rome' | 5 'is'" in str(error.value)


@pytest.mark.real
def test_the_capital_is_carried_by_the_country_and_then_by_a_head(real_model):
    """Float32 on the real model: sampled cells equal re-runs; the stream's story, and head L23.H4, as published."""
    clean, corrupt = "The capital of France is", "The capital of Italy is"
    found = patch(real_model, clean, corrupt, " Paris", " Rome", direction="both")
    ids = [real_model.tokenizer(text)["input_ids"] for text in (clean, corrupt)]
    paris, rome = (real_model.tokenizer(word)["input_ids"][0] for word in (" Paris", " Rome"))
    effects = dict(zip([(c.layer, c.position) for c in found.cells], found.effect("denoise").tolist(), strict=True))
    assert effects[0, 3] == pytest.approx(1, abs=1e-4)  # the embedding is all that differs
    assert effects[15, 3] > 0.95
    assert effects[29, 4] > 0.95
    for layer, position in ((0, 3), (12, 3), (23, 4)):
        cell = Cell(layer, position)
        value = float(found.values["denoise"][found.cells.index(cell)])
        pair = [(position, position)]
        read = lambda logits: logits[-1, paris] - logits[-1, rome]  # noqa: E731
        expected = oracle(real_model.module, cell, "resid_pre", ids[1], ids[0], pair, read)
        assert value == pytest.approx(expected, abs=1e-3)
    heads = patch(real_model, clean, corrupt, " Paris", " Rome", site="head", position="last")
    best = heads.cells[int(heads.effect().argmax())]
    assert (best.layer, best.head) == (23, 4)
