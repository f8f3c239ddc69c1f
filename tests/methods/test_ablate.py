"""Ablation: every effect against a full run of the Hugging Face module with that part set by a hook."""

import itertools
import json
import math
import re

import pytest
import torch

import unembed
from builders.commands import valid
from builders.random_models import build
from builders.words import make_tokenizer
from oracles.full_runs import logits, part_set, read
from unembed.errors import InputError, Interrupted
from unembed.methods import ablate as ablation
from unembed.methods.ablate import Ablation, ablate
from unembed.view.payloads import to_json
from unembed.view.payloads.ablation import ablate_payload
from unembed.view.terminal.ablation import ablate_lines
from unembed.view.terminal.paper import Paper

pytestmark = pytest.mark.usefixtures("own_cache")
FAMILIES = ("gpt2", "llama", "gemma2", "phi", "gpt_neo", "opt", "mixtral", "qwen3_moe", "gpt_oss")
TOKENS = [3, 50, 7, 11, 96, 17]
TARGET = 40
CLOSE = 1e-6
"""Most families take the softmax of attention in float32, also in a float64 model. Large effects are 1e-3 logits."""


@pytest.fixture(scope="module")
def models():
    return {family: unembed.wrap(build(family), name=family) for family in FAMILIES}


def check(model, result: Ablation, index, positions) -> None:
    """Every effect against a full run."""
    base = read(model, TOKENS, TARGET)
    assert (result.target.logit, result.target.probability) == pytest.approx(base, abs=1e-10)
    for effect in result.effects:
        with part_set(model, result.site, effect.layer, index(effect), positions):
            found = read(model, TOKENS, TARGET)
        assert effect.logit == pytest.approx(found[0] - base[0], abs=CLOSE)
        assert effect.probability == pytest.approx(found[1] - base[1], abs=CLOSE / 10)
        assert effect.log_probability == pytest.approx(math.log(found[1] / base[1]), abs=10 * CLOSE)
    assert max(abs(effect.logit) for effect in result.effects) > 500 * CLOSE


@pytest.mark.crossed(1)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("position", "positions"), [("last", [5]), (2, [2]), (-3, [3]), ("all", range(6))])
def test_every_head_and_sublayer_is_a_full_run(models, family, position, positions):
    model = models[family]
    heads = ablate(model, TOKENS, TARGET, position=position)
    assert [(e.layer, e.head) for e in heads.effects] == [
        (i, h) for i in range(model.layers) for h in range(model.heads)
    ]
    check(model, heads, lambda effect: effect.head, positions)
    for site in ("attention", "mlp"):
        result = ablate(model, TOKENS, TARGET, site=site, position=position)
        assert [e.layer for e in result.effects] == list(range(model.layers))
        check(model, result, lambda effect: None, positions)


ANSWER = [40, 8, 61]


def read_answer(model) -> tuple[float, float]:
    """The sum of the logits and of the log-probabilities of an answer, of one full run."""
    rows = logits(model, [*TOKENS, *ANSWER[:-1]])[-len(ANSWER) :]
    pairs = [(float(row[token]), float(row.log_softmax(-1)[token])) for row, token in zip(rows, ANSWER, strict=True)]
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


@pytest.mark.crossed(1)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("position", "positions"), [("last", [5, 6, 7]), (2, [2]), (-3, [3]), ("all", range(8)), (None, [5, 6, 7])]
)
def test_an_answer_is_read_as_a_whole(models, family, position, positions):
    model = models[family]
    base = read_answer(model)
    for site in ("head", "mlp"):
        found = ablate(model, TOKENS, answer=ANSWER, site=site, position=position)
        assert (found.answer, found.positions) == (tuple(ANSWER), tuple(positions))
        assert (found.base.logit, found.base.log_probability) == pytest.approx(base, abs=1e-9)
        assert found.base.probability == pytest.approx(math.exp(base[1]), rel=1e-6)
        for effect in found.effects:
            with part_set(model, site, effect.layer, effect.head, positions):
                gone = read_answer(model)
            assert effect.logit == pytest.approx(gone[0] - base[0], abs=10 * CLOSE)
            assert effect.log_probability == pytest.approx(gone[1] - base[1], abs=10 * CLOSE)
            assert effect.probability == pytest.approx(math.exp(gone[1]) - math.exp(base[1]), rel=1e-3, abs=1e-9)
        sizes = [abs(effect.log_probability) for effect in found.top(5)]
        assert sizes == sorted((abs(e.log_probability) for e in found.effects), reverse=True)[:5]
    data = to_json(ablate_payload(found))
    assert data["position"] == (
        2 if position == 2 else 3 if position == -3 else "all" if position == "all" else "answer"
    )


