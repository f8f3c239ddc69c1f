"""What payloads share: the model, tokens, predictions, terms; and the way to JSON."""

import functools
import importlib.metadata
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from unembed.models.labels import unescaped, visible

if TYPE_CHECKING:
    from unembed.ledger.ledger import Ledger
    from unembed.ledger.ledger import Term as LedgerTerm
    from unembed.ledger.readout import Readout
    from unembed.models.model import Model
    from unembed.runs.predictions import Prediction as PredictionResult
    from unembed.runs.run import Run


@dataclass(frozen=True)
class ModelFacts:
    """The model that was run."""

    name: str
    """What it was loaded by."""
    family: str
    """Its model type."""
    layers: int
    """How many blocks it has."""
    heads: int
    """Query heads of a block."""
    kv_heads: int
    """Key-value heads of a block."""
    d_model: int
    """Width of the stream."""
    d_mlp: int
    """Neurons of a block; in a mixture, those of one expert."""
    vocab: int
    """Tokens of the vocabulary."""
    dtype: str
    """Of the weights."""
    device: str
    """Of the weights."""
    norm: Literal["LayerNorm", "RMSNorm"] | None
    """The kind of the final norm; null where there is none, as in toys."""
    weights_sha256: str | None
    """Of the files, without `edits`."""
    reads: Literal["text", "audio"] | None = None
    """What the encoder of an encoder-decoder reads; null for a decoder alone."""
    bidirectional: bool = False
    """Whether every position reads all others: so in masked language models, which are asked at a blank."""
    edits: list[str] = field(default_factory=list)
    """What was done to the weights after loading, edit by edit; empty for the plain model."""


@dataclass(frozen=True)
class Token:
    """A token of the vocabulary."""

    id: int
    text: str


@dataclass(frozen=True)
class PromptToken:
    """A token of the prompt."""

    position: int
    """Counted from 0."""
    id: int
    text: str
    role: str | None = None
    """Whose words it holds in a chat: a role such as `user`, or `template`; null in other prompts."""
    fragment: str | None = None
    """How it is shown where it shares a character with its neighbours: `首 1/3` is the first of three tokens that make
    one; null for all other tokens."""

    @property
    def seen(self) -> str:
        """The token as it is shown in its place."""
        return visible(self.text) if self.fragment is None else self.fragment


@dataclass(frozen=True)
class SourceToken:
    """What was read at one source position."""

    position: int
    """Counted from 0."""
    modality: Literal["text", "audio", "image"]
    """What was read there."""
    label: str
    """The token, or the stretch of sound or piece of image."""


@dataclass(frozen=True)
class Prediction:
    """A token with what the model gave it."""

    id: int
    text: str
    logit: float
    probability: float


@dataclass(frozen=True)
class Target(Prediction):
    """The explained token."""

    rank: int
    """1 is the most probable token."""


@dataclass(frozen=True)
class Reference:
    """What was subtracted from the raw logit of the target."""

    kind: Literal["mean", "raw", "versus"]
    """`mean`: the mean over the vocabulary; `raw`: nothing; `versus`: another token's logit."""
    text: str | None
    """The other token; null where there is none."""
    value: float
    """What was subtracted, in logits."""


TermKind = Literal[
    "embedding",
    "token_type_embedding",
    "position_embedding",
    "attention",
    "head",
    "attention_bias",
    "cross_attention",
    "cross_attention_bias",
    "mlp",
    "neuron",
    "mlp_bias",
    "shared_experts",
    "stream_norm_shift",
    "embedding_norm_shift",
    "embedding_projection_bias",
    "final_norm_shift",
    "prediction_head_bias",
    "prediction_head_norm_shift",
    "unembedding_bias",
    "softcap",
    "log_normaliser",
    "source_embedding",
    "source_position_embedding",
    "source_mlp",
    "source_bias",
    "rounding",
    "embedding_rounding",
    "attention_rounding",
    "attention_product_rounding",
    "head_rounding",
    "cross_attention_rounding",
    "cross_attention_product_rounding",
    "cross_head_rounding",
    "mlp_rounding",
    "mlp_product_rounding",
    "final_norm_rounding",
    "prediction_head_rounding",
    "unembedding_rounding",
    "softcap_rounding",
]
"""The kinds of terms of a ledger."""


@dataclass(frozen=True)
class Term:
    """One addend of the ledger."""

    kind: TermKind
    """What adds it; the indices below say which one."""
    layer: int | None
    """The block, counted from 0; for `source_mlp` that of the encoder."""
    head: int | None
    expert: int | None
    neuron: int | None
    source: int | None
    """The position of a source token: of the prompt, or of `sources` in cross-attention."""
    value: float
    """What it adds, in logits."""


