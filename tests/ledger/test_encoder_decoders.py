"""Encoder-decoders: every term of the ledgers against a linearised run, the engine against full re-runs.

Tolerance: float64 sums of some thousand products, relative to the largest number compared: 1e-12.
"""

from contextlib import ExitStack
from dataclasses import replace
from functools import cache

import pytest
import torch

import unembed
from builders import random_models
from builders.random_encoder_decoders import ENCODER_DECODERS, build
from builders.random_models import VOCAB
from oracles.linearised import Leaves, linearised
from unembed import Site
from unembed.engine import edits
from unembed.errors import InputError, ModelError
from unembed.ledger.input_credit import credit_by_position, input_credit
from unembed.ledger.inspect_part import inspect_part
from unembed.models import families
from unembed.models.parts import Part
from unembed.models.read_source import probe_source, with_source
from unembed.runs.record import record_next

PROMPT = (0, 5, 9, 33, 2)
TARGET, OTHER = 12, 40
each = pytest.mark.parametrize("model_type", ENCODER_DECODERS)


@cache
def case(model_type: str):
    return probe_source(unembed.wrap(build(model_type)), 6)


def own_logits(model, ids=PROMPT, **more):
    """Of the module itself on source and prompt, encoder included."""
    return model.module(
        decoder_input_ids=torch.tensor([list(ids)]), use_cache=False, **model.source.inputs, **more
    ).logits[0]


def combine(logits, reference):
    value = logits[TARGET]
    return value - {"raw": 0.0, "mean": logits.mean(), "versus": logits[OTHER]}[reference]


def close(found, expected, size=None):
    expected = torch.as_tensor(expected, dtype=torch.float64).detach()
    found = torch.as_tensor(found, dtype=torch.float64).detach()
    size = float(expected.abs().max()) if size is None else size
    error, allowed = float((found - expected).abs().max()), 1e-12 * max(size, 1.0)
    assert error <= allowed


@each
def test_the_recorded_run_is_the_models_own(model_type):
    model = case(model_type)
    trace = unembed.record(model, PROMPT)
    close(trace.logits, own_logits(model).detach())
    close(trace.streams()[-1], trace.final)


@pytest.mark.crossed(1)
@each
@pytest.mark.parametrize("reference", ["raw", "mean", "versus"])
@pytest.mark.parametrize("position", [2, 4])
def test_every_term_is_that_of_the_linearised_run(model_type, reference, position):
    model = case(model_type)
    leaves, family = Leaves(), model.family
    leaves.output("embedding", model.embed)
    if family.position_embedding:
        leaves.output("position", model.module.get_submodule(family.position_embedding))
    for layer, block in enumerate(model.blocks):
        leaves.input(("head", layer), block.output_projection)
        leaves.input(("cross_attention", layer), block.cross.output_projection)
        leaves.input(("neuron", layer), block.down_projection)
    with leaves.stack, linearised(model.module):
        credit = leaves.credit(combine(own_logits(model)[position], reference))
        seen = {block.attention: block.attention.seen_pattern for block in model.blocks}
        seen |= {block.cross.attention: block.cross.attention.seen_pattern for block in model.blocks}
        values = {attention: attention.seen_value for attention in seen}
    versus = OTHER if reference == "versus" else None
    kind = "raw" if reference == "versus" else reference
    read = unembed.readout(unembed.record(model, PROMPT), TARGET, position=position, reference=kind, versus=versus)
    ledger = unembed.decompose(read, by="source+neuron")
    found = {(segment.kind, segment.layer): segment.values for segment in ledger.segments}
    heads = {(segment.kind, segment.layer): segment.values for segment in unembed.decompose(read, by="head").segments}
    size = max(abs(term.value) for term in ledger.terms())
    gradient, value = credit["embedding"]
    close(found["embedding", None], (gradient * value)[0, position].sum(), size)
    if "position" in credit:
        gradient, value = credit["position"]
        gradient, value = (x.reshape(-1, x.shape[-1])[position] for x in (gradient, value))
        close(found["position_embedding", None], (gradient * value).sum(), size)
    for layer, block in enumerate(model.blocks):
        gradient, value = credit["neuron", layer]
        gradient, value = (x.reshape(len(PROMPT), -1)[position] for x in (gradient, value))
        close(found["neuron", layer], gradient * value, size)
        for name, attention in (("head", block.attention), ("cross_attention", block.cross.attention)):
            gradient, value = (x[0, position].view(model.heads, -1) for x in credit[name, layer])
            close(heads[name, layer], (gradient * value).sum(-1), size)
            mixed = seen[attention][0, :, position, :, None] * values[attention][0]
            close(found[name, layer], torch.einsum("hsd,hd->hs", mixed, gradient), size)
            close(found[name, layer].sum(-1), heads[name, layer], size)
    close(ledger.sum, read.value, size)


