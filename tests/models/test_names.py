"""Names of sites and parts: what is written is read, and what is read names what there is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import unembed
from builders.random_models import build
from unembed.errors import InputError
from unembed.ledger.ledger import Term
from unembed.models.kinds import KINDS
from unembed.models.parts import PARTS, Part, site_of
from unembed.models.sites import Site
from unembed.runs.record import record

index = st.integers(-3, 3000)


# The strategies give fields and read nothing of the package: beartype checks its values with a random generator, which
# hypothesis does not allow inside a strategy.
_OF_SITES = {name: kind.indices for name, kind in KINDS.items()}
_OF_PARTS = {name: kind.indices for name, kind in PARTS.items()}


@st.composite
def sites(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of a site of any kind, with any of the indices that its kind takes."""
    kind = draw(st.sampled_from(list(KINDS)))
    given = {name: draw(st.none() | index) for name in _OF_SITES[kind]}
    positions = draw(st.none() | st.lists(index, min_size=1, max_size=4).map(tuple))
    return dict(kind=kind, layer=draw(index), positions=positions, encoder=draw(st.booleans()), **given)


@st.composite
def parts(draw: st.DrawFn) -> dict[str, Any]:
    """The fields of a part of any kind, a neuron with an expert or without one."""
    kind = draw(st.sampled_from(sorted(PARTS)))
    indices = _OF_PARTS[kind]
    given = {name: draw(index) for name in indices[-1:]}
    given |= {name: draw(st.none() | index) for name in indices[:-1]}
    return dict(kind=kind, layer=draw(index), encoder=draw(st.booleans()), **given)


@given(sites())
def test_every_label_of_a_site_is_read(fields: dict[str, Any]) -> None:
    site = Site(**fields)
    assert Site.parse(site.label) == site
    assert Site.parse(f"  {site.label.replace(' ← ', '<-').replace(' @ ', '  @')} ") == site
    assert site_of(site.label) == site_of(site) == site


@given(parts())
def test_every_label_of_a_part_is_read(fields: dict[str, Any]) -> None:
    part = Part(**fields)
    assert Part.parse(part.label) == part
    assert Part.parse(part.site().label) == part, "the name of the site where a part is set names the part"
    assert site_of(part.label) == site_of(part) == part.site()
    assert Site.parse(f"{part.label} @ 2,-1") == part.site(2, -1)


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("L23.H4", Site(kind="z", layer=23, head=4)),
        ("L23H4", Site(kind="z", layer=23, head=4)),
        ("L-1.H-2", Site(kind="z", layer=-1, head=-2)),
        ("L3.X2", Site(kind="cross_z", layer=3, head=2)),
        ("L3.X2 key", Site(kind="cross_key", layer=3, head=2)),
        ("L3.X2 cross_key", Site(kind="cross_key", layer=3, head=2)),
        ("L3.H2 query", Site(kind="query", layer=3, head=2)),
        ("L3 query", Site(kind="query", layer=3)),
        ("L24.N1005", Site(kind="neuron", layer=24, neuron=1005)),
        ("L24.E2.N17", Site(kind="neuron", layer=24, expert=2, neuron=17)),
        ("L24.E2 neuron", Site(kind="neuron", layer=24, expert=2)),
        ("L24.E2", Site(kind="expert", layer=24, expert=2)),
        ("L29 mlp", Site(kind="mlp_write", layer=29)),
        ("L29 mlp_write", Site(kind="mlp_write", layer=29)),
        ("L29 attn", Site(kind="attention_write", layer=29)),
        ("L29 attention", Site(kind="attention_write", layer=29)),
        ("L29 cross", Site(kind="cross_attention_write", layer=29)),
        ("L29 head", Site(kind="z", layer=29)),
        ("L3 resid_pre", Site(kind="resid_pre", layer=3)),
        ("L3 resid_post @ 5", Site(kind="resid_post", layer=3, positions=(5,))),
        ("L0.H1 pattern ← 3 @ 5, 6", Site(kind="pattern", layer=0, head=1, source=3, positions=(5, 6))),
        ("enc.L23.H4", Site(kind="z", layer=23, head=4, encoder=True)),
        ("enc.L2 mlp @ 0", Site(kind="mlp_write", layer=2, positions=(0,), encoder=True)),
        ("enc.L3.N17", Site(kind="neuron", layer=3, neuron=17, encoder=True)),
        ("L0.H1 pattern <- 3", Site(kind="pattern", layer=0, head=1, source=3)),
    ],
)
def test_what_names_mean(text: str, site: Site) -> None:
    assert Site.parse(text) == site


@pytest.mark.parametrize(
    "term",
    [
        Term("head", 3, 2, None, None, None, 0.0),
        Term("cross_attention", 3, 2, None, None, None, 0.0),
        Term("cross_attention", 3, None, None, None, None, 0.0),
        Term("attention", 3, None, None, None, None, 0.0),
        Term("mlp", 3, None, None, None, None, 0.0),
        Term("neuron", 3, None, 1, 17, None, 0.0),
    ],
    ids=lambda term: term.label,
)
def test_a_term_and_its_part_have_one_name(term: Term) -> None:
    assert Part.parse(term.label) == term.part
    assert term.part.label == term.label


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected a name such as L23.H4, .* or L3 resid_pre; found ''"),
        ("L29", "Expected a name such as L23.H4"),
        ("H4", "Expected a name such as L23.H4"),
        ("L3.H", "Expected a name such as L23.H4"),
        ("L3.N4.H2", "Expected a name such as L23.H4"),
        ("L3.H2 @ last", "Expected a name such as L23.H4"),
        ("L3 stream", "'L3 stream' names no kind of site: expected one of resid_pre, resid_mid"),
        ("L3 resid", "resid_pre is the stream before a block, resid_mid is .*, resid_post is the stream after a block"),
        ("L3.X2.N4", "'L3.X2.N4' names no kind of site"),
    ],
)
def test_what_names_nothing_is_refused(text: str, message: str) -> None:
    for read in (Site.parse, Part.parse):
        with pytest.raises(InputError, match=message):
            read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("L3 resid_pre", "Expected a head, neuron, expert or sublayer .* found 'L3 resid_pre', which is a site"),
        ("L3.H2 query", "which is a site"),
        ("L3.H2 @ 5", "which is a site"),
        ("L3 head", "A part of kind head needs the index of its head"),
        ("L3.E2 neuron", "A part of kind neuron needs the index of its neuron"),
    ],
)
def test_sites_that_are_no_parts_are_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Part.parse(text)


def test_a_run_is_read_by_name() -> None:
    run = record(unembed.wrap(build("llama")), (3, 50, 7, 11))
    assert (run.at("L1.H2") == run.at(Site(kind="z", layer=1, head=2))).all()
    assert (run.at(Part("mlp", 2)) == run.at("L2 mlp")).all()
    assert run.at("L1 resid_post @ 3,1").shape == (2, 32)
    with pytest.raises(InputError, match="There is no layer 99: expected 0 to 2"):
        run.at("L99.H4")