@pytest.mark.crossed(1)
@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "opt"])
@pytest.mark.parametrize(("position", "positions"), [("last", [5]), (2, [2]), ("all", range(6))])
def test_every_neuron_is_a_full_run(models, family, position, positions):
    result = ablate(models[family], TOKENS, TARGET, site="neuron", position=position, layers=[1, -2, 1])
    assert [(e.layer, e.neuron) for e in result.effects] == [(1, n) for n in range(48)]
    check(models[family], result, lambda effect: effect.neuron, positions)


def chosen_experts(model, layer: int) -> list[list[int]]:
    """What the router of a layer chose, by position."""
    seen = []
    hook = model.blocks[layer].experts.register_forward_pre_hook(lambda _, args: seen.append(args[1]))
    read(model, TOKENS, TARGET)
    hook.remove()
    return seen[0].tolist()


@pytest.mark.parametrize("family", ["mixtral", "gpt_oss", "qwen3_moe"])
def test_experts_are_those_of_the_router(models, family):
    model = models[family]
    result = ablate(model, TOKENS, TARGET, site="expert", position=3)
    mixtures = [layer for layer in range(model.layers) if model.blocks[layer].experts is not None]
    expected = [(layer, e) for layer in mixtures for e in sorted(chosen_experts(model, layer)[3])]
    assert [(e.layer, e.expert) for e in result.effects] == expected
    check(model, result, lambda effect: effect.expert, [3])


@pytest.mark.parametrize("family", ["mixtral", "gpt_oss"])
def test_neurons_of_a_mixture_are_those_of_experts_that_ran(models, family):
    model = models[family]
    chosen = chosen_experts(model, 1)
    last = ablate(model, TOKENS, TARGET, site="neuron", layers=[1])
    assert {e.expert for e in last.effects} == set(chosen[-1])
    everywhere = ablate(model, TOKENS, TARGET, site="neuron", layers=[1], position="all")
    assert {e.expert for e in everywhere.effects} == set(itertools.chain(*chosen))
    check(model, everywhere, lambda effect: (effect.expert, effect.neuron), range(6))


TEXTS = [[5, 9, 33], [2, 71, 44, 8, 60]]


def mean_input(model, module) -> torch.Tensor:
    """The mean over all positions of what a module is given in runs of the texts."""
    seen = []
    hook = module.register_forward_pre_hook(lambda _, args: seen.append(args[0].reshape(-1, args[0].shape[-1])))
    for text in TEXTS:
        read(model, text, TARGET)
    hook.remove()
    return torch.cat(seen).mean(0)


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2"])
@pytest.mark.parametrize("site", ["head", "neuron"])
def test_the_mean_is_over_all_positions_of_the_texts(models, family, site):
    model, layer = models[family], 1
    result = ablate(model, TOKENS, TARGET, site=site, how="mean", texts=TEXTS, layers=[layer], position=4)
    block, base = model.blocks[layer], read(model, TOKENS, TARGET)
    mean = mean_input(model, block.output_projection if site == "head" else block.down_projection)
    mean = mean.view(model.heads, -1) if site == "head" else mean
    for effect in result.effects:
        index = effect.head if site == "head" else effect.neuron
        with part_set(model, site, layer, index, [4], mean[index]):
            found = read(model, TOKENS, TARGET)
        assert effect.logit == pytest.approx(found[0] - base[0], abs=CLOSE)
        assert effect.probability == pytest.approx(found[1] - base[1], abs=CLOSE / 10)


def test_the_default_target_is_the_top_prediction(models):
    result = ablate(models["llama"], TOKENS, layers=[0])
    assert result.target.rank == 1
    assert ablate(models["llama"], TOKENS, result.target.token, layers=[0]).effects == result.effects


