"""Circuits: what a head does between the embedding and the unembedding, read from the weights.

*A Mathematical Framework for Transformer Circuits* (Elhage et al. 2021). A head does two things on its own: its QK
circuit says where it looks, its OV circuit what it writes where it looked,

    score[destination, source] = (x_destination W_Q) . (x_source W_K) * scale        QK circuit
    logits[source] = x_source W_V W_O W_U                                            OV circuit

with `x` a token's embedding. Both are vocab x vocab matrices of rank d_head: they are kept as two thin factors and
never multiplied out. Rows of the vocabulary are read in chunks.

What folds into the factors: gain and centring of every norm on the way. What does not: the scale of the norm before
attention, taken at the embedding alone and without the norm's epsilon (in the first block of a model whose positions
are rotary that is all that is missing: less than 0.1 % of SmolLM2-135M's); the scale of the final norm, so OV logits
are in units of it and only compare within a run; rotary embedding, so QK scores are those of distance 0; learned
positions, MLPs and other heads. Scales of queries' and keys' norms are left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from unembed.errors import InputError, ModelError, counted
from unembed.methods.circuits.projections import Weights, layer_weights
from unembed.models.model import Model, checked_layer, input_norm
from unembed.models.refusals import decoders_only, needed, no_prediction_head, plain_heads_only
from unembed.models.reprs import Brief
from unembed.runs.record import record
from unembed.runs.result import Result
from unembed.runs.run import Run

_CHUNK = 4096
"""Rows of the vocabulary that are read at a time."""
Head = tuple[int, int]
"""Layer and head."""


@dataclass(frozen=True)
class Direction:
    """A direction that a circuit reads, and one that it gives for it."""

    label: str
    value: float
    """The singular value: the length of what it gives for a direction of length 1."""


class _Circuit(Result[Direction]):
    """A circuit as a matrix of low rank. Its entries are the singular values of the matrix."""

    @property
    def tokens(self) -> tuple[int, ...]:
        """None: it is about weights."""
        return ()

    @property
    def unit(self) -> str:
        """Of `measure`."""
        return "singular value"

    @property
    def factors(self) -> tuple[Float[Tensor, "d_model d_head"], Float[Tensor, "d_model d_head"]]:
        """`a` and `b` of the matrix `a @ b.T`."""
        raise NotImplementedError

    def entries(self) -> list[Direction]:
        """The singular values that can differ from 0, the largest first."""
        # |Q_a R_a R_b^T Q_b^T| has the singular values of the small product in the middle.
        a, b = (torch.linalg.qr(factor.double(), mode="r").R for factor in self.factors)
        found = torch.linalg.svdvals(a @ b.T).tolist()
        return [Direction(f"direction {i}", value) for i, value in enumerate(found)]


@dataclass(frozen=True, repr=False)
class OV(_Circuit):
    """An OV circuit as two factors, `x -> (x @ reads) @ writes`, of a head or of several in a row (a virtual head)."""

    reads: Float[Tensor, "d_model d_head"]
    writes: Float[Tensor, "d_head d_model"]
    model: Model = field(repr=False)

    def after(self, first: "OV") -> "OV":
        """The virtual head of this one reading what `first` wrote: `x -> self(first(x))`."""
        return OV(first.reads, (first.writes @ self.reads) @ self.writes, self.model)

    @property
    def factors(self) -> tuple[Float[Tensor, "d_model d_head"], Float[Tensor, "d_model d_head"]]:
        """What is read, and what is written."""
        return self.reads, self.writes.T

    def __call__(self, x: Float[Tensor, "*row d_model"]) -> Float[Tensor, "*row d_model"]:
        """What the head writes where it attends to `x` alone."""
        return (x @ self.reads) @ self.writes

    def _found(self) -> str:
        return f"norm {_product_norm(self.reads, self.writes.T):.3g}"


@dataclass(frozen=True, repr=False)
class QK(_Circuit):
    """A QK circuit as two factors: `score = (x_destination @ query) . (x_source @ key)`, the module's scale apart."""

    query: Float[Tensor, "d_model d_head"]
    key: Float[Tensor, "d_model d_head"]
    model: Model = field(repr=False)

    @property
    def factors(self) -> tuple[Float[Tensor, "d_model d_head"], Float[Tensor, "d_model d_head"]]:
        """What seeks, and what is sought."""
        return self.query, self.key

    def _found(self) -> str:
        return f"norm {_product_norm(self.query, self.key):.3g}"