@each
def test_coarser_ledgers_are_sums_of_finer_ones(model_type):
    read = unembed.readout(unembed.record(case(model_type), PROMPT), TARGET, position=3)
    finest = unembed.decompose(read, by="source+neuron")
    for by in ("head", "sublayer", "source", "neuron"):
        direct = {term.label + term.kind: term.value for term in unembed.decompose(read, by=by).terms()}
        summed = {term.label + term.kind: term.value for term in finest.coarser(by).terms()}
        assert direct.keys() == summed.keys()
        close([summed[key] for key in direct], list(direct.values()))


@each
def test_credit_through_the_encoder_is_that_of_the_linearised_run(model_type):
    model = case(model_type)
    leaves, encoder = Leaves(), model.encoder
    for block in model.blocks:  # in the decoder, only what cross-attention reads
        leaves.input(("head", id(block)), block.output_projection)
        leaves.input(("neuron", id(block)), block.down_projection)
    for layer, block in enumerate(encoder.blocks):
        leaves.output(("mlp", layer), block.mlp_write)
    if encoder.family.position_embedding:
        leaves.output("position", encoder.module.get_submodule(encoder.family.position_embedding))
    start = encoder.module.conv2 if model_type == "whisper" else encoder.embed
    leaves.output("embedding", start)
    with leaves.stack, linearised(model.module):
        credit = leaves.credit(combine(own_logits(model)[4], "raw"))
    ledger = input_credit(unembed.readout(unembed.record(model, PROMPT), TARGET, position=4, reference="raw"))
    found = {(segment.kind, segment.layer): segment.values for segment in ledger.segments}
    if model_type != "whisper":  # its embedding is not linear in what the convolution gives
        gradient, value = credit["embedding"]
        close(found["source_embedding", None], (gradient * value)[0].sum(-1))
    if "position" in credit:
        gradient, value = credit["position"]
        close(found["source_position_embedding", None], (gradient * value).view(-1, 32).sum(-1))
    for layer in range(encoder.layers):
        gradient, value = credit["mlp", layer]
        close(found["source_mlp", layer], (gradient * value).view(-1, 32).sum(-1))
    heads = unembed.decompose(
        unembed.readout(unembed.record(model, PROMPT), TARGET, position=4, reference="raw"), by="head"
    )
    close(ledger.sum, sum(term.value for term in heads.terms() if term.kind == "cross_attention"))
    close(float(credit_by_position(ledger).sum()) + found["source_bias", None], ledger.value)