def test_a_budget_changes_nothing(models):
    whole = ablate(models["llama"], TOKENS, TARGET, position=1)
    split = ablate(models["llama"], TOKENS, TARGET, position=1, memory=600_000)
    for one, other in zip(whole.effects, split.effects, strict=True):
        assert vars(one) == pytest.approx(vars(other), abs=1e-12)


def test_an_interrupted_ablation_keeps_what_is_finished(models):
    """Ctrl-C in the second walk: the effects of the first one are there, and right."""
    whole = ablate(models["llama"], TOKENS, TARGET, position=0, memory=600_000)

    def interrupt(stage: str, fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stop:
        ablate(models["llama"], TOKENS, TARGET, position=0, memory=600_000, progress=interrupt)
    part = stop.value.result
    assert 0 < len(part.effects) < part.planned == len(whole.effects) == 12
    assert not part.complete
    assert whole.complete
    assert set(part.effects) < set(whole.effects)


REFUSED = {
    "site": (
        {"site": "layer"},
        "Expected a site of head, cross_head, attention, cross_attention, mlp, neuron, expert, enc.head, "
        "enc.attention, enc.mlp, enc.neuron; found 'layer'",
    ),
    "how": ({"how": "median"}, "Expected parts to be set to zero or to their mean, found 'median'"),
    "mean of nothing": ({"how": "mean"}, "give a text, or set parts to zero"),
    "mean of no text": ({"how": "mean", "texts": []}, "at least one prompt"),
    "empty text": ({"how": "mean", "texts": [[]]}, "The prompt is empty"),
    "texts for a zero": ({"texts": TEXTS}, "A text is for the mean"),
    "position": ({"position": 6}, "Position 6 is outside the prompt: expected -6 to 5"),
    "word": ({"position": "first"}, "Expected a position of last, all or an index, found 'first'"),
    "layer": ({"layers": [3]}, "There is no layer 3: expected 0 to 2"),
    "expert": ({"site": "expert"}, "llama has no mixture of experts: choose another site"),
    "target": ({"target": 97}, "is not in the vocabulary"),
    "memory": ({"memory": 10}, "too small for one intervention"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(models, name):
    how, message = REFUSED[name]
    with pytest.raises(InputError, match=re.escape(message)):
        ablate(models["llama"], TOKENS, **{"target": TARGET, **how})


# The command

PROMPT = "the capital of France is"


def test_json_is_the_library_result(cli, folder):
    args = ("--target", "Paris", "--site", "head", "--position", "last", "--json")
    code, out, err = cli("ablate", PROMPT, *args)
    assert (code, err) == (0, "")
    data = valid(out)
    result = ablate(unembed.load(str(folder)), PROMPT, "Paris")
    assert data["effects"] == [vars(effect) for effect in result.effects]
    assert (data["base"]["logit"], data["base"]["probability"]) == (result.target.logit, result.target.probability)
    assert data["base"]["log_probability"] == pytest.approx(math.log(result.target.probability), abs=1e-9)
    assert [token["text"] for token in data["answer"]] == ["Paris"]
    assert (data["target"]["text"], data["position"], data["complete"], data["planned"]) == ("Paris", 4, True, 12)
    assert data["model"]["layers"] == 3
    everywhere = valid(cli("ablate", PROMPT, "--site", "mlp", "--position", "all", "--layer", "2", "--json")[1])
    assert (everywhere["position"], everywhere["target"]["rank"]) == ("all", 1)
    assert [(e["layer"], e["head"], e["neuron"]) for e in everywhere["effects"]] == [(2, None, None)]


def test_the_mean_of_a_file(cli, folder, tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("the new capital\n\nParis is a capital\n")
    data = valid(cli("ablate", PROMPT, "--how", "mean", "--text", str(file), "--json")[1])
    texts = ["the new capital", "Paris is a capital"]
    result = ablate(unembed.load(str(folder)), PROMPT, how="mean", texts=texts)
    assert data["how"] == "mean"
    assert data["effects"] == [vars(effect) for effect in result.effects]


def test_an_interrupted_command_prints_what_is_finished_and_exits_with_130(cli, monkeypatch):
    def interrupted(run, interventions, measure, **how):
        values = torch.full((len(interventions), 3), torch.nan)
        done = torch.arange(len(interventions)) < 5
        values[done] = torch.tensor([1.0, 0.25, -1.4])
        raise Interrupted(values)

    monkeypatch.setattr(ablation, "counterfactuals", interrupted)
    code, out, _ = cli("ablate", PROMPT, "--json")
    data = valid(out)
    assert code == 130
    assert (len(data["effects"]), data["planned"], data["complete"]) == (5, 12, False)
    code, out, _ = cli("ablate", PROMPT)
    assert code == 130
    assert "INTERRUPTED: 5 of 12 effects are finished" in out


BAD = {
    "empty": (["ablate", ""], "The prompt is empty"),
    "position": (["ablate", PROMPT, "--position", "top"], "Expected a position of last, all or an index, found 'top'"),
    "layer": (["ablate", PROMPT, "--layer", "9"], "There is no layer 9"),
    "no file": (["ablate", PROMPT, "--how", "mean", "--text", "/no/such"], "Cannot read /no/such"),
    "target": (["ablate", PROMPT, "--target", "Xyzzy"], "'Xyzzy' is not in the vocabulary"),
    "memory": (["ablate", PROMPT, "--memory", "lots"], "Expected an amount of memory of at least one byte"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_message_and_exit_code_2(cli, name):
    args, message = BAD[name]
    code, out, err = cli(*args)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


# The terminal


@pytest.mark.parametrize("heads", [4, 16])
def test_the_table_is_ranked_and_the_map_shows_every_head(heads):
    model = unembed.wrap(build("gpt2", heads=heads, d_model=4 * heads), make_tokenizer())
    result = ablate(model, PROMPT)
    lines = [line.plain.rstrip() for line in ablate_lines(ablate_payload(result), Paper(), top=5)]
    assert max(map(len, lines)) <= 100
    named = [f"L{e.layer}.H{e.head}" for e in sorted(result.effects, key=lambda e: -abs(e.probability))]
    assert [line.split()[0] for line in lines[2:7]] == named[:5]
    changes = [float(line.split(" points")[0].split()[-1].replace("−", "-")) for line in lines[2:7]]
    assert changes == pytest.approx([100 * e.probability for e in result.top(5)], abs=0.005)
    rows = {line.split()[0]: line for line in lines if line.split()[:1] in (["L0"], ["L1"], ["L2"])}
    best = result.top(1)[0]
    assert any(mark in rows[f"L{best.layer}"] for mark in ("█" if best.probability > 0 else "▤"))
    assert len(rows) == 3


def test_a_rare_target_shows_its_changes(models):
    """Changes far below a hundredth of a point are not shown as zero."""
    rare = min(range(97), key=lambda token: read(models["gpt2"], TOKENS, token)[1])
    result = ablate(models["gpt2"], TOKENS, rare, layers=[2])
    lines = [line.plain for line in ablate_lines(ablate_payload(result), Paper())]
    assert "0.00 points" not in "\n".join(lines[:4])


def test_a_polars_table_holds_every_effect(models):
    table = ablate(models["gpt2"], TOKENS, TARGET).to_polars()
    indices = ["layer", "head", "expert", "neuron"]
    assert table.columns == ["label", *indices, "logit", "probability", "log_probability"]
    assert len(table) == 12


@pytest.mark.real
def test_heads_of_the_real_model(real_model):
    """P(Paris) 77 -> 15 % without L23.H4, and all that a hook finds in the last layers."""
    prompt = "The capital of France is"
    result = ablate(real_model, prompt, " Paris")
    assert len(result.effects) == 270
    assert result.top(1)[0].layer == 23
    assert result.top(1)[0].head == 4
    assert result.target.probability + result.top(1)[0].probability == pytest.approx(0.147, abs=0.002)
    ids, base = real_model.tokenizer(prompt)["input_ids"], result.target
    for effect in result.effects:
        if (effect.layer, effect.head) in {(23, 4), (12, 0), (0, 4), (29, 0)}:
            with part_set(real_model, "head", effect.layer, effect.head, [4], torch.tensor(0.0)):
                found = read(real_model, ids, base.token)
            assert effect.logit == pytest.approx(found[0] - base.logit, abs=1e-4)
            assert effect.probability == pytest.approx(found[1] - base.probability, abs=1e-5)
    assert json.loads(json.dumps(to_json(ablate_payload(result))))["schema"] == "unembed/ablate/1"
