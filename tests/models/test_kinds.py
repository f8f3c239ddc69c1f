"""The table of kinds of sites: the engine and the parts do what a row says, also for a row that is added to it.

That edits of every kind equal full re-runs is tested in test_counterfactual and test_encoder_decoders, which walk the
table.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import jaxtyping
import pytest
import torch

import unembed
from builders import random_encoder_decoders
from builders.random_models import build
from oracles.rerun import exactly
from unembed.engine import edits
from unembed.engine.counterfactual import counterfactuals, value_shape, watched
from unembed.errors import InputError
from unembed.methods.steer import STEERED
from unembed.models.kinds import KINDS, Kind, SiteKind, Tap, kind_of
from unembed.models.model import Model
from unembed.models.parts import PARTS, Part, PartKind, parts_of
from unembed.models.read_source import with_source
from unembed.models.sites import Site, resolve
from unembed.runs.record import record
from unembed.runs.run import Run

TOKENS = (3, 50, 7, 11, 96, 17)
SOURCE = [5, 6, 7, 8]


@cache
def model(model_type: str) -> Model:
    if model_type == "t5":
        return with_source(unembed.wrap(random_encoder_decoders.build("t5")), SOURCE)
    return unembed.wrap(build(model_type))


def sites(run: Run, layer: int, positions: tuple[int, ...]) -> Iterator[Site]:
    """A site of every kind that a layer of the model has, and of patterns one head's."""
    for kind in KINDS.values():
        site = Site(kind=kind.name, layer=layer, head=1 if "source" in kind.indices else None, positions=positions)
        try:
            yield resolve(site, run.model, run.length)
        except InputError:
            continue


def test_the_table_has_the_kinds_that_are_typed() -> None:
    assert tuple(KINDS) == get_args(SiteKind)
    assert set(PARTS) == set(get_args(PartKind))
    words = [kind.word for kind in KINDS.values()]
    assert len(words) == len(set(words))
    assert [kind_of(word, words) for word in words] == list(KINDS)


@pytest.mark.parametrize(("model_type", "count"), [("llama", 11), ("mixtral", 12), ("gpt_neo", 11), ("t5", 16)])
def test_the_shape_of_a_row_is_that_of_what_is_read(model_type: str, count: int) -> None:
    """Also of sizes that differ: T5 has heads that together are wider than the stream, llama fewer key-value heads."""
    run = record(model(model_type), TOKENS)
    found = list(sites(run, 1, (3, 1)))
    assert len(found) == count
    for site in found:
        assert run.at(site).shape == (2, *value_shape(site, run)), site.label
        assert len(value_shape(site, run)) <= len(KINDS[site.kind].shape)


@pytest.mark.parametrize("model_type", ["llama", "mixtral", "t5"])
def test_a_run_keeps_everywhere_what_the_table_says(model_type: str) -> None:
    whole, last = record(model(model_type), TOKENS), record(model(model_type), TOKENS, positions=[-1])
    for site in sites(whole, 1, (2, 0)):
        if KINDS[site.kind].everywhere:
            assert torch.equal(last.at(site), whole.at(site)), site.label
        else:
            with pytest.raises(InputError, match=r"kept its parts at positions \[5\] only, not at \[2, 0\]"):
                last.at(site)


@pytest.mark.parametrize("model_type", ["llama", "gemma2", "mixtral"])
def test_what_is_computed_later_in_a_block_hears_of_what_is_earlier(model_type: str) -> None:
    """The order of places: an edit changes what its own place and later ones hold, and nothing before it."""
    run = record(model(model_type), TOKENS)
    layer = 1
    there = list(sites(run, layer, (4,)))
    changes = [edits.set_to(site, 3.0) for site in there]
    for change, seen in zip(changes, watched(run, changes, there), strict=True):
        mine = KINDS[change.site.kind].order
        for site in there:
            base = run.at(site)
            moved = float((seen[site] - base).abs().max()) > 1e-6 * max(1.0, float(base.abs().max()))
            order = KINDS[site.kind].order
            # Within a place some hear of others (z of keys) and some do not: nothing is said of them.
            assert moved <= (order >= mine), (change.site.label, site.label)
            assert moved or order <= mine, (change.site.label, site.label)


def test_which_streams_and_writes_can_be_steered() -> None:
    assert STEERED == ("resid_post", "attention", "mlp")