@each
def test_parts_inside_the_encoder_are_credited_as_in_the_linearised_run(model_type):
    """Each head, sublayer and neuron, with all above it live, at every position of the source together."""
    model = case(model_type)
    encoder, run = model.encoder, unembed.record(model, PROMPT)
    read = unembed.readout(run, TARGET, position=4, reference="raw")
    for layer in range(encoder.layers):
        leaves = Leaves()
        for block in model.blocks:
            leaves.input(("head", id(block)), block.output_projection)
            leaves.input(("neuron", id(block)), block.down_projection)
        for index, block in enumerate(encoder.blocks):
            leaves.input(("neuron", index), block.down_projection)
            if index == layer:
                leaves.input("z", block.output_projection)
        with leaves.stack, linearised(model.module):
            credit = leaves.credit(combine(own_logits(model)[4], "raw"))
        by_head = (credit["z"][0] * credit["z"][1]).view(6 if model_type != "whisper" else 9, encoder.heads, -1)
        shown = unembed.attention(run, TARGET, layer=layer, encoder=True, position=4, reference="raw")
        for head, view in enumerate(shown.heads):
            close(view.credit, by_head[:, head].sum())
            close(view.pattern, run.encoder.layers[layer].heads.pattern[head].mean(0))
            found = inspect_part(read, Part("head", layer, head=head, encoder=True))
            close(found.value, by_head[:, head].sum())
            assert found.looks_at[0][1] == pytest.approx(view.pattern.max())
        gradient, value = credit["neuron", layer]
        by_neuron = (gradient * value).view(-1, value.shape[-1]).sum(0)
        for neuron in (0, 17):
            found = inspect_part(read, Part("neuron", layer, neuron=neuron, encoder=True))
            close(found.value, by_neuron[neuron])
            assert (found.activation, found.promotes) == (None, ())
        ledger = input_credit(read)
        mlp = sum(term.value for term in ledger.terms() if (term.kind, term.layer) == ("source_mlp", layer))
        close(inspect_part(read, Part("mlp", layer, encoder=True)).value, mlp)
    matrix = unembed.attention(run, TARGET, layer=1, head=0, encoder=True).matrix
    close(matrix, run.encoder.layers[1].heads.pattern[0])


def test_heads_of_an_encoder_that_are_not_there_are_refused():
    model = case("bart")
    with pytest.raises(InputError, match="There is no layer 2: expected 0 to 1"):
        unembed.attention(model, PROMPT, TARGET, layer=2, encoder=True)
    with pytest.raises(InputError, match="found both"):
        unembed.attention(model, PROMPT, TARGET, cross=True, encoder=True)
    with pytest.raises(InputError, match="has no encoder beside a decoder: it is a decoder only"):
        unembed.attention(unembed.wrap(random_models.build("llama")), PROMPT, TARGET, encoder=True)
    read = unembed.readout(unembed.record(model, PROMPT), TARGET)
    with pytest.raises(InputError, match="There is no head 7"):
        inspect_part(read, Part("head", 0, head=7, encoder=True))


SITES = [
    ("resid_pre", None, (1, 3)),
    ("resid_post", None, (2,)),
    ("attention_write", None, (4,)),
    ("mlp_write", None, (0, 2)),
    ("cross_attention_write", None, (3,)),
    ("z", 1, (1,)),
    ("query", 2, (3,)),
    ("key", 1, (2,)),
    ("value", 3, (1,)),
    ("cross_z", 2, (1, 4)),
    ("cross_query", 1, (2,)),
    ("cross_key", 1, (0, 3)),
    ("cross_value", 0, (2,)),
    ("neuron", None, (2,)),
    ("pattern", 1, (2,)),
    ("cross_pattern", 3, (2,)),
]


