"""The load check against every wrong row: each field of each row dropped or changed in turn.

Either the model is refused, or the change says nothing else of it, and then every number is that of the right row. The
numbers are those of one consumer for each use that the package makes of a row.
"""

import os
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest
import torch
from torch import nn

import unembed
from builders import masked_models, random_encoder_decoders, random_models
from builders.random_models import MODEL_TYPES
from unembed import Site
from unembed.engine import edits
from unembed.errors import InputError, ModelError
from unembed.ledger.input_credit import input_credit
from unembed.methods.circuits.composition import KINDS
from unembed.methods.circuits.readings import readings
from unembed.models import families
from unembed.models.family import CrossAttention, Encoder, Family, HeadRow, OtherHead
from unembed.models.model import Model
from unembed.models.parts import Part
from unembed.models.read_source import probe_source
from unembed.models.sources import Source

TOKENS = (3, 50, 7, 11, 90, 17, 19)
ENCODER_DECODERS = random_encoder_decoders.ENCODER_DECODERS
TRIED = {"most": 1}
"""Values that are tried of a field beside its default, where there are many: other ones in each family."""
NOWHERE = "no_such_part"
Numbers = dict[str, torch.Tensor]


def build(model_type: str) -> Any:
    """As small as shows every part: two layers, of an encoder one."""
    if model_type in masked_models.MASKED:
        return masked_models.build_masked(model_type, num_hidden_layers=2)
    if model_type not in ENCODER_DECODERS:
        return random_models.build(model_type, layers=2)
    encoder, decoder = (
        ("num_layers", "num_decoder_layers") if model_type == "t5" else ("encoder_layers", "decoder_layers")
    )
    return random_encoder_decoders.build(model_type, **{encoder: 1, decoder: 2})


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> dict[str, Family]:
    """The table of families, put back after the test."""
    monkeypatch.setattr(families, "_families", dict(families._families))
    return families._families


