"""The engine from public names: edits and sites by name, measures by text, one version and one number."""

from functools import cache

import pytest
import torch

import unembed
from builders.random_models import build
from builders.words import WORDS, make_tokenizer
from oracles.rerun import Change, Rerun, exactly
from unembed import edits, measures
from unembed.engine.edits import Edit
from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.parts import Part
from unembed.models.sites import Site
from unembed.runs.run import Run

PROMPT = "the capital of France is"
PARIS, ROME, A = (WORDS.index(word) for word in ("Paris", "Rome", "a"))


@cache
def model() -> Model:
    return unembed.wrap(build("llama"), make_tokenizer())


@cache
def run() -> Run:
    return unembed.record(model(), PROMPT)


def logits(*changes: Change) -> torch.Tensor:
    """The last logits of a full run with changes."""
    return Rerun(model().module, changes)(run().tokens)[-1]


def everywhere(kind: str, layer: int, function, index=()) -> Change:
    return Change(kind, layer, tuple(range(run().length)), function, index)


ZEROED = {
    "L1.H2": ("z", 1, (2,)),
    "L0.N17": ("neuron", 0, (17,)),
    "L2 mlp": ("mlp_write", 2, ()),
    "L0 attn": ("attention_write", 0, ()),
    "L1 resid_mid": ("resid_mid", 1, ()),
    "L1.H1 value": ("value", 1, (1,)),
}


@pytest.mark.parametrize("name", ZEROED)
def test_one_edit_by_name_and_one_number(name: str) -> None:
    """A name without positions means all of them; what is read of a word is its probability."""
    kind, layer, index = ZEROED[name]
    with exactly():
        expected = logits(everywhere(kind, layer, lambda x: 0 * x, index))
        found = unembed.counterfactual(run(), edits.zero(name), "Paris")
        assert found == pytest.approx(float(expected.softmax(-1)[PARIS]), rel=1e-9)
        assert unembed.counterfactual(run(), edits.zero(name), PARIS) == found
        difference = unembed.counterfactual(run(), edits.zero(name), measures.logit("Paris", versus="Rome"))
        assert difference == pytest.approx(float(expected[PARIS] - expected[ROME]), rel=1e-8)
    assert abs(found - float(logits().softmax(-1)[PARIS])) > 1e-7


def test_every_head_in_one_call() -> None:
    heads = model().parts("head")
    with exactly():
        found = unembed.counterfactuals(
            run(), [edits.zero(head) for head in heads], measures.logit("Paris", versus="a")
        )
        assert found.shape == (12,)
        for head, value in zip(heads, found.tolist(), strict=True):
            expected = logits(everywhere("z", head.layer, lambda x: 0 * x, (head.head,)))
            assert value == pytest.approx(float(expected[PARIS] - expected[A]), rel=1e-8)


def test_every_edit_takes_a_site_a_part_or_a_name() -> None:
    other = unembed.record(model(), "the capital of Rome is")
    site, part, name = Site(kind="z", layer=1, head=2), Part("head", 1, 2), "L1.H2"
    vector = torch.arange(8.0, dtype=torch.float64)
    made = (
        lambda where: edits.zero(where),
        lambda where: edits.scale(where, 2.0),
        lambda where: edits.set_to(where, vector),
        lambda where: edits.add(where, vector),
        lambda where: edits.project_out(where, vector),
        lambda where: edits.noise(where, 0.5, run=run()),
        lambda where: edits.swap(where, other, run=run()),
        lambda where: edits.mean(where, model(), [PROMPT, "a new capital"]),
    )
    measure = measures.log_probability("Paris")
    for make in made:
        versions: list[Edit] = [make(where) for where in (site, part, name)]
        found = unembed.counterfactuals(run(), versions, measure)
        assert found.tolist() == pytest.approx([found[0].item()] * 3, rel=1e-12)
        assert float((found[0] - unembed.counterfactuals(run(), [edits.scale(site, 1.0)], measure)[0]).abs()) > 1e-7
    here, last = edits.zero("L1.H2 @ -1"), edits.zero(part.site(-1))
    assert here.site == last.site == Site(kind="z", layer=1, head=2, positions=(-1,))


