"""What the toy of clozes promises, measured on the plain `transformers` module of the checkpoint that ships."""

import json
from collections import Counter

import pytest
import torch
from transformers import AutoTokenizer, BertForMaskedLM

import unembed
from builders.commands import run
from unembed.engine.measures import question
from unembed.loading.shipped import toy_folder
from unembed.methods.knowledge import neurons as knowledge_neurons
from unembed.methods.knowledge.facts import read_facts
from unembed.methods.knowledge.find import find
from unembed.toys import invented_facts, measurements
from unembed.toys.invented_clozes import WORDINGS, clozes

FOLDER = toy_folder("cloze")
FACTS = FOLDER / "facts.yaml"


@pytest.fixture(scope="module")
def model():
    return unembed.load("toy/cloze", device="cpu")


@pytest.fixture(scope="module")
def plain():
    return BertForMaskedLM.from_pretrained(FOLDER).eval(), AutoTokenizer.from_pretrained(FOLDER)


def encoded(plain, prompt: str):
    texts = plain[1](prompt, return_tensors="pt")
    (place,) = (texts["input_ids"][0] == plain[1].mask_token_id).nonzero()[:, 0].tolist()
    return texts, place


@torch.no_grad()
def probability(plain, prompt: str, answer: str, neurons=(), factor: float = 1.0) -> float:
    """P(answer) at the blank with activations there times `factor`."""
    texts, place = encoded(plain, prompt)
    handles = []
    for neuron in neurons:

        def scale(module, args, out, neuron=neuron):
            changed = out.clone()
            changed[:, place, neuron.neuron] *= factor
            return changed

        handles.append(plain[0].bert.encoder.layer[neuron.layer].intermediate.register_forward_hook(scale))
    logits = plain[0](**texts).logits[0, place]
    for handle in handles:
        handle.remove()
    return float(logits.softmax(-1)[plain[1].convert_tokens_to_ids(answer)])


def test_the_checkpoint_is_an_unmodified_bert_of_about_a_megabyte(model, plain):
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 1.2e6
    config = json.loads((FOLDER / "config.json").read_text())
    assert (config["architectures"], config["hidden_act"]) == (["BertForMaskedLM"], "gelu")
    assert model.module.dtype == plain[0].dtype == torch.float32
    assert plain[1].tokenize("Bambo lives in [MASK].") == ["Ba", "##mbo", "lives", "in", "[MASK]", "."]


def test_every_wording_of_nearly_every_fact_is_filled_right(model, plain):
    right, asked = Counter(), Counter()
    for cloze in clozes()[::7]:
        texts, place = encoded(plain, cloze.prompt)
        with torch.no_grad():
            best = int(plain[0](**texts).logits[0, place].argmax())
        key = (cloze.held_out, cloze.relation, cloze.wording)
        asked[key] += 1
        right[key] += plain[1].convert_ids_to_tokens(best) == cloze.answer
    assert len(asked) == 2 * sum(map(len, WORDINGS.values()))
    assert sum(right.values()) / sum(asked.values()) > 0.995
    assert min(right[key] / asked[key] for key in asked) > 0.85  # a few clozes each, so one wrong counts much
    assert measurements.held_out_blanks(model, lambda *_: None) > 0.99
    assert measurements.worst_wording(model, lambda *_: None) > 0.99


def test_no_word_of_a_name_tells_whose_fact_it_is(plain):
    """Each is two tokens, and the first has several people: so embeddings cannot hold the facts."""
    people = {cloze.subject for cloze in clozes()}
    pieces = [tuple(plain[1].tokenize(name)) for name in people]
    assert {len(piece) for piece in pieces} == {2}
    assert len(set(pieces)) == len(people) == 200
    assert len({first for first, _ in pieces}) <= 70
    assert len({last for _, last in pieces}) == 12


def test_what_the_file_of_facts_says_is_what_was_trained():
    said = {(r.name, f.subject, p, f.answer) for r in read_facts(FACTS) for f in r.facts for p in f.prompts}
    assert said == {(c.relation, c.subject, c.prompt, c.answer) for c in clozes()}
    known = {(s.relation, s.subject, s.answer.strip()) for s in invented_facts.sentences()}
    assert {(c.relation, c.subject, c.answer) for c in clozes()} == known


def test_knowledge_neurons_carry_the_facts_and_random_ones_do_not(model, plain):
    """Of facts whose neurons no claim searched; the plain module's activations are changed by hand."""
    changes = []
    for relation in read_facts(FACTS):
        criteria = knowledge_neurons.Criteria(t=0.2, p=0.75)
        found = find(model, relation.of(relation.facts[6:8]), criteria=criteria)
        for fact in found.facts:
            for prompt in fact.fact.prompts[::2]:
                asked = question(model, prompt, fact.fact.target)
                beside = knowledge_neurons.random_neurons(model, asked, fact.kept, active=False)
                assert Counter(n.layer for n in beside) == Counter(n.layer for n in fact.kept)
                assert not beside & fact.kept
                base = probability(plain, prompt, fact.fact.answer)
                cases = ((fact.kept, 0.0), (beside, 0.0), (fact.kept, 2.0))
                changes.append([probability(plain, prompt, fact.fact.answer, *case) / base - 1 for case in cases])
    zeroed, random, doubled = torch.tensor(changes).mean(0).tolist()
    assert zeroed < -0.7
    assert abs(random) < 0.1
    assert doubled > 0.45


def test_attribution_is_that_of_the_authors_procedure(model, plain):
    """Riemann's sum over 20 steps of one layer at a time, with plain autograd (`knowledge-neurons` of Dai et al.)."""
    prompt, answer, steps = "Bambo goes back to [MASK] every winter.", "Prague", 20
    texts, place = encoded(plain, prompt)
    token = plain[1].convert_tokens_to_ids(answer)
    found = unembed.attribute(model, prompt, answer, path=unembed.LayerPath("riemann", steps))
    for layer, block in enumerate(plain[0].bert.encoder.layer):
        kept = []
        handle = block.intermediate.register_forward_hook(lambda _m, _a, out: kept.append(out[0, place].detach()))  # noqa: B023
        plain[0](**texts)
        handle.remove()
        path = (kept[0] * torch.arange(1, steps + 1)[:, None] / steps).requires_grad_()

        def put(_module, _args, out, path=path):
            changed = out.clone()
            changed[:, place] = path
            return changed

        handle = block.intermediate.register_forward_hook(put)
        ids = texts["input_ids"].expand(steps, -1)
        chance = plain[0](input_ids=ids).logits[:, place].softmax(-1)[:, token]
        handle.remove()
        (slopes,) = torch.autograd.grad(chance.sum(), [path])
        expected = kept[0] * slopes.mean(0)
        assert torch.allclose(found.values[layer].float(), expected, atol=2e-6)
    assert found.probability == pytest.approx(probability(plain, prompt, answer), abs=1e-6)


def test_training_is_seeded_and_its_folder_loads(monkeypatch, capsys, tmp_path):
    weights = []
    for number, seed in enumerate((3, 3, 4)):
        out = tmp_path / str(number)
        words = ("toys", "train", "cloze", "--steps", "2", "--seed", str(seed), "--out", str(out))
        assert run(monkeypatch, capsys, *words)[0] == 0
        weights.append(unembed.load(str(out)).unembedding.detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    code, said, _ = run(monkeypatch, capsys, "explain", "Bambo lives in [MASK].", "-m", str(tmp_path / "0"))
    assert (code, "CLS" in said) == (0, True)