@pytest.fixture(params=[1, pytest.param(4, marks=pytest.mark.slow)])
def most(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many values are tried."""
    monkeypatch.setitem(TRIED, "most", request.param)


# What the package computes by a row


def numbers(model: Model) -> Numbers:
    """One consumer for each use of a row's fields."""
    if model.encoder is not None:
        model = probe_source(model, 4)
    tokens = TOKENS
    if model.family.prefix is not None:
        pixels = torch.rand(1, 3, 12, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        model = replace(model, source=Source((), {"pixel_values": pixels}, None, None))
        tokens = (1, *[random_models.VOCAB - 1] * 9, *TOKENS)
    run = unembed.record(model, tokens)
    read = unembed.readout(run, 12, position=-1, reference="mean")
    found = {"logits": run.logits, "normed": run.normed, "stream": run.streams()}
    found["heads, neurons"] = torch.tensor([model.heads, model.kv_heads, model.d_mlp])
    for segment in unembed.decompose(read, by="source+neuron").segments:
        found[f"ledger {segment.kind} {segment.layer}"] = torch.from_numpy(segment.values)
    found["lens"] = torch.tensor(
        [unembed.readout(run, 12, position=-1, layer=layer).value for layer in ["emb", *range(model.layers)]]
    )
    found["edited"] = unembed.counterfactuals(run, list(interventions(model)), lambda logits: logits[:, 0], at=[-1])
    if model.encoder is not None:
        for segment in input_credit(read).segments:
            found[f"credit {segment.kind} {segment.layer}"] = torch.from_numpy(segment.values)
        return found
    return found if model.fills_blanks else found | circuits(model, run)


def interventions(model: Model) -> Iterator[list[unembed.Edit]]:
    last = model.layers - 1
    sites = [Site(kind="z", layer=0, head=1, positions=(2,)), Site(kind="attention_write", layer=last, positions=(6,))]
    sites.append(Site(kind="mlp_write", layer=0, positions=(3,)))
    if model.blocks[0].experts is None and model.d_mlp:
        sites.append(Site(kind="neuron", layer=0, neuron=3, positions=(4,)))
    if not model.parallel and model.encoder is None:
        sites.append(Site(kind="resid_mid", layer=0, positions=(1,)))
    yield from ([edits.zero(site)] for site in sites)


def circuits(model: Model, run: unembed.Run) -> Numbers:
    """What weights and the stream's terms give, of a decoder alone."""
    ov, qk = unembed.ov_circuit(model, 1, 1), unembed.qk_circuit(model, 1, 1)
    found = {"ov": ov.reads @ ov.writes, "qk": qk.query @ qk.key.T}
    composed = unembed.composition_scores(model)
    found |= {f"composition {kind}": torch.from_numpy(composed.scores[kind]) for kind in KINDS}
    found["score"] = torch.from_numpy(unembed.attention_score(model, run, 1, 2, source=3).values)
    paths = unembed.expand_paths(model, run, 12, open_at_most=6)
    found["paths"] = torch.tensor([path.value for path in paths.paths[:20]])
    if model.d_mlp and model.blocks[1].experts is None:
        for reading in readings(run, Part("neuron", 1, neuron=3), 4, top=50):
            found[f"reading {reading.what}"] = torch.tensor([term.value for term in reading.terms])
    return found


def differences(found: Numbers, right: Numbers) -> list[str]:
    """What is missing or another number. Both run the same module: what differs is the order of sums, in float64 or,
    inside norms and softmax, in float32."""
    missing = sorted(found.keys() ^ right.keys())
    return missing + [name for name, value in right.items() if name in found and not _same(found[name], value)]


def _same(found: torch.Tensor, right: torch.Tensor) -> bool:
    return found.shape == right.shape and torch.allclose(
        found.double(), right.double(), rtol=1e-5, atol=1e-6, equal_nan=True
    )


# Wrong rows


def changes(row: Family, module: Any) -> Iterator[tuple[str, Family]]:
    """The row with one field dropped, or naming another part; `module` is what its first paths start at."""
    blocks = module.get_submodule(row.blocks)
    norms, matrices = _parts(blocks[0], 1), _parts(blocks[0], 2)
    inside = {id(part) for part in blocks.modules()}
    outer = [path for path, part in module.named_modules() if path and id(part) not in inside]
    some = [*norms[:1], *matrices[:1], NOWHERE]
    of_config = ["num_hidden_layers", "num_key_value_heads", "hidden_size", "vocab_size", NOWHERE]
    others: dict[str, Sequence[Any]] = {
        "blocks": [*outer, NOWHERE],
        "final_norm": [None, *outer, NOWHERE],
        "embedding": [None, *outer, NOWHERE],
        "embedding_scale": some,
        "embedding_norm": [*outer, NOWHERE],
        "position_embedding": [*outer, NOWHERE],
        "attention": some,
        "attention_input_norm": [*norms, *some],
        "output_projection": [*matrices, *some],
        "down_projection": [*matrices, *some],
        "experts": [*some, "mlp"],
        "value_projection": [*matrices, *some],
        "writes": [row.writes[::-1], *((part, row.writes[1]) for part in (*norms, *matrices))]
        + [(row.writes[0], part) for part in (*norms, *matrices)],
        "cross_attention": [] if row.cross_attention is None else list(_of_cross_attention(row, [*matrices, NOWHERE])),
        "stream_norms": [row.stream_norms[::-1], row.stream_norms[1:], row.stream_norms[:-1], norms[:1], norms[:2]],
        "inner_attention": ["_attn", NOWHERE],
        "token_type_embedding": [*outer, NOWHERE],
        "embedding_projection": [*outer, NOWHERE],
        "prediction_head": list(_of_head(row.model_type, row.prediction_head, outer)),
        "other_head": [] if row.other_head is None else list(_of_other_head(row.model_type, row.other_head, outer)),
        "logit_softcap": of_config,
        "parallel": [True, NOWHERE],
        "encoder": [] if row.encoder is None else list(_of_encoder(row.encoder, module)),
        "heads": of_config,
        "context": of_config,
        "logit_scale": of_config,
        "logit_bias": some,
    }
    for field in fields(Family):
        default = [] if field.default is MISSING else [field.default]
        for value in (*default, *_drawn(row.model_type, field.name, others.get(field.name, ()))):
            value = tuple(value) if field.name == "stream_norms" else value
            if value != getattr(row, field.name):
                yield f"{field.name}={value}", replace(row, **{field.name: value})


def _drawn(model_type: str, field: str, values: Sequence[Any]) -> Sequence[Any]:
    """At most so many other values of a field as are `TRIED`; all of them in the thorough profile.

    Of the parts that are rows themselves, each field is changed in turn.
    """
    of_parts = field in ("encoder", "cross_attention", "prediction_head", "other_head")
    if of_parts or len(values) <= TRIED["most"] or os.environ.get("HYPOTHESIS_PROFILE") == "thorough":
        return values
    return random.Random(f"{model_type}.{field}").sample(list(values), TRIED["most"])


def _parts(block: Any, ndim: int) -> list[str]:
    """Every layer of a block whose weight has so many axes: 1 for the norms, 2 for the matrices."""
    return [path for path, part in block.named_modules() if getattr(getattr(part, "weight", None), "ndim", 0) == ndim]


def _of_cross_attention(row: Family, parts: list[str]) -> Iterator[CrossAttention]:
    assert row.cross_attention is not None
    for field in fields(CrossAttention):
        for path in (row.attention, *_drawn(row.model_type, f"cross {field.name}", parts)):
            yield replace(row.cross_attention, **{field.name: path})


def _of_encoder(row: Encoder, module: Any) -> Iterator[Encoder]:
    for _, changed in changes(row.row, module.get_submodule(row.path)):
        yield replace(row, row=changed)
    for context in (None, "num_hidden_layers", "vocab_size", NOWHERE):
        yield replace(row, context=context)
    yield replace(row, reads="audio" if row.reads == "text" else "text")
    for path in ("model.decoder", "decoder", NOWHERE):
        yield replace(row, path=path)


def _of_head(model_type: str, row: HeadRow | None, paths: Sequence[str]) -> Iterator[HeadRow]:
    for field in () if row is None else fields(HeadRow):
        for path in (*_drawn(model_type, f"head {field.name}", paths), "relu", NOWHERE):
            yield replace(row, **{field.name: path})


def _of_other_head(model_type: str, row: OtherHead, paths: Sequence[str]) -> Iterator[OtherHead]:
    yield from (replace(row, head=head) for head in _of_head(model_type, row.head, paths))
    yield replace(row, attribute=NOWHERE)
    yield replace(row, value=NOWHERE)


@pytest.mark.usefixtures("most")
@pytest.mark.parametrize("model_type", MODEL_TYPES + ENCODER_DECODERS + masked_models.MASKED)
def test_every_field_dropped_or_changed(rows: dict[str, Family], model_type: str) -> None:
    module = build(model_type)
    right = numbers(unembed.wrap(module))
    wrong, refused = [], 0
    known = masked_models.row_of(model_type)
    tried = list(changes(rows[known], module))
    for change, rows[known] in tried:
        found = wrongly_accepted(module, change, right)
        refused += found is None
        wrong += found or []
    assert not wrong
    assert refused > 0.6 * len(tried) > 10


def test_every_field_of_the_row_inside_an_image_model(rows: dict[str, Family], monkeypatch: pytest.MonkeyPatch) -> None:
    module, inner = random_encoder_decoders.build_llava(), nn.Module()
    inner.model = module.model.language_model
    right, row, prefix = numbers(unembed.wrap(module)), rows["llama"], families._PREFIXED["llava"]
    wrong = []
    for change, rows["llama"] in list(changes(row, inner)):
        wrong += wrongly_accepted(module, change, right) or []
    rows["llama"] = row
    for field in ("text", "path", "inputs", "token"):
        monkeypatch.setitem(families._PREFIXED, "llava", replace(prefix, **{field: NOWHERE}))
        with pytest.raises(ModelError):
            unembed.wrap(module)
    assert not wrong


def wrongly_accepted(module: Any, change: str, right: Numbers) -> list[tuple[str, list[str]]] | None:
    """The change with what it made wrong, if anything; None where the model is refused."""
    try:
        model = unembed.wrap(module)
    except ModelError:
        return None
    try:
        off = differences(numbers(model), right)
    except InputError as error:  # a lower limit of the prompt is kept to
        off = [] if "context" in change and "reads at most" in str(error) else [str(error)]
    return [(change, off[:4])] if off else []


@pytest.mark.parametrize(
    ("model_type", "overrides"),
    [
        ("opt", {"do_layer_norm_before": False}),
        ("opt", {"_remove_final_layer_norm": True}),
        ("gemma3_text", {"use_bidirectional_attention": True}),
    ],
)
def test_what_a_row_requires_is_checked_where_it_does_not_say_so(
    rows: dict[str, Family], model_type: str, overrides: dict[str, bool]
) -> None:
    """A configuration that contradicts the row is refused by the numbers as well."""
    rows[model_type] = replace(rows[model_type], requires=())
    module = random_models.build(model_type, **overrides)
    with pytest.raises(ModelError):
        unembed.wrap(module)


@pytest.mark.crossed(1)
@pytest.mark.parametrize(
    ("model_type", "field", "value", "message"),
    [
        ("llama", "attention_input_norm", None, "input of the attention of block 0 is off by"),
        ("gpt2", "attention_input_norm", "ln_2", "input of the attention of block 0 is off by"),
        ("olmo2", "attention_input_norm", "post_attention_layernorm", "input of the attention of block 0 is off by"),
        ("llama", "parallel", True, "input of the MLP of block 0 is off by"),
        ("phi", "parallel", False, "input of the MLP of block 0 is off by"),
        ("mixtral", "parallel", True, "input of the MLP of block 0 is off by"),
        ("gpt_neox", "parallel", NOWHERE, "input of the MLP of block 0 is off by"),
        (
            "gemma2",
            "heads",
            "num_key_value_heads",
            "has 4 heads and 2 of keys and values, where the row counts 2 and 2",
        ),
        ("gpt2", "context", NOWHERE, "reaches 64 positions, but the configuration value 'no_such_part'"),
        ("whisper", "context", "max_position_embeddings", "reaches 24 positions, but the configuration value"),
        ("llama", "blocks", "model.norm", "to be the list of blocks, found LlamaRMSNorm"),
        ("llama", "embedding", None, "names no embedding"),
        ("t5", "encoder", None, "needs both of encoder and cross_attention"),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_the_refusal_says_what_is_wrong(
    rows: dict[str, Family], model_type: str, field: str, value: Any, message: str, dtype: torch.dtype
) -> None:
    module = build(model_type).to(dtype)
    unembed.wrap(module)  # as it is, it passes
    rows[model_type] = replace(rows[model_type], **{field: value})
    with pytest.raises(ModelError, match=re.escape(message)):
        unembed.wrap(module)


@pytest.mark.parametrize(
    ("model_type", "field", "value", "message"),
    [
        ("bart", "value_projection", None, "names no value_projection"),
        ("t5", "value_projection", "layer.0.SelfAttention.k", "value of the attention of block 0 is off by"),
        ("t5", "attention_input_norm", None, "input of the attention of block 0 is off by"),
        ("mbart", "final_norm", None, "state that the decoder reads is off by"),
        ("marian", "embedding_scale", None, "embedding that enters the first block is off by"),
        ("whisper", "position_embedding", None, "does not name 'embed_positions'"),
        ("whisper", "parallel", True, "input of the MLP of block 0 is off by"),
    ],
)
def test_the_row_of_an_encoder_is_checked_as_well(
    rows: dict[str, Family], model_type: str, field: str, value: Any, message: str
) -> None:
    encoder = rows[model_type].encoder
    assert encoder is not None
    changed = replace(encoder, row=replace(encoder.row, **{field: value}))
    rows[model_type] = replace(rows[model_type], encoder=changed)
    with pytest.raises(ModelError, match=re.escape(message)):
        unembed.wrap(build(model_type))


def test_a_decoder_that_reads_another_stack_than_the_encoder_is_refused(rows: dict[str, Family]) -> None:
    encoder = rows["bart"].encoder
    assert encoder is not None
    rows["bart"] = replace(rows["bart"], encoder=replace(encoder, path="model.decoder"))
    with pytest.raises(ModelError):
        unembed.wrap(build("bart"))


def test_a_norm_without_weights_is_probed(rows: dict[str, Family]) -> None:
    """OLMo's norms have no parameters: they take the mean off, and no gain is in the circuit."""
    from transformers import OlmoConfig, OlmoForCausalLM

    config = random_models.configuration("llama", layers=2, kv_heads=4, attention_bias=False, mlp_bias=False)
    ids = {"pad_token_id": 0, "eos_token_id": 1}
    sizes = {name: getattr(config, name) for name in ("hidden_size", "intermediate_size", "vocab_size")}
    torch.manual_seed(0)
    module = OlmoForCausalLM(OlmoConfig(**sizes, **ids, num_hidden_layers=2, num_attention_heads=4)).double().eval()
    rows["olmo"] = replace(rows["llama"], model_type="olmo")
    model = unembed.wrap(module)
    ov = unembed.ov_circuit(model, 1, 2)
    attention, size = module.model.layers[1].self_attn, module.config.hidden_size // 4
    value = attention.v_proj.weight[2 * size : 3 * size].T.detach()
    centred = value - value.mean(0)  # a gain of 1, and the mean taken off
    output = attention.o_proj.weight[:, 2 * size : 3 * size].T.detach()
    assert torch.allclose((ov.reads @ ov.writes).double(), centred @ output, rtol=0, atol=1e-6)
    run = unembed.record(model, TOKENS)
    score = unembed.attention_score(model, run, 1, 2, source=3)
    assert abs(score.error) <= score.tolerance
    rows["olmo"] = replace(rows["olmo"], attention_input_norm=None)
    with pytest.raises(ModelError, match="input of the attention of block 0 is off by"):
        unembed.wrap(module)
