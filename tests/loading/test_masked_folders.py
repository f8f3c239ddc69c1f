"""Folders of masked language models as they are published, and of what is made of their bodies."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import unembed
from builders.masked_models import word_pieces
from unembed.errors import ModelError

PROMPT = "the capital of france is [MASK] ."
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 32,
}


def saved(folder: Path, name: str, *, more: dict[str, Any] | None = None, **declared: Any) -> Path:
    """A random model of a class, saved; `more` is configured, `declared` written into config.json (None: taken out)."""
    tokenizer = word_pieces()
    kind = getattr(transformers, name)
    torch.manual_seed(0)
    module = kind(kind.config_class(vocab_size=len(tokenizer), **SIZES, **(more or {}))).eval()
    module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return saved_as(folder, **declared)


def saved_as(folder: Path, **declared: Any) -> Path:
    config = json.loads((folder / "config.json").read_text()) | declared
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
    return folder


def own_logits(folder: Path, name: str) -> torch.Tensor:
    """What transformers' class gives of the folder, at the blank."""
    module = getattr(transformers, name).from_pretrained(folder).eval()
    ids = word_pieces()(PROMPT, return_tensors="pt").input_ids
    with torch.no_grad():
        out = module(ids)
    return (out.logits if "logits" in out else out.prediction_logits)[0, 6]


@pytest.mark.parametrize(
    ("name", "more", "declared"),
    [
        ("BertForPreTraining", {}, {}),
        ("BertForPreTraining", {}, {"architectures": ["BertForMaskedLM"]}),
        ("BertForPreTraining", {}, {"architectures": None}),
        ("AlbertForPreTraining", {"embedding_size": 20}, {}),
    ],
)
def test_other_heads_beside_the_prediction_head_are_left_out(
    tmp_path: Path, name: str, more: dict[str, Any], declared: dict[str, Any]
) -> None:
    """A sentence pair's score and a pooler stand in most published folders; no logit of a blank reads them."""
    folder = saved(tmp_path, name, more=more, **declared)
    assert any("pooler" in key for key in load_file(folder / "model.safetensors"))
    run = unembed.record(unembed.load(str(folder)), PROMPT)
    own = own_logits(folder, name)
    assert float((run.logits[6] - own).abs().max()) <= 1e-5 * float(own.abs().max())


@pytest.mark.parametrize(
    ("name", "prefix"), [("RobertaForMaskedLM", "roberta.pooler.dense"), ("AlbertForMaskedLM", "albert.pooler")]
)
def test_a_pooler_is_left_out(tmp_path: Path, name: str, prefix: str) -> None:
    folder = saved(tmp_path, name)
    file = folder / "model.safetensors"
    pooler = {f"{prefix}.weight": torch.randn(32, 32), f"{prefix}.bias": torch.randn(32)}
    save_file(load_file(file) | pooler, file, metadata={"format": "pt"})
    assert unembed.load(str(folder)).fills_blanks
    save_file(load_file(file) | {"other.weight": torch.randn(3)}, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"hold 1 tensors for which .* \(other.weight\)"):
        unembed.load(str(folder))


BODIES = ("BertModel", "RobertaModel", "XLMRobertaModel", "AlbertModel", "ElectraModel", "DebertaV2Model")


@pytest.mark.parametrize("name", BODIES)
def test_a_body_without_a_prediction_head_is_told(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path, name)
    with pytest.raises(
        ModelError, match=rf"{name}.*without a prediction head, as sentence embedders are(?s:.*)holds the head as well"
    ):
        unembed.load(str(folder))
    saved(tmp_path, name, architectures=None)
    with pytest.raises(ModelError, match=r"no prediction head \(.*dense.*fills no blanks"):
        unembed.load(str(folder))
    with pytest.raises(ModelError, match=rf"{name} has no prediction head"):
        unembed.wrap(getattr(transformers, name).from_pretrained(folder).eval())


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("ElectraForPreTraining", {}, "a discriminator, which fills no blanks"),
        ("BertForSequenceClassification", {}, "gives scores"),
        ("BertLMHeadModel", {"is_decoder": True}, "it reads no later tokens, so it fills no blanks"),
        ("RobertaForCausalLM", {"is_decoder": True}, "it reads no later tokens, so it fills no blanks"),
        ("DebertaV2ForMaskedLM", {"conv_kernel_size": 3}, "a convolution writes to the stream as well"),
    ],
)
def test_what_is_no_masked_language_model_that_can_be_taken_apart(
    tmp_path: Path, name: str, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        unembed.load(str(saved(tmp_path, name, more=more)))


@pytest.mark.parametrize("declared", [False, None], ids=["declared", "as published"])
def test_the_head_of_deberta_is_the_one_that_the_weights_hold(tmp_path: Path, declared: bool | None) -> None:
    """Published folders hold the newer head and do not say so; other weights of theirs are read by no logit."""
    folder = saved(tmp_path, "DebertaV2ForMaskedLM", more={"legacy": False, "position_biased_input": False})
    own = own_logits(folder, "DebertaV2ForMaskedLM")
    saved_as(folder, legacy=declared, architectures=None)
    file = folder / "model.safetensors"
    more = {"mask_predictions.dense.weight": torch.randn(32, 32)}
    more["deberta.embeddings.position_embeddings.weight"] = torch.randn(512, 32)
    save_file(load_file(file) | more, file, metadata={"format": "pt"})
    run = unembed.record(unembed.load(str(folder)), PROMPT)
    assert float((run.logits[6] - own).abs().max()) <= 1e-5 * float(own.abs().max())


@pytest.mark.parametrize(
    ("legacy", "lost", "said"),
    [
        (True, "cls.", r"have no prediction head \(cls.predictions.transform.dense"),
        (False, "lm_predictions.", r"have no prediction head \(lm_predictions.lm_head.dense"),
        (True, "cls.predictions.bias", r"lack 2 tensors that deberta-v2 needs \(cls.predictions.bias"),
        (True, "cls.predictions.transform.LayerNorm.bias", "lack 1 tensors that deberta-v2 needs"),
        (False, "lm_predictions.lm_head.bias", r"lack 1 tensors that deberta-v2 needs \(lm_predictions.lm_head.bias"),
        (False, "lm_predictions.lm_head.LayerNorm.bias", "lack 1 tensors that deberta-v2 needs"),
    ],
)
def test_a_head_that_is_not_in_the_file_is_refused(tmp_path: Path, legacy: bool, lost: str, said: str) -> None:
    """transformers would fill what is missing with random numbers, and only warn."""
    folder = saved(tmp_path, "DebertaV2ForMaskedLM", more={"legacy": legacy})
    file = folder / "model.safetensors"
    kept = {name: x for name, x in load_file(file).items() if not name.startswith(lost)}
    save_file(kept, file, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=said):
        unembed.load(str(folder))
