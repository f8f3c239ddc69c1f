"""Structure by inference: it is that of the rows by hand, its ledgers are exact, and what cannot be one is refused."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch

import unembed
from builders.random_models import MIXTURES, MODEL_TYPES, build, configuration
from builders.unknown_models import UNKNOWN, unknown
from oracles.rerun import exactly
from unembed.engine import edits
from unembed.engine.counterfactual import last_streams
from unembed.engine.texts import Text, last_streams_of_texts
from unembed.errors import InputError, ModelError
from unembed.models.families import row
from unembed.models.inference.infer import infer, inferred_row
from unembed.models.unembedding import unembedded

OF_CHOICE = ("inferred", "requires", "code", "runs_in", "inner_attention", "observed_attention")
"""Fields of a row that say what a person knows beside the structure, or chose."""


@pytest.mark.parametrize("model_type", [x for x in MODEL_TYPES if x != "unembed_toy"])  # which may be without MLPs
def test_the_row_that_is_inferred_is_the_one_by_hand(model_type: str) -> None:
    config = configuration(model_type)
    module = build(model_type)
    hand, found = row(model_type), inferred_row(type(module), config)
    if isinstance(hand.parallel, str):
        hand = replace(hand, parallel=bool(getattr(config, hand.parallel)))
    if not hand.parallel:
        hand = replace(hand, writes_meet_first=False)
    if model_type in MIXTURES and all(hasattr(block.mlp, "experts") for block in module.get_submodule(hand.blocks)):
        hand = replace(hand, down_projection=found.down_projection)  # no block is dense
    names = [x.name for x in fields(hand) if x.name not in OF_CHOICE]
    assert {x: getattr(found, x) for x in names} == {x: getattr(hand, x) for x in names}


@pytest.mark.parametrize("name", sorted(UNKNOWN))
def test_a_type_without_a_row_is_taken_apart(name: str) -> None:
    """At every position of a prompt, and at the last of a longer one, the terms sum to the module's own logit.

    To what its float32 steps leave.
    """
    module, told = unknown(name), UNKNOWN[name]
    model = unembed.wrap(module)
    assert model.level == told.level
    for length in (6, 11):
        tokens = torch.randint(3, 97, (length,), generator=torch.Generator().manual_seed(length)).tolist()
        with torch.no_grad():
            own = module(torch.tensor([tokens]), use_cache=False).logits[0]
        run = unembed.record(model, tokens)
        for position in range(length) if length == 6 else (length - 1,):
            for by in ("sublayer", "source+neuron"):
                ledger = unembed.decompose(unembed.readout(run, 12, position=position, reference="raw"), by=by)
                total = sum(float(segment.values.sum()) for segment in ledger.segments)
                assert total == pytest.approx(float(own[position, 12]), abs=3e-6)
        kinds = {segment.kind for segment in ledger.segments}
        assert told.kinds <= kinds, kinds
        assert unembed.lens(run).kl.shape[-1] == length
    assert unembed.explain(run).notes == unembed.explain(run, test=False).notes


PATCHED = sorted(name for name, told in UNKNOWN.items() if told.patched)
AT, HEAD = 2, 2
"""What is edited."""
DENSE = {"glm4_moe": 0}
"""The layer with neurons, where it is not the middle one; all blocks of qwen2_moe are mixtures."""
STEPS = 1e-10
"""Of the largest logit: what float64 leaves of a whole run (1e-14) grows by less than 1e4 on its way to the logits."""
READS_Z = {"bitnet": "attn_sub_norm"}
"""The module of an attention that reads what heads mix, where that is not the output projection."""


def edited_at(at: int, change: Callable[[torch.Tensor], None]) -> Callable[[torch.Tensor], torch.Tensor]:
    """The lines of a tensor with one of them changed."""

    def edited(x: torch.Tensor) -> torch.Tensor:
        changed = x.clone()
        change(changed.view(-1, x.shape[-1])[at])
        return changed

    return edited


def rerun(module: Any, tokens: list[int], part: Any, side: str, change: Callable[[torch.Tensor], None]) -> torch.Tensor:
    """The last logits of a run of the whole module, with plain hooks of torch on one part."""
    edit = edited_at(AT, change)
    if side == "input":
        handle = part.register_forward_pre_hook(lambda _, args: (edit(args[0]), *args[1:]))
    else:
        handle = part.register_forward_hook(
            lambda _, args, out: (edit(out[0]), *out[1:]) if isinstance(out, tuple) else edit(out)
        )
    with handle, torch.no_grad():
        return module(torch.tensor([tokens]), use_cache=False).logits[0, -1]


VERSIONS = [(name, kind) for name in PATCHED for kind in ("attention_write", "mlp_write", "z", "neuron")]


@pytest.mark.parametrize(("name", "kind"), [x for x in VERSIONS if x != ("qwen2_moe", "neuron")])
def test_a_version_equals_a_run_of_the_whole_module(name: str, kind: str) -> None:
    """A sublayer set to something, a head or a neuron zeroed; also where the block multiplies what is written."""
    with exactly():
        module = unknown(name)
        model, tokens = unembed.wrap(module), [5, 17, 33, 5, 17, 60]
        layer = DENSE.get(name, 1) if kind == "neuron" else 1
        run, block = unembed.record(model, tokens), model.blocks[layer]
        value = torch.randn(model.d_model, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        neuron = int(run.layers[layer].neurons[AT].abs().argmax()) if kind == "neuron" else 0
        place: dict[str, int] = {"z": {"head": HEAD}, "neuron": {"neuron": neuron}}.get(kind, {})
        site = unembed.Site(kind=kind, layer=layer, positions=(AT,), **place)  # type: ignore[arg-type]
        heads = run.layers[layer].heads
        assert heads is not None
        width = heads.z.shape[-1]
        part, side, change = {
            "attention_write": (block.attention_write, "output", lambda x: x.copy_(value / model.family.write_scale)),
            "mlp_write": (block.mlp_write, "output", lambda x: x.copy_(value / model.family.write_scale)),
            "z": (
                block.attention.get_submodule(READS_Z[name]) if name in READS_Z else block.output_projection,
                "input",
                lambda x: x.view(-1, width)[HEAD].zero_(),
            ),
            "neuron": (block.down_projection, "input", lambda x: x[neuron].zero_()),
        }[kind]
        whole = rerun(module, tokens, part, side, change)
        edit = edits.set_to(site, value) if kind.endswith("write") else edits.zero(site)
        found = unembedded(model, last_streams(run, [edit])[0])[2].detach()
        plain = run.logits[-1]
    assert float((found - whole).abs().max()) <= STEPS * float(whole.abs().max())
    assert float((whole - plain).abs().max()) > 1e3 * STEPS * float(whole.abs().max())


@pytest.mark.parametrize("name", PATCHED)
def test_a_text_without_a_word_equals_a_run_of_it(name: str) -> None:
    with exactly(), torch.no_grad():
        module = unknown(name)
        run = unembed.record(unembed.wrap(module), [5, 17, 33, 5, 17, 60])
        left = (5, 17, 5, 17, 60)
        found = unembedded(run.model, last_streams_of_texts(run, [Text(left, tuple(range(5)))]))[2][0, -1]
        whole = module(torch.tensor([left]), use_cache=False).logits[0, -1]
    assert float((found - whole).abs().max()) <= STEPS * float(whole.abs().max())


@pytest.mark.parametrize("name", sorted(set(UNKNOWN) - set(PATCHED)))
def test_what_cannot_be_patched_says_so(name: str) -> None:
    model = unembed.wrap(unknown(name))
    with pytest.raises(InputError, match=r"cannot be patched yet|is not told of"):
        unembed.ablate(model, [5, 17, 33], site="mlp")
    assert any("Nothing was tested" in note for note in unembed.explain(model, [5, 17, 33]).notes)


@pytest.mark.parametrize("name", ["qwen3_next", "mamba", "bloom"])
@pytest.mark.parametrize("method", ["attention", "words", "expand_paths", "attention_score", "patch", "generate"])
def test_methods_that_do_not_hold_of_such_models_refuse_them_or_work(name: str, method: str) -> None:
    """Never a stack trace: the error is one of this package."""
    model = unembed.wrap(unknown(name))
    other = ([5, 17, 34],) if method == "patch" else ()
    more = {"layer": 0, "head": 0} if method == "attention_score" else {}
    try:
        getattr(unembed, method)(model, [5, 17, 33], *other, **more)
    except InputError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "values",
    [{"parallel_attn": False}, {"new_decoder_architecture": True}],
    ids=lambda x: next(iter(x), "own"),
)
def test_writes_that_meet_in_place_are_kept_as_they_were(values: dict[str, bool]) -> None:
    """Falcon adds what attention gave to what its MLP gave, into the latter, before it adds both to the stream."""
    model, tokens = unembed.wrap(unknown("falcon", **values)), [5, 17, 33]
    run, made = unembed.record(model, tokens), []
    with model.blocks[1].mlp_write.register_forward_hook(lambda _, args, out: made.append(out.detach().clone())):
        model.module(torch.tensor([tokens]), use_cache=False)
    assert torch.allclose(run.layers[1].mlp_write, made[0][0], rtol=1e-5, atol=1e-6)  # its softmax is of float32


@pytest.mark.parametrize("name", ["falcon", "glm4_moe", "mamba"])
def test_a_folder_of_such_a_type_is_loaded(name: str, tmp_path: Path) -> None:
    module, tokens = unknown(name), [5, 17, 33]
    module.save_pretrained(tmp_path)
    model = unembed.load(str(tmp_path))
    with torch.no_grad():
        own = module(torch.tensor([tokens]), use_cache=False).logits[0, -1]
    run = unembed.record(model, tokens)
    assert model.level == UNKNOWN[name].level
    assert torch.allclose(run.logits[-1], own, rtol=0, atol=3e-6)
    ledger = unembed.decompose(unembed.readout(run, 12, reference="raw"), by="source+neuron")
    assert sum(float(x.values.sum()) for x in ledger.segments) == pytest.approx(float(own[12]), abs=3e-6)


def test_what_is_asked_finer_than_a_type_is_taken_apart_is_told() -> None:
    """The level that there is, and what is one term."""
    tokens = [5, 17, 33]
    assert "down to its heads" in unembed.explain(unembed.wrap(unknown("mamba")), tokens, by="neuron").notes[0]
    assert "down to its neurons" in unembed.explain(unembed.wrap(unknown("xlstm")), tokens, by="source").notes[0]
    for name in ("olmo3", "qwen2_moe"):
        assert not any("down to" in x for x in unembed.explain(unembed.wrap(unknown(name)), tokens, by="neuron").notes)


def test_neurons_of_shared_experts_are_terms_with_names_of_their_own() -> None:
    """Each is its activation in a run of the module times what its row of `W_out` writes, by the final norm's scale."""
    module, tokens = unknown("glm4_moe"), [5, 17, 33]
    model = unembed.wrap(module)
    entered: list[torch.Tensor] = []
    matrix = module.model.layers[2].mlp.shared_experts.down_proj
    with matrix.register_forward_pre_hook(lambda _, args: entered.append(args[0].reshape(3, -1)[-1])):
        read = unembed.readout(unembed.record(model, tokens), 12, reference="raw")
    ledger = unembed.decompose(read, by="neuron")
    terms = [x for x in ledger.terms() if x.kind == "shared_experts" and x.layer == 2]
    expected = entered[-1].clone().double() * (read.direction @ matrix.weight.detach())
    assert torch.allclose(torch.tensor([x.value for x in terms], dtype=torch.float64), expected, rtol=1e-9, atol=1e-12)
    assert (terms[5].label, terms[5].is_part) == ("L2.shared.N5", False)