def test_every_kind_of_part_is_listed_and_set() -> None:
    """`parts_of` finds each part once, and each is where its row says."""
    for model_type, kind, count in (
        ("llama", "head", 12),
        ("llama", "attention", 3),
        ("llama", "mlp", 3),
        ("llama", "neuron", 3 * 48),
        ("mixtral", "neuron", 3 * 4 * 48),
        ("mixtral", "expert", 12),
        ("qwen3_moe", "expert", 8),
        ("qwen3_moe", "neuron", 48 + 2 * 4 * 24),
        ("t5", "cross_head", 12),
        ("t5", "cross_attention", 3),
    ):
        found = model(model_type).parts(kind)
        assert len(found) == len(set(found)) == count
        run = record(model(model_type), TOKENS)
        for part in (found[0], found[-1]):
            assert part.site().kind == PARTS[kind].name
            assert run.at(part).shape == (len(TOKENS), *value_shape(resolve(part.site(), run.model, run.length), run))
    assert model("llama").parts("head", [-1]) == tuple(Part("head", 2, head) for head in range(4))
    assert parts_of(model("qwen3_moe"), "expert", [1]) == tuple(Part("expert", 1, expert=e) for e in range(4))


@pytest.mark.parametrize(
    ("model_type", "kind", "layers", "message"),
    [
        ("llama", "heads", None, "Expected a part of kind head, cross_head, attention.*; found 'heads'"),
        ("llama", "head", [3], "There is no layer 3: expected 0 to 2"),
        ("llama", "expert", None, "no mixture of experts there"),
        ("qwen3_moe", "expert", [0], "no mixture of experts there"),
        ("llama", "cross_head", None, "no cross-attention"),
    ],
)
def test_parts_that_are_not_there(model_type: str, kind: str, layers: list[int] | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model(model_type).parts(kind, layers)


# A kind that is added


@pytest.fixture
def attention_output(monkeypatch: pytest.MonkeyPatch) -> str:
    """The table with one more row: what attention puts out before its post-norm. Nothing else is told of it."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # a Literal cannot be added to
    name: Any = "attention_output"
    row = Kind(
        name=name,
        meaning="what attention puts out, before a post-norm",
        place="attention",
        shape=("d_model",),
        tap=Tap("output", "attention"),
        read=lambda block: block.kept(block.layer.attention_output),
    )
    monkeypatch.setitem(KINDS, name, row)
    return name


@pytest.mark.parametrize("positions", [(2,), (4, 1)])
def test_a_kind_is_added_by_its_row(attention_output: Any, positions: tuple[int, ...]) -> None:
    """Named, read, watched and edited as a plain hooked run of the module says."""
    module, layer = build("gemma2"), 1
    module.config._attn_implementation = "eager"
    attention = module.model.layers[layer].self_attn
    seen: list[torch.Tensor] = []
    added = torch.linspace(-1, 2, 32, dtype=torch.float64)  # not a factor, which the post-norm would take out

    def shift(_: Any, args: Any, out: Any) -> Any:
        seen.append(out[0][0])
        changed = out[0].clone()
        changed[:, list(positions)] += added
        return (changed, *out[1:])

    with exactly(), torch.no_grad():
        with attention.register_forward_hook(shift):
            expected = module(torch.tensor([TOKENS]), use_cache=False).logits[0]
        run = record(unembed.wrap(module), TOKENS)
        site = Site.parse(f"L{layer} attention_output @ {','.join(map(str, positions))}")
        assert site == Site(kind=attention_output, layer=layer, positions=positions)
        assert Site.parse(site.label) == site
        torch.testing.assert_close(run.at(site), seen[0][list(positions)], rtol=0, atol=1e-12)
        found = counterfactuals(run, [edits.add(site, added)], lambda logits: logits, at=range(len(TOKENS)))[0]
        plain = counterfactuals(run, [edits.add(site, 0.0)], lambda logits: logits, at=range(len(TOKENS)))[0]
        heard = watched(run, [edits.add(site, added), edits.zero(Site(kind="resid_pre", layer=0))], [site])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
    assert float((found - plain).abs().max()) > 1e-3
    # What is watched is told before edits of that very site.
    torch.testing.assert_close(heard[0][site], run.at(site), rtol=0, atol=1e-12)
    assert float((heard[1][site] - run.at(site)).abs().max()) > 1e-3
    with pytest.raises(InputError, match="takes a value of shape"):
        counterfactuals(run, [edits.set_to(site, torch.zeros(3))], lambda logits: logits)
    with pytest.raises(InputError, match="kind attention_output has no head"):
        run.at(Site(kind=attention_output, layer=1, head=0))