def versions() -> dict[str, str]:
    """Of this package and what it computes with."""
    return {name: _version(name) for name in ("unembed", "torch", "transformers")}


_version = functools.cache(importlib.metadata.version)


def model_facts(model: "Model") -> ModelFacts:
    """The model as data; the checksum of its weights is remembered between runs."""
    from unembed.loading.folders import weights_sha256

    return ModelFacts(
        name=model.name,
        family=model.family.model_type,
        layers=model.layers,
        heads=model.heads,
        kv_heads=model.kv_heads,
        d_model=model.d_model,
        d_mlp=model.d_mlp,
        vocab=model.vocab,
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(model.device),
        norm=None if model.final_norm.identity else "LayerNorm" if model.final_norm.centred else "RMSNorm",
        weights_sha256=None if model.folder is None else weights_sha256(model.folder),
        reads=None if model.family.encoder is None else model.family.encoder.reads,
        bidirectional=model.bidirectional,
        edits=list(model.edits),
    )


def text_of(model: "Model", token: int) -> str:
    """The name of a token (models/tokens.py), which names it wherever a token is asked for."""
    from unembed.models.tokens import name_of

    return name_of(model, token)


def block_of(layer: int | Literal["emb"]) -> int | None:
    """The block a state of the stream comes after; None for the embedding."""
    return None if layer == "emb" else layer


def token_of(model: "Model", token: int) -> Token:
    """A token of the vocabulary as data."""
    return Token(id=token, text=text_of(model, token))


def prompt_tokens(model: "Model", tokens: tuple[int, ...], roles: "tuple[str | None, ...]" = ()) -> list[PromptToken]:
    """A prompt as data."""
    from unembed.models.fragments import fragments

    said, shown = roles or (None,) * len(tokens), fragments(model, tokens)
    return [PromptToken(i, t, text_of(model, t), said[i], shown[i]) for i, t in enumerate(tokens)]


_FRAGMENT = re.compile(r"(\S+) (\d+)/\d+")


def text_of_tokens(tokens: Iterable[tuple[str, str | None]]) -> str:
    """What tokens say together, by the name and the fragment of each: a character that several share stands once."""

    def said(shown: str) -> str:
        return unescaped(_FRAGMENT.sub(lambda found: found[1] if found[2] == "1" else "", shown).replace(" ", ""))

    return "".join(name if shown is None else said(shown) for name, shown in tokens)


def asks_of(run: "Run") -> int | None:
    """Where a prompt asks by itself; None of a masked language model's without a blank."""
    from unembed.models.blanks import asked_position, blanks

    model, tokens = run.model, run.tokens
    return None if model.fills_blanks and not blanks(model, tokens) else asked_position(model, tokens)


def source_tokens(model: "Model") -> list[SourceToken]:
    """The source of an encoder-decoder, or a prompt with an image, as data; empty for a prompt of text."""
    tokens = () if model.source is None else model.source.tokens
    return [SourceToken(position=t.position, modality=t.modality, label=t.label) for t in tokens]


def prediction_of(model: "Model", p: "PredictionResult") -> Prediction:
    """A prediction as data."""
    return Prediction(id=p.token, text=text_of(model, p.token), logit=p.logit, probability=p.probability)


def target_of(model: "Model", p: "PredictionResult") -> Target:
    """The explained token as data."""
    return Target(id=p.token, text=text_of(model, p.token), logit=p.logit, probability=p.probability, rank=p.rank)


def reference_of(model: "Model", read: "Readout") -> Reference:
    """What a readout subtracts, as data."""
    assert read.reference != "direction"
    text = None if read.versus is None else text_of(model, read.versus)
    return Reference(kind=read.reference, text=text, value=read.reference_value)


def terms_of(ledger: "Ledger") -> list[Term]:
    """The terms of a ledger as data, what a 16-bit run rounded as one."""
    terms = [term_of(term) for term in ledger.terms() if not term.is_rounding]
    if ledger.names_rounding:
        terms.append(Term("rounding", None, None, None, None, None, ledger.rounding))
    return terms


def roundings_of(ledger: "Ledger") -> list[Term]:
    """What a 16-bit run rounded, one by one, as data."""
    return [term_of(term) for term in ledger.terms() if term.is_rounding] if ledger.names_rounding else []


def term_of(term: "LedgerTerm") -> Term:
    """A term of a ledger as data."""
    return Term(
        kind=term.kind,
        layer=term.layer,
        head=term.head,
        expert=term.expert,
        neuron=term.neuron,
        source=term.source,
        value=term.value,
    )