def test_the_structure_says_what_there_is() -> None:
    structure = infer(unknown("granite"))
    assert {write.scale for write in structure.writes} == {0.5}
    assert (structure.embedding_scale, structure.frozen) == (2.0, ("norm scale",))
    assert structure.logit_scale == pytest.approx(1 / 3)
    assert [write.kind for write in structure.writes[:2]] == ["heads", "neurons"]
    assert {write.kind for write in infer(unknown("qwen3_next")).writes} == {"heads", "mixer", "neurons", "experts"}


@pytest.mark.parametrize(("name", "kind"), [("bitnet", "norm scale"), ("granite_swa", "sink"), ("qwen3_next", "gate")])
def test_what_multiplies_the_mixes_of_heads_is_told_by_its_numbers(name: str, kind: str) -> None:
    module = unknown(name)
    assert inferred_row(type(module), module.config).frozen_in_heads == (kind,)


def test_a_factor_of_each_head_that_is_no_sink_is_a_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code with another function of the scores: one more score would not leave that of a pattern."""
    own = torch.logsumexp
    monkeypatch.setattr(torch, "logsumexp", lambda x, dim: 1.1 * own(x, dim=dim))
    assert {write.frozen for write in infer(unknown("granite_swa")).of("heads")} == {("gate",)}


def test_the_activation_of_a_prediction_head_is_frozen_and_named() -> None:
    """A decoder's head is found as it is written by hand for masked models; as is what is added at the start."""
    found = inferred_row(type(unknown("camembert")), unknown("camembert").config)
    hand = row("roberta").prediction_head
    assert (found.prediction_head, found.first_position) == (hand, "pad_token_id")
    assert found.token_type_embedding == "roberta.embeddings.token_type_embeddings"
    assert infer(unknown("camembert")).frozen == ("norm scale", "activation")
    composite = inferred_row(type(unknown("big_bird")), unknown("big_bird").config).prediction_head
    assert composite is not None
    assert composite.activation == "cls.predictions.transform.transform_act_fn"  # several operations


