"""Payloads: results as plain, versioned data. What `--json` prints and every view renders.

The JSON schemas that ship in `view/schemas/` are generated from these types (`make schemas`). What does not apply is
null. Logits and credits are in logits, `kl` in nats, probabilities in [0, 1]. Layers count from 0; a lens row with
layer null is the embedding, with layer `l` the stream after block `l`.
"""

import importlib.metadata
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from unembed.explanation import Explanation, HeadNote, NeuronNote
    from unembed.explanation import Prediction as PredictionResult
    from unembed.generation import Step
    from unembed.ledger import Term as LedgerTerm
    from unembed.logit_lens import Lens
    from unembed.machine import Report
    from unembed.model import Model
    from unembed.patterns import Attention
    from unembed.patterns import HeadView as HeadViewResult
    from unembed.readouts import Readout
    from unembed.weights import Entry


@dataclass(frozen=True)
class ModelFacts:
    """The model that was run."""

    name: str
    family: str
    layers: int
    heads: int
    kv_heads: int
    d_model: int
    d_mlp: int
    vocab: int
    dtype: str
    device: str
    weights_sha256: str | None


@dataclass(frozen=True)
class Token:
    """A token of the vocabulary."""

    id: int
    text: str


@dataclass(frozen=True)
class PromptToken:
    """A token of the prompt."""

    position: int
    id: int
    text: str


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


@dataclass(frozen=True)
class Reference:
    """What was subtracted from the raw logit of the target."""

    kind: Literal["mean", "raw", "versus"]
    text: str | None
    value: float


@dataclass(frozen=True)
class Term:
    """One addend of the ledger."""

    kind: Literal[
        "embedding",
        "position_embedding",
        "attention",
        "head",
        "attention_bias",
        "mlp",
        "neuron",
        "mlp_bias",
        "final_norm_shift",
        "unembedding_bias",
        "softcap",
    ]
    layer: int | None
    head: int | None
    expert: int | None
    neuron: int | None
    source: int | None
    value: float


@dataclass(frozen=True)
class Ledger:
    """Terms whose sum is the model's own number, within the tolerance."""

    value: float
    sum: float
    error: float
    tolerance: float
    by: str
    terms: list[Term]


@dataclass(frozen=True)
class LookedAt:
    """A source token with the attention it gets."""

    position: int
    text: str
    attention: float


@dataclass(frozen=True)
class Head:
    """A head that carries much of the prediction."""

    layer: int
    head: int
    value: float
    looks_at: list[LookedAt]
    writes_toward: list[Token]


@dataclass(frozen=True)
class Neuron:
    """A neuron that carries much of the prediction."""

    layer: int
    expert: int | None
    neuron: int
    value: float
    activation: float
    promotes: list[Token]


@dataclass(frozen=True)
class LensRow:
    """What the stream after one layer would predict."""

    layer: int | None
    rank: int
    probability: float
    kl: float
    top: Token
    top_probability: float