def _product_norm(a: Float[Tensor, "d_model d_head"], b: Float[Tensor, "d_model d_head"]) -> float:
    """The Frobenius norm of `a @ b.T`, without the large product."""
    return float(((a.T @ a) * (b.T @ b)).sum().clamp(min=0).sqrt())


class Ranked(NamedTuple):
    """A token and its number."""

    token: int
    value: float


@dataclass(frozen=True, repr=False)
class SkipTrigram(Brief):
    """`source ... destination -> output`, of one head: sources that it seeks, and what they make it say."""

    source: int
    destinations: tuple[Ranked, ...]
    """Tokens that look for `source` most: score above the mean over all sources."""
    outputs: tuple[Ranked, ...]
    """Tokens it then promotes: OV logit above the vocabulary mean."""
    strength: float
    """Product of the largest of each."""


@dataclass(frozen=True, repr=False)
class TokenCircuits(Brief):
    """What a head's circuits say about one token."""

    token: int
    promotes: tuple[Ranked, ...]
    suppresses: tuple[Ranked, ...]
    looks_for: tuple[Ranked, ...]


@dataclass(frozen=True, repr=False)
class HeadCircuits(Brief):
    """The circuits of one head, from the weights alone. Made by `head_circuits`."""

    model: Model
    layer: int
    head: int
    eigenvalues: Complex[Tensor, "d_head"]
    """Of the OV circuit over the vocabulary (`ov_eigenvalues`)."""
    of_token: TokenCircuits | None
    skip_trigrams: tuple[SkipTrigram, ...] | None
    """None where they were not asked for."""


def ov_circuit(model: Model, layer: int, head: int) -> OV:
    """The OV circuit of a head, norms folded as the module says.

    Raises:
        InputError: there is no such layer or head.
    """
    layer, head = check_head(model, _check_layer(model, layer), head)
    part = _weights(model, layer)
    return OV(part.value[part.kv(head)], part.output[head], model)


def qk_circuit(model: Model, layer: int, head: int) -> QK:
    """The QK circuit of a head at distance 0, norms folded as the module says.

    Raises:
        InputError: there is no such layer or head.
    """
    layer, head = check_head(model, _check_layer(model, layer), head)
    part = _weights(model, layer)
    return QK(part.query[head], part.key[part.kv(head)], model)


def layer_circuits(model: Model, layer: int) -> list[tuple[OV, QK]]:
    """The OV and the QK circuit of each head of a layer.

    Raises:
        InputError: there is no such layer.
    """
    part = _weights(model, _check_layer(model, layer)).per_head()
    ov, qk = zip(part.value, part.output, strict=True), zip(part.query, part.key, strict=True)
    return [(OV(*one, model), QK(*other, model)) for one, other in zip(ov, qk, strict=True)]


@torch.no_grad()
def ov_eigenvalues(model: Model, layer: int) -> Complex[Tensor, "head d_head"]:
    """The eigenvalues that can differ from 0 of each head's `W_E W_V W_O W_U` (vocab x vocab), tokens as `embedded`.

    They are those of the d_head x d_head matrix `W_O (sum_t u_t e_t^T) W_V`: exact, nothing of vocab x vocab is made.
    Positive ones mean that attending to a token promotes that token: copying (Elhage et al. 2021, "Detecting Copying").
    """
    _check_layer(model, layer)
    part, core = _weights(model, layer).per_head(), _copy_core(model)
    small = part.output.double() @ core @ part.value.double()
    return torch.linalg.eigvals(small)


def positive_share(eigenvalues: Complex[Tensor, "*head d_head"]) -> Float[Tensor, "*head"]:
    """The share of eigenvalues with a positive real part: 1 for a head that copies, 0.5 for a random one."""
    return (eigenvalues.real > 0).double().mean(-1)


def copying_score(eigenvalues: Complex[Tensor, "*head d_head"]) -> Float[Tensor, "*head"]:
    """`sum Re(lambda) / sum |lambda|`, in [-1, 1]: the paper's summary, which weighs large eigenvalues more."""
    return eigenvalues.real.sum(-1) / eigenvalues.abs().sum(-1).clamp_min(1e-300)


