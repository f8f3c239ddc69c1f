"""Before the first block and after the last: what is added to the embedding, and a prediction head."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from unembed.models.family import HeadRow
from unembed.models.inference.identities import MATRICES, base
from unembed.models.inference.tape import Operation, Value
from unembed.models.inference.walk import is_embedding
from unembed.models.reprs import Brief

if TYPE_CHECKING:
    from unembed.models.inference.reading import Reading


def added_at_the_start(reading: "Reading", before: Sequence[Operation], embedding: str) -> dict[str, Any]:
    """What is added to the embedding before the first block, as `Structure` names it.

    What is the same at every position is of token types. Where a look-up depends on the tokens, its positions
    are counted past padding.
    """
    found: dict[str, tuple[Value, bool]] = {}
    computed = False
    for operation in before:
        for x in operation.values if base(operation) in ("add", "sub") else ():
            module = x.operation.module
            known = not x.operation.depends or is_embedding(x.operation)
            if known and module != embedding and module in reading.parts and not reading.holds_blocks(module):
                found.setdefault(module, (x, _same_everywhere(x.tensor)))
            elif not x.operation.depends and reading.holds_blocks(module) and x.tensor.is_floating_point():
                computed = computed or not _same_everywhere(x.tensor)
    types = [module for module, (_, same) in found.items() if same]
    positions = [module for module in found if module not in types]
    matrices = [x.module for x in before if base(x) in MATRICES]
    made: dict[str, Any] = {"token_types": next(iter(types), None), "positions": next(iter(positions), None)}
    made["adds_position_first"] = bool(types) and bool(positions) and next(iter(found)) == positions[0]
    made["computed_positions"] = computed and not found
    made["embedding_projection"] = next(iter(matrices), None)
    if positions and found[positions[0]][0].operation.depends:
        made["first_position"] = _first_position(reading, found[positions[0]][0].operation)
    return made


def normed_before_positions(reading: "Reading", before: Sequence[Operation]) -> str | None:
    """The norm that is applied to the token embedding alone, where something is added after it: what the norm gives is
    the first term of the stream then, and of each token alone.
    """
    norm = reading.norm_among(before)
    inside = [x.place for x in before if norm in x.modules]
    added = [x for x in before if base(x) == "add" and len(x.values) > 1 and inside and norm not in x.modules]
    return norm if added and all(x.place > max(inside) for x in added) else None


def _same_everywhere(x: Tensor) -> bool:
    rows = x.reshape(-1, x.shape[-1])
    return bool((rows == rows[0]).all())


def _first_position(reading: "Reading", lookup: Operation) -> str | None:
    """The configuration value one below the first position, where that is the padding's."""
    index = lookup.args[1]
    first = int((index.tensor if isinstance(index, Value) else index).flatten()[0])
    padding = getattr(reading.module.config, "pad_token_id", None)
    return "pad_token_id" if padding is not None and first == padding + 1 else None


@dataclass(frozen=True, repr=False)
class FoundHead(Brief):
    """A prediction head, and where in the run it begins."""

    row: HeadRow
    place: int


def head_among(reading: "Reading", after: Sequence[Operation]) -> FoundHead | None:
    """A dense layer, an activation and a norm after the last block; None where nothing is activated there.

    Raises:
        ModelError: something is activated there, otherwise.
    """
    active = [x.operation for x in reading.walked.frozen_on_stream() if x.kind == "activation"]
    active = [x for x in active if x.place > reading.last]
    if not active:
        return None
    dense = [x for x in after if base(x) in MATRICES and x.place < active[0].place]
    norm = reading.norm_among([x for x in after if x.place > active[-1].place])
    if len(active) != 1 or len(dense) != 1 or norm is None:
        raise reading.refused(
            f"what is activated between its last block and its unembedding ({active[0].module}) is no dense layer, one "
            "activation and a norm"
        )
    return FoundHead(
        HeadRow(dense=dense[0].module, activation=_activation(reading, active[0]), norm=norm), dense[0].place
    )


def _activation(reading: "Reading", operation: Operation) -> str:
    """The module of an activation, or the name by which `transformers` knows what a module does by itself."""
    if operation.module in reading.tape.bare:
        return operation.module
    tanh = operation.kwargs.get("approximate") == "tanh" or "tanh" in operation.args
    return "gelu_pytorch_tanh" if tanh else base(operation)