@dataclass(frozen=True)
class ExplainPayload:
    """`unembed explain --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    position: int
    predictions: list[Prediction]
    target: Target
    reference: Reference
    ledger: Ledger
    heads: list[Head]
    neurons: list[Neuron]
    lens: list[LensRow]
    notes: list[str]
    versions: dict[str, str]
    schema: Literal["unembed/explain/1"] = "unembed/explain/1"


@dataclass(frozen=True)
class LensCell:
    """One state of the stream, read by the lens."""

    layer: int | None
    position: int
    rank: int
    probability: float
    kl: float
    top: list[Token]
    top_probability: list[float]


@dataclass(frozen=True)
class LensPayload:
    """`unembed lens --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    targets: list[PromptToken]
    """The token followed at each position."""
    cells: list[LensCell]
    states: int
    versions: dict[str, str]
    schema: Literal["unembed/lens/1"] = "unembed/lens/1"


@dataclass(frozen=True)
class HeadPattern:
    """One head, seen from the explained position: attention to, and credit through, each source token."""

    layer: int
    head: int
    value: float
    pattern: list[float]
    contribution: list[float]


@dataclass(frozen=True)
class AttentionPayload:
    """`unembed attention --json`."""

    model: ModelFacts
    tokens: list[PromptToken]
    position: int
    target: Target
    reference: Reference
    heads: list[HeadPattern]
    matrix: list[list[float]] | None
    """The whole pattern, query by key, when one head was asked for."""
    versions: dict[str, str]
    schema: Literal["unembed/attention/1"] = "unembed/attention/1"


@dataclass(frozen=True)
class GeneratedToken:
    """One emitted token. `first_led` and `top_term` are null unless asked for (`--explain`)."""

    position: int
    id: int
    text: str
    logit: float
    probability: float
    first_led: int | None
    top_term: Term | None


@dataclass(frozen=True)
class GeneratePayload:
    """`unembed generate --json`."""

    model: ModelFacts
    prompt: list[PromptToken]
    generated: list[GeneratedToken]
    text: str
    versions: dict[str, str]
    schema: Literal["unembed/generate/1"] = "unembed/generate/1"


@dataclass(frozen=True)
class ModelEntry:
    """A model that is here, or could be."""

    name: str
    kind: str
    state: str
    path: str | None
    bytes: int | None
    fetch: str
    licence: str


@dataclass(frozen=True)
class ModelsPayload:
    """`unembed models --json`."""

    models: list[ModelEntry]
    schema: Literal["unembed/models/1"] = "unembed/models/1"


@dataclass(frozen=True)
class DoctorPayload:
    """`unembed doctor --json`."""

    versions: dict[str, str]
    devices: list[str]
    threads: int
    cache: str
    cache_bytes: int
    free_bytes: int
    families: list[str]
    models: list[ModelEntry]
    problems: list[str] = field(default_factory=list)
    schema: Literal["unembed/doctor/1"] = "unembed/doctor/1"


PAYLOADS: tuple[type, ...] = (
    ExplainPayload,
    LensPayload,
    AttentionPayload,
    GeneratePayload,
    ModelsPayload,
    DoctorPayload,
)


def to_json(payload: Any) -> dict[str, Any]:
    """The payload as JSON-ready data, its schema first."""
    data = asdict(payload)
    return {"schema": data.pop("schema"), **data}


def versions() -> dict[str, str]:
    """Of this package and what it computes with."""
    return {name: importlib.metadata.version(name) for name in ("unembed", "torch", "transformers")}


def explain_payload(result: "Explanation") -> ExplainPayload:
    """An explanation as data."""
    model, read = result.model, result.readout
    return ExplainPayload(
        model=model_facts(model),
        tokens=_prompt(model, result.trace.tokens),
        position=read.position,
        predictions=[_prediction(model, p) for p in result.predictions],
        target=_target(model, result.target),
        reference=_reference(model, read),
        ledger=Ledger(
            value=result.ledger.value,
            sum=result.ledger.sum,
            error=result.ledger.error,
            tolerance=result.ledger.tolerance,
            by=result.ledger.by,
            terms=[_term(term) for term in result.ledger.terms()],
        ),
        heads=[_head(model, result.trace.tokens, note) for note in result.heads],
        neurons=[_neuron(model, note) for note in result.neurons],
        lens=_lens_rows(result.lens),
        notes=list(result.notes),
        versions=versions(),
    )


def lens_payload(result: "Lens") -> LensPayload:
    """A logit lens as data."""
    model, positions = result.trace.model, result.trace.positions
    return LensPayload(
        model=model_facts(model),
        tokens=_prompt(model, result.trace.tokens),
        targets=[PromptToken(p, t, text_of(model, t)) for p, t in zip(positions, result.targets, strict=True)],
        cells=[
            LensCell(
                layer=_block(layer),
                position=position,
                rank=int(result.target_rank[s, q]),
                probability=float(result.target_probability[s, q]),
                kl=float(result.kl[s, q]),
                top=[_token(model, t) for t in result.top[s, q].tolist()],
                top_probability=result.top_probability[s, q].tolist(),
            )
            for s, layer in enumerate(result.layers)
            for q, position in enumerate(positions)
        ],
        states=result.states,
        versions=versions(),
    )


def attention_payload(result: "Attention") -> AttentionPayload:
    """Patterns as data."""
    from unembed.explanation import prediction

    model, read = result.trace.model, result.readout
    assert read.target is not None
    return AttentionPayload(
        model=model_facts(model),
        tokens=_prompt(model, result.trace.tokens),
        position=read.position,
        target=_target(model, prediction(result.trace, read.position, read.target)),
        reference=_reference(model, read),
        heads=[_head_pattern(view) for view in result.heads],
        matrix=None if result.matrix is None else result.matrix.double().tolist(),
        versions=versions(),
    )


def generate_payload(
    model: "Model", prompt: tuple[int, ...], steps: "list[Step]", *, explained: bool
) -> GeneratePayload:
    """Generated tokens as data."""
    tokens = [generated_token(step, explained=explained) for step in steps]
    ids = [step.token for step in steps]
    text = " ".join(map(str, ids)) if model.tokenizer is None else str(model.tokenizer.decode(ids))
    return GeneratePayload(
        model=model_facts(model),
        prompt=_prompt(model, prompt),
        generated=tokens,
        text=text,
        versions=versions(),
    )


def generated_token(step: "Step", *, explained: bool) -> GeneratedToken:
    """One emitted token as data; explaining it costs a lens over all layers."""
    return GeneratedToken(
        position=len(step.trace.tokens),
        id=step.token,
        text=step.text,
        logit=step.logit,
        probability=step.probability,
        first_led=step.first_led if explained else None,
        top_term=_term(step.top_term) if explained else None,
    )


def model_facts(model: "Model") -> ModelFacts:
    """The model as data; the checksum of its weights is remembered between runs."""
    from unembed.weights import weights_sha256

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
        weights_sha256=None if model.folder is None else weights_sha256(model.folder),
    )


def text_of(model: "Model", token: int) -> str:
    """The text of a token; without a tokenizer, its id in brackets."""
    return f"[{token}]" if model.tokenizer is None else str(model.tokenizer.decode([token]))


def _block(layer: int) -> int | None:
    return None if layer == 0 else layer - 1


def _token(model: "Model", token: int) -> Token:
    return Token(id=token, text=text_of(model, token))


def _prompt(model: "Model", tokens: tuple[int, ...]) -> list[PromptToken]:
    return [PromptToken(position=i, id=t, text=text_of(model, t)) for i, t in enumerate(tokens)]


def _prediction(model: "Model", p: "PredictionResult") -> Prediction:
    return Prediction(id=p.token, text=text_of(model, p.token), logit=p.logit, probability=p.probability)


def _target(model: "Model", p: "PredictionResult") -> Target:
    return Target(id=p.token, text=text_of(model, p.token), logit=p.logit, probability=p.probability, rank=p.rank)


def _reference(model: "Model", read: "Readout") -> Reference:
    assert read.reference != "direction"
    text = None if read.versus is None else text_of(model, read.versus)
    return Reference(kind=read.reference, text=text, value=read.reference_value)


def _term(term: "LedgerTerm") -> Term:
    return Term(
        kind=term.kind,
        layer=term.layer,
        head=term.head,
        expert=term.expert,
        neuron=term.neuron,
        source=term.source,
        value=term.value,
    )


def _head(model: "Model", tokens: tuple[int, ...], note: "HeadNote") -> Head:
    assert note.term.layer is not None
    assert note.term.head is not None
    return Head(
        layer=note.term.layer,
        head=note.term.head,
        value=note.term.value,
        looks_at=[LookedAt(position=p, text=text_of(model, tokens[p]), attention=a) for p, a in note.looks_at],
        writes_toward=[_token(model, t) for t in note.writes_toward],
    )


def _neuron(model: "Model", note: "NeuronNote") -> Neuron:
    assert note.term.layer is not None
    assert note.term.neuron is not None
    return Neuron(
        layer=note.term.layer,
        expert=note.term.expert,
        neuron=note.term.neuron,
        value=note.term.value,
        activation=note.activation,
        promotes=[_token(model, t) for t in note.promotes],
    )


def _lens_rows(lens: "Lens") -> list[LensRow]:
    model = lens.trace.model
    return [
        LensRow(
            layer=_block(layer),
            rank=int(lens.target_rank[s, 0]),
            probability=float(lens.target_probability[s, 0]),
            kl=float(lens.kl[s, 0]),
            top=Token(id=int(lens.top[s, 0, 0]), text=text_of(model, int(lens.top[s, 0, 0]))),
            top_probability=float(lens.top_probability[s, 0, 0]),
        )
        for s, layer in enumerate(lens.layers)
    ]


def _head_pattern(view: "HeadViewResult") -> HeadPattern:
    return HeadPattern(
        layer=view.layer,
        head=view.head,
        value=view.credit,
        pattern=view.pattern.tolist(),
        contribution=view.contribution.tolist(),
    )


def models_payload(entries: "Iterable[Entry]") -> ModelsPayload:
    """The catalogue as data."""
    return ModelsPayload(models=[_entry(entry) for entry in entries])


def doctor_payload(report: "Report") -> DoctorPayload:
    """A doctor's report as data."""
    return DoctorPayload(
        versions=report.versions,
        devices=list(report.devices),
        threads=report.threads,
        cache=str(report.cache),
        cache_bytes=report.cache_bytes,
        free_bytes=report.free_bytes,
        families=list(report.families),
        models=[_entry(entry) for entry in report.models],
        problems=list(report.problems),
    )


def _entry(entry: "Entry") -> ModelEntry:
    return ModelEntry(
        name=entry.name,
        kind=entry.kind,
        state=entry.state,
        path=None if entry.path is None else str(entry.path),
        bytes=entry.bytes,
        fetch=entry.fetch,
        licence=entry.licence,
    )