@torch.no_grad()
def promotes(model: Model, ov: OV, token: int, *, top: int = 10, least: bool = False) -> list[Ranked]:
    """Tokens whose logit a head raises most (`least`: lowers most) where it attends to `token`.

    Logits are above the vocabulary mean, in units of the final norm's scale.
    """
    written = ov(embedded(model, [token]))
    logits = torch.cat([written @ rows.T for _, rows in _unembedding_rows(model)], 1)[0]
    return _best(logits - logits.mean(), top, least)


@torch.no_grad()
def looks_for(model: Model, qk: QK, token: int, *, top: int = 10, least: bool = False) -> list[Ranked]:
    """Source tokens to which a head attends most (`least`: least) from `token`: scores above the mean over sources.

    Multiply by `score_scale` (attention_score.py) for the numbers that the softmax reads.
    """
    query = (embedded(model, [token]) @ qk.query)[0]
    scores = torch.cat([rows @ (qk.key @ query) for _, rows in _embedding_rows(model)])
    return _best(scores - scores.mean(), top, least)


@torch.no_grad()
def skip_trigrams(model: Model, layer: int, head: int, *, top: int = 20, each: int = 3) -> list[SkipTrigram]:
    """The skip-trigrams `source ... destination -> output` that a head's circuits make strongest.

    For each source token: the destinations whose score for it is highest above their mean score, and the outputs that
    its value promotes most. Sources are ranked by the product of both. Exact over vocab x vocab, in chunks.
    """
    ov, qk = ov_circuit(model, layer, head), qk_circuit(model, layer, head)
    scores, destinations = _seekers(model, qk, each)
    logits, outputs = _promoted(model, ov, each)
    strength = scores[:, 0].clamp_min(0) * logits[:, 0].clamp_min(0)
    found = []
    for source in strength.topk(min(counted(top), len(strength))).indices.tolist():
        sought = zip(destinations[source].tolist(), scores[source].tolist(), strict=True)
        said = zip(outputs[source].tolist(), logits[source].tolist(), strict=True)
        found.append(
            SkipTrigram(
                source,
                tuple(Ranked(*pair) for pair in sought),
                tuple(Ranked(*pair) for pair in said),
                float(strength[source]),
            )
        )
    return found


def head_circuits(
    model: Model, layer: int, head: int, *, token: int | None = None, trigrams: bool = False
) -> HeadCircuits:
    """What a head copies, and on request what it does with a token, and its strongest skip-trigrams.

    Raises:
        InputError: there is no such layer or head.
    """
    layer, head = check_head(model, _check_layer(model, layer), head)
    return HeadCircuits(
        model=model,
        layer=layer,
        head=head,
        eigenvalues=ov_eigenvalues(model, layer)[head],
        of_token=None if token is None else _of_token(model, layer, head, token),
        skip_trigrams=tuple(skip_trigrams(model, layer, head)) if trigrams else None,
    )


def _of_token(model: Model, layer: int, head: int, token: int) -> TokenCircuits:
    ov, qk = ov_circuit(model, layer, head), qk_circuit(model, layer, head)
    return TokenCircuits(
        token=token,
        promotes=tuple(promotes(model, ov, token)),
        suppresses=tuple(promotes(model, ov, token, least=True)),
        looks_for=tuple(looks_for(model, qk, token)),
    )


def _seekers(model: Model, qk: QK, each: int) -> tuple[Tensor, Tensor]:
    """For each source, the destinations with the highest score above their own mean."""
    keys = torch.cat([rows @ qk.key for _, rows in _embedding_rows(model)])
    queries = torch.cat([rows @ qk.query for _, rows in _embedding_rows(model)])
    # (key - mean key) . query is the score above the destination's mean score.
    return _chunked_top(keys - keys.mean(0), queries, each)


def _promoted(model: Model, ov: OV, each: int) -> tuple[Tensor, Tensor]:
    """For each source, the outputs with the highest OV logit above the vocabulary mean."""
    reads = torch.cat([rows @ ov.reads for _, rows in _embedding_rows(model)])
    outputs = torch.cat([rows @ ov.writes.T for _, rows in _unembedding_rows(model)])
    return _chunked_top(reads, outputs - outputs.mean(0), each)