def test_a_decoder_of_a_type_whose_row_is_of_a_masked_model_is_inferred() -> None:
    from transformers import BertConfig, BertLMHeadModel

    sizes: dict[str, Any] = {"vocab_size": 97, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = BertConfig(**sizes, intermediate_size=48, is_decoder=True)
    model = unembed.wrap(BertLMHeadModel(config).double().eval())
    assert (model.level, model.bidirectional, model.family.inferred) == ("everything", False, True)


def test_what_reads_later_tokens_is_refused() -> None:
    with pytest.raises(ModelError, match=r"reads later tokens.*is_decoder=False"):
        unembed.wrap(unknown("camembert", is_decoder=False))


def test_constants_are_those_of_the_models_own_sizes() -> None:
    """MiniCPM multiplies writes by `1.4 / sqrt(layers)` and what is unembedded by `24 / width`."""
    family = unembed.wrap(unknown("minicpm3", num_hidden_layers=2)).family
    found = (family.write_scale, family.unembedding_scale)
    assert found == pytest.approx((1.4 / 2**0.5, 24 / 32), rel=1e-12)


def test_a_model_whose_mlps_are_one_term_is_asked_of_its_heads_only() -> None:
    model = unembed.wrap(unknown("llama4_text"))
    assert unembed.attention(model, [5, 17, 33]).heads
    with pytest.raises(InputError, match="its MLPs are taken as one term"):
        unembed.words(model, [5, 17, 33])
    assert "down to its heads" in unembed.explain(model, [5, 17, 33], by="neuron").notes[0]