def rerun(model, site, factor):
    """The module, whole, with a site multiplied by a factor, by hooks."""
    block, rows = model.blocks[site.layer], list(site.positions)
    attention = block.cross.attention if site.kind.startswith("cross") else block.attention
    out = block.cross.output_projection if site.kind.startswith("cross") else block.output_projection

    def scaled(x):
        x = x.clone()
        part = x.view(len(x), x.shape[1], model.heads, -1)[:, rows, site.head] if site.head is not None else x[:, rows]
        if site.head is not None:
            x.view(len(x), x.shape[1], model.heads, -1)[:, rows, site.head] = factor * part
        elif site.neuron is not None:
            x[:, rows, site.neuron] = factor * part[..., site.neuron]
        else:
            x[:, rows] = factor * part
        return x

    def before(_, args, kwargs):
        return (scaled(args[0]), *args[1:]), kwargs

    def after(_, args, found):
        return (scaled(found[0]), *found[1:]) if isinstance(found, tuple) else scaled(found)

    def with_pattern(_, args, kwargs, found):
        z, pattern = attention.seen_value, attention.seen_pattern.clone()
        pattern[:, site.head, rows, site.source] *= factor
        mixed = (pattern @ z).transpose(1, 2).flatten(2)
        return (out(mixed), *found[1:])

    kind = site.kind.removeprefix("cross_")
    with ExitStack() as stack, torch.no_grad():
        if kind == "resid_pre":
            stack.enter_context(block.module.register_forward_pre_hook(before, with_kwargs=True))
        elif kind == "pattern":
            stack.enter_context(linearised(model.module))
            stack.enter_context(attention.register_forward_hook(with_pattern, with_kwargs=True))
        elif kind in ("z", "neuron"):
            where = out if kind == "z" else block.down_projection
            stack.enter_context(where.register_forward_pre_hook(before, with_kwargs=True))
        else:
            names = {"query": ("q_proj", "q"), "key": ("k_proj", "k"), "value": ("v_proj", "v")}.get(kind, ())
            projections = [getattr(attention, name) for name in names if hasattr(attention, name)]
            other = {"attention_write": attention, "mlp_write": block.mlp_write, "resid_post": block.module}
            stack.enter_context((projections or [other.get(kind)])[0].register_forward_hook(after))
        return own_logits(model)


def whole(logits):
    return logits


@each
def test_counterfactuals_equal_full_reruns(model_type):
    model = case(model_type)
    run = unembed.record(model, PROMPT)
    sites = [
        Site(
            kind=kind,
            layer=layer,
            head=head,
            positions=positions,
            neuron=5 if kind == "neuron" else None,
            source=1 if "pattern" in kind else None,
        )
        for layer in range(3)
        for kind, head, positions in SITES
    ]
    scaled = [edits.scale(site, -0.7) for site in sites]
    found = unembed.counterfactuals(run, scaled, whole, at=range(len(PROMPT)))
    assert float((found - run.logits).abs().amax((1, 2)).min()) > 1e-6  # every edit does something
    for site, logits in zip(sites, found, strict=True):
        close(logits, rerun(model, site, -0.7))
    # Stacked with others, and whatever the split.
    both = unembed.counterfactuals(run, [scaled[:3], *scaled], whole, at=range(len(PROMPT)), memory=10**6)
    close(both[1:], found)


@each
def test_a_swap_of_values_reads_another_source(model_type):
    """All keys and values taken from another source are that source."""
    model = case(model_type)
    if model_type == "whisper":
        other = with_source(model, inputs={"input_features": -model.source.inputs["input_features"]})
    else:
        other = with_source(model, [7, 8, 9, 10, 11, 12])
    run, theirs = unembed.record(model, PROMPT), unembed.record(other, PROMPT)
    sites = [Site(kind=kind, layer=layer) for layer in range(3) for kind in ("cross_key", "cross_value")]
    swaps = [edits.swap(site, theirs, run=run) for site in sites]
    found = unembed.counterfactuals(run, [swaps], lambda logits: logits[:, 0])
    close(found[0], own_logits(other)[-1].detach())


@each
def test_generation_is_greedy_search(model_type):
    model = case(model_type)
    ids = list(PROMPT[:2])
    for _ in range(4):
        ids.append(int(own_logits(model, ids)[-1].argmax()))
    model.module.generation_config.eos_token_id = None
    steps = list(unembed.generate(model, PROMPT[:2], tokens=4))
    assert [step.token for step in steps] == ids[2:]
    trace, cache = record_next(model, ids[:3])
    trace, _ = record_next(model, ids[:4], cache)
    close(trace.logits[-1], own_logits(model, ids[:4])[-1].detach())