def _chunked_top(rows: Tensor, columns: Tensor, each: int) -> tuple[Tensor, Tensor]:
    """The largest entries of each row of `rows @ columns.T`, and their columns, some rows at a time."""
    parts = [(chunk @ columns.T).topk(min(each, len(columns)), 1) for chunk in rows.split(_CHUNK // 8)]
    return torch.cat([part.values for part in parts]), torch.cat([part.indices for part in parts])


# The two ends


def embedded(model: Model, tokens: Sequence[int]) -> Float[Tensor, "token d_model"]:
    """Tokens as heads read them from the embedding alone: of unit scale where attention has a norm before it.

    Raises:
        ModelError: an embedding is not finite.
    """
    ids = torch.tensor(list(tokens), device=model.device)
    with torch.no_grad():
        rows = model.embed(ids[None])[0].float()
    damaged = (~rows.isfinite()).any(1).nonzero()  # of a token that no run has read so far
    if len(damaged):
        token = tokens[int(damaged[0])]
        raise ModelError(f"The embedding of token {token} of {model.name} is not finite: its weights are damaged.")
    return at_unit_scale(model, rows)


def at_unit_scale(model: Model, rows: Float[Tensor, "row d_model"]) -> Float[Tensor, "row d_model"]:
    """Rows of the stream as heads read them, but for the gain: of unit scale where attention has a norm before it."""
    norm = input_norm(model.blocks[0], model.d_model) if model.blocks else None
    if norm is None:
        return rows
    scale = norm.centre(rows).square().mean(-1, keepdim=True).clamp_min(1e-30).rsqrt()
    return rows * scale


def _embedding_rows(model: Model) -> Iterator[tuple[int, Float[Tensor, "token d_model"]]]:
    """`embedded` of the whole vocabulary, some rows at a time, each with its first token."""
    size = model.module.get_input_embeddings().weight.shape[0]  # type: ignore[union-attr]
    for start in range(0, size, _CHUNK):
        yield start, embedded(model, range(start, min(size, start + _CHUNK)))


def _unembedding_rows(model: Model) -> Iterator[tuple[int, Float[Tensor, "token d_model"]]]:
    """W_U with gain and centring of the final norm folded, some rows at a time, each with its first token."""
    one = torch.ones((), dtype=torch.float64, device=model.device)
    for start in range(0, model.vocab, _CHUNK):
        rows = model.unembedding[start : start + _CHUNK].detach().double()
        yield start, model.final_norm.pullback(rows, one).float()


def _copy_core(model: Model) -> Float[Tensor, "d_model d_model"]:
    """`sum_t u_t e_t^T`, in float64: what the eigenvalues of every OV circuit need of the vocabulary."""
    return _core_of(model, _edition(model))


@lru_cache(maxsize=1)
def _core_of(model: Model, edition: tuple[int, ...]) -> Float[Tensor, "d_model d_model"]:
    core = torch.zeros(model.d_model, model.d_model, dtype=torch.float64, device=model.device)
    for (_, u), (_, e) in zip(_unembedding_rows(model), _embedding_rows(model), strict=False):
        core += (u[: len(e)].T @ e[: len(u)]).double()
    return core


def _weights(model: Model, layer: int) -> Weights:
    return _weights_of(model, layer, _edition(model))


@lru_cache(maxsize=2)
def _weights_of(model: Model, layer: int, edition: tuple[int, ...]) -> Weights:
    return layer_weights(_run_of(model, edition), layer)


@lru_cache(maxsize=1)
def _run_of(model: Model, edition: tuple[int, ...]) -> Run:
    return record(model, [0])


def _edition(model: Model) -> tuple[int, ...]:
    """What changes when weights are edited in place, so that nothing kept from before is read again."""
    return tuple(parameter._version for parameter in model.module.parameters())


def check_head(model: Model, layer: int, head: int) -> Head:
    """Layer and head counted from 0; negative ones count from the end.

    Raises:
        InputError: there is no such layer or head.
    """
    layer = checked_layer(model, layer)
    needed(model, "A head", "patterns")
    if not -model.heads <= head < model.heads:
        raise InputError(f"There is no head {head}: expected 0 to {model.heads - 1}.")
    return layer, head % model.heads


def _check_layer(model: Model, layer: int) -> int:
    decoders_only(model, "A circuit")
    no_prediction_head(model, "A circuit")
    layer = checked_layer(model, layer)
    plain_heads_only(model, "A circuit")
    return layer


def _best(values: Float[Tensor, "vocab"], top: int, least: bool) -> list[Ranked]:
    found = values.topk(min(counted(top), len(values)), largest=not least)
    return [Ranked(*pair) for pair in zip(found.indices.tolist(), found.values.tolist(), strict=True)]