def test_measures_of_text_are_those_of_its_ids() -> None:
    changes = [edits.zero("L1.H2"), edits.zero("L0 mlp")]
    for text, ids in (
        (measures.logit("Paris"), measures.logit(PARIS)),
        (measures.logit("Paris", versus="Rome"), measures.logit(PARIS, ROME)),
        (measures.logit(PARIS, versus="Rome"), measures.logit(PARIS, ROME)),
        (measures.probability("Paris"), measures.probability(PARIS)),
        (measures.log_probability("Paris"), measures.log_probability([PARIS])),
        (
            measures.several(measures.logit("Paris"), measures.probability(ROME)),
            measures.several(measures.logit(PARIS), measures.probability((ROME,))),
        ),
    ):
        assert torch.equal(unembed.counterfactuals(run(), changes, text), unembed.counterfactuals(run(), changes, ids))
    swept = unembed.patch(model(), PROMPT, "the capital of Rome is", metric=measures.logit("Paris", versus="Rome"))
    expected = unembed.patch(model(), PROMPT, "the capital of Rome is", "Paris", "Rome")
    assert torch.equal(swept.values["denoise"], expected.values["denoise"])


def test_paths_by_name() -> None:
    named = unembed.path_patch(
        run(), [edits.zero("L0.H1")], ["L2.H3 query", "L2 mlp"], measures.logit("Paris"), through=["L1.H2", "L1 mlp"]
    )
    sites = [Site(kind="query", layer=2, head=3), Site(kind="mlp_write", layer=2)]
    through = [Site(kind="z", layer=1, head=2), Site(kind="mlp_write", layer=1)]
    zeroed = edits.zero(Site(kind="z", layer=0, head=1))
    assert torch.equal(named, unembed.path_patch(run(), [zeroed], sites, measures.logit(PARIS), through=through))


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("L99.H4", "Paris", "L99.H4 z: There is no layer 99: expected 0 to 2"),
        ("L1.H4", "Paris", "L1.H4 z: There is no head 4: expected 0 to 3"),
        ("L1.N48", "Paris", "L1.N48: There is no neuron 48: expected 0 to 47"),
        ("L1.H1 @ 5", "Paris", "L1.H1 z @ 5: There is no position 5: expected 0 to 4"),
        ("L1.H1", "Berlin", "'Berlin' is not in the vocabulary"),
        ("L1.H1", measures.logit("new Rome"), "A logit is of one token, but 'new Rome' is 2 tokens"),
        ("L1.H1", measures.several(measures.logit("Rome"), measures.logit("Paris")), "one number, found 2"),
        ("L1.H1", "new Rome", "An answer of 2 tokens is read at as many positions, found 1"),
    ],
)
def test_what_is_not_there_is_told(name: str, target, message: str) -> None:
    with pytest.raises(InputError, match=message):
        unembed.counterfactual(run(), edits.zero(name), target)


@pytest.mark.real
def test_the_example_of_the_documentation(real_model: Model) -> None:
    """Every head zeroed, one at a time: the strongest against one hooked run."""
    real = unembed.record(real_model, "The capital of France is")
    heads = real_model.parts("head")
    found = unembed.counterfactuals(real, [edits.zero(h) for h in heads], measures.logit(" Paris", versus=" the"))
    assert found.shape == (30 * 9,)
    strongest = int(found.argmin())
    part = heads[strongest]
    paris, the = (real_model.tokenizer(text)["input_ids"][0] for text in (" Paris", " the"))
    change = Change("z", part.layer, tuple(range(real.length)), lambda x: 0 * x, (part.head,))
    expected = Rerun(real_model.module, [change])(real.tokens)[-1]
    assert float(found[strongest]) == pytest.approx(float(expected[paris] - expected[the]), abs=1e-2)