@each
def test_explain_tests_heads_of_both_kinds(model_type):
    model = case(model_type)
    found = unembed.explain(model, PROMPT, TARGET, top=24, inputs=True)
    assert {note.term.kind for note in found.heads} == {"head", "cross_attention"}
    for note in found.heads[:6]:
        kind = "cross_z" if note.term.kind == "cross_attention" else "z"
        logits = rerun(model, Site(kind=kind, layer=note.term.layer, head=note.term.head, positions=(4,)), 0.0)[-1]
        close(note.zeroed.probability, logits.softmax(-1)[TARGET])
    assert found.inputs is not None
    last = found.lens.target_rank[-1, 0]
    assert int(last) == found.target.rank


def test_masked_source_positions_are_shown_and_get_no_attention():
    model = case("t5")
    ids = torch.tensor([[5, 6, 7, 0, 0]])
    padded = with_source(model, inputs={"input_ids": ids, "attention_mask": torch.tensor([[1, 1, 1, 0, 0]])})
    plain = with_source(model, [5, 6, 7])
    assert len(padded.source) == 5
    trace = unembed.record(padded, PROMPT)
    close(trace.logits, unembed.record(plain, PROMPT).logits)
    assert float(trace.layers[1].cross_heads.pattern[..., 3:].max()) == 0
    ledger = unembed.decompose(unembed.readout(trace, TARGET), by="source")
    assert max(term.source for term in ledger.terms() if term.kind == "cross_attention") == 4


def test_what_is_no_source_is_refused(tmp_path):
    model, alone = case("bart"), unembed.wrap(random_models.build("llama"))
    with pytest.raises(InputError, match="is a decoder only"):
        with_source(alone, [1, 2])
    with pytest.raises(InputError, match="reads one source of text, found none"):
        with_source(model)
    with pytest.raises(InputError, match="reads text, found audio"):
        with_source(model, audio=tmp_path / "sound.wav")
    with pytest.raises(InputError, match="source has 25 tokens, but the encoder of bart reads at most 24"):
        with_source(model, [3] * 25)
    with pytest.raises(InputError, match=r"Source token ids \[97\] are outside"):
        with_source(model, [3, VOCAB])
    with pytest.raises(InputError, match="source is empty"):
        with_source(model, [])
    with pytest.raises(InputError, match="no tokenizer"):
        with_source(model, "a text")
    with pytest.raises(InputError, match="is an encoder-decoder: its decoder reads a source"):
        unembed.record(unembed.wrap(build("t5")), PROMPT)
    with pytest.raises(InputError, match="no cross-attention"):
        unembed.record(alone, [1, 2]).at(Site(kind="cross_z", layer=0))
    with pytest.raises(InputError, match="three sublayers"):
        unembed.record(model, PROMPT).at(Site(kind="resid_mid", layer=0))
    with pytest.raises(InputError, match="There is no position 6"):
        unembed.record(model, PROMPT).at(Site(kind="cross_value", layer=0, positions=(6,)))
    with pytest.raises(
        InputError, match=r"does not account for cross-attention.*\nWhat does: explain, .* paths, graph, heads"
    ):
        unembed.composition_scores(model)
    with pytest.raises(InputError, match="has no encoder"):
        input_credit(unembed.readout(unembed.record(alone, [1, 2])))


@pytest.mark.parametrize(
    ("model_type", "changes"),
    [
        ("bart", {"stream_norms": ("encoder_attn_layer_norm", "self_attn_layer_norm", "final_layer_norm")}),
        ("t5", {"logit_scale": None}),
        ("marian", {"embedding_scale": None}),
        ("mbart", {"logit_bias": None}),
        ("mbart", {"final_norm": None}),
    ],
    ids=str,
)
def test_a_wrong_row_is_refused(model_type, changes, monkeypatch):
    monkeypatch.setitem(families._families, model_type, replace(families.row(model_type), **changes))
    with pytest.raises(ModelError, match="does not agree with the row of its family"):
        unembed.wrap(build(model_type))
