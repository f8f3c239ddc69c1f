"""Weight edits: reversible changes of W_out, the down projections. All of them are of one form:

    W_out[neurons]  ->  factor * W_out[neurons] + input (x) output

for some neurons of one layer (of one expert, in a mixture). `factor` alone scales value rows: 0 suppresses a neuron, 2
amplifies it. `output` alone is added to each value row (Dai et al., *Knowledge Neurons in Pretrained Transformers*,
2022). `input` and `output` for all neurons are a rank-one edit (Meng et al., *Locating and Editing Factual Associations
in GPT*, 2022).

Edits act on the module itself, in place, and are undone bit for bit: the touched rows are kept meanwhile. An edit file
(safetensors, a few kB a layer) holds `input` and `output`, never weights, and names the weights it was made for.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError, ModelError
from unembed.files import parse_json, write_file
from unembed.loading.folders import weights_sha256
from unembed.models.hooks import one_at_a_time
from unembed.models.layers import stores_matrix
from unembed.models.model import Block, Model, value_rows
from unembed.models.refusals import check_has_neurons
from unembed.models.reprs import Brief, short
from unembed.models.sites import experts_of, neurons_of

_SCHEMA = "unembed/weight-edits/1"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class WeightEdit(Brief):
    """One edit of W_out of one layer. Made by `scaled`, `added` and `rank_one`."""

    layer: int
    expert: int | None = None
    neurons: tuple[int, ...] | None
    """The value rows it changes; None for all."""
    factor: float = 1.0
    input: Float[Tensor, "edited"] | None = None
    """How much of `output` each of these rows gets; None with `output` for 1."""
    output: Float[Tensor, "d_model"] | None = None

    @property
    def rows(self) -> Any:
        """An index of the rows it changes."""
        return slice(None) if self.neurons is None else list(self.neurons)

    def of(self, matrix: Float[Tensor, "neuron d_model"]) -> Float[Tensor, "edited d_model"]:
        """The rows of W_out after the edit. Computed in float64, rounded once."""
        rows = self.factor * matrix[self.rows].double() if self.factor else torch.zeros_like(matrix[self.rows]).double()
        if self.output is not None:
            output = self.output.to(rows)
            rows += output if self.input is None else torch.outer(self.input.to(rows), output)
        return rows.to(matrix.dtype)


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightEdits(Brief):
    """Edits that belong together, and the weights they were made for. Made by `weight_edits` and `load_edits`."""

    description: str
    """What they do, for a person."""
    edits: tuple[WeightEdit, ...]
    """Applied in this order."""
    model: str
    """The name of the model they were made for."""
    weights: str
    """`files sha256` of its weight files, or `memory sha256` of the down projections of a module in memory."""

    def __repr__(self) -> str:
        return f"WeightEdits({short(self.description)}; {len(self.edits)} edits of {self.model})"


def scaled(layer: int, neurons: Sequence[int], factor: float, *, expert: int | None = None) -> WeightEdit:
    """`v_n -> factor * v_n` for the value rows of some neurons."""
    return WeightEdit(layer=layer, expert=expert, neurons=tuple(neurons), factor=float(factor))


def added(
    layer: int, neurons: Sequence[int], vector: Float[Tensor, "d_model"], *, expert: int | None = None
) -> WeightEdit:
    """`v_n -> v_n + vector` for the value rows of some neurons."""
    return WeightEdit(layer=layer, expert=expert, neurons=tuple(neurons), output=vector.detach().cpu())


def rank_one(
    layer: int, input: Float[Tensor, "neuron"], output: Float[Tensor, "d_model"], *, expert: int | None = None
) -> WeightEdit:
    """`W_out -> W_out + input (x) output`: activations `a` then write `(a . input) output` more."""
    return WeightEdit(
        layer=layer, expert=expert, neurons=None, input=input.detach().cpu(), output=output.detach().cpu()
    )


def weight_edits(model: Model, edits: Sequence[WeightEdit], description: str) -> WeightEdits:
    """Edits for a model, checked: the model is not changed yet (`applied`, `apply_edits`).

    Raises:
        InputError: a model without MLPs, no such layer, expert or neuron, a vector of the wrong size, or numbers that
            are not finite.
    """
    for edit in edits:
        _check(model, edit)
    return WeightEdits(
        description=description, edits=tuple(edits), model=model.name, weights=_identity(model, _kind(model))
    )


@contextmanager
def applied(model: Model, edits: WeightEdits) -> Iterator[None]:
    """The module with edits in this context; afterwards its weights are what they were, bit for bit.

    Contexts nest. Other threads wait with their runs. A `Run` recorded before holds numbers of the unedited
    module, and what would read it by the edited weights refuses it: record again inside.

    Raises:
        InputError: the edits do not fit the model.
    """
    _check_all(model, edits)
    with one_at_a_time, ExitStack() as stack:
        _apply(model, edits, stack)
        yield


def apply_edits(model: Model, edits: WeightEdits) -> None:
    """Edit the module for good.

    Raises:
        InputError: the edits do not fit the model.
    """
    _check_all(model, edits)
    with one_at_a_time, ExitStack() as stack:
        _apply(model, edits, stack)
        stack.pop_all()  # nothing is undone, unless an edit failed half way


def _apply(model: Model, edits: WeightEdits, undo: ExitStack) -> None:
    for edit in edits.edits:
        matrix = value_rows(model.blocks[edit.layer], edit.expert)
        before, after = matrix[edit.rows].clone(), edit.of(matrix)
        if not bool(torch.isfinite(after).all()):
            raise InputError(f"The edit of layer {edit.layer} is too large for weights in {str(matrix.dtype)[6:]}.")
        undo.callback(_put, matrix, edit, before)
        _put(matrix, edit, after)
    undo.callback(_mark, model, model.weight_edits)
    _mark(model, (*model.weight_edits, edits))


@torch.no_grad()
def _put(matrix: Tensor, edit: WeightEdit, rows: Tensor) -> None:
    matrix[edit.rows] = rows


def _mark(model: Model, edits: tuple[WeightEdits, ...]) -> None:
    model.module._weight_edits = edits  # type: ignore[assignment]  # read by Model.weight_edits


def _check_all(model: Model, edits: WeightEdits) -> None:
    for edit in edits.edits:
        _check(model, edit)


def _check(model: Model, edit: WeightEdit) -> None:
    check_has_neurons(model)
    if not 0 <= edit.layer < model.layers:
        raise InputError(f"There is no layer {edit.layer} to edit: expected 0 to {model.layers - 1}.")
    check_has_neurons(model, edit.layer)
    _check_own_weights(model, edit.layer)
    experts, width = experts_of(model, edit.layer), neurons_of(model, edit.layer)
    if experts and edit.expert is None:
        raise InputError(f"Layer {edit.layer} is a mixture of experts: an edit of its weights needs an expert.")
    if edit.expert is not None and not 0 <= edit.expert < experts:
        raise InputError(f"There is no expert {edit.expert} in layer {edit.layer}, which has {experts}.")
    wrong = [n for n in edit.neurons or () if not 0 <= n < width]
    if wrong:
        raise InputError(f"There is no neuron {wrong[0]} in layer {edit.layer}: expected 0 to {width - 1}.")
    if edit.neurons is not None and len(set(edit.neurons)) < len(edit.neurons):
        raise InputError(f"An edit of layer {edit.layer} names a neuron twice.")
    rows = width if edit.neurons is None else len(edit.neurons)
    for name, vector, size in (("input", edit.input, rows), ("output", edit.output, model.d_model)):
        if vector is not None and (vector.shape != (size,) or not vector.is_floating_point()):
            found = f"{tuple(vector.shape)} of {str(vector.dtype).removeprefix('torch.')}"
            raise InputError(f"The {name} of an edit of layer {edit.layer} must have {size} numbers, found {found}.")
    if edit.input is not None and edit.output is None:
        raise InputError(f"The edit of layer {edit.layer} has an input and no output, so it would change nothing.")
    numbers = [torch.tensor(edit.factor), *(v for v in (edit.input, edit.output) if v is not None)]
    if not all(bool(torch.isfinite(x).all()) for x in numbers):
        raise InputError(f"An edit of layer {edit.layer} holds numbers that are not finite (NaN or infinity).")


def _check_own_weights(model: Model, layer: int) -> None:
    """Refuse an edit of a layer that does not store its matrix, and one that is told of one layer and would change
    others, which share its weights (ALBERT).
    """
    down = model.blocks[layer].down_projection
    if down is not None and not stores_matrix(down):
        raise InputError(
            f"Layer {layer} of {model.name} does not store the matrix it multiplies by ({type(down).__name__}: "
            "quantised, or with an adapter that is not merged), so it cannot be edited in place.\nMerge the adapter, or"
            " give the model before it was quantised. What changes one layer alone is an edit of its activations: "
            "ablate."
        )
    sharing = [] if down is None else [i for i, block in enumerate(model.blocks) if _weight(block) is down.weight]
    if len(sharing) > 1:
        raise InputError(
            f"The layers {', '.join(map(str, sharing))} share their weights in {model.name}, so an edit of those of "
            f"layer {layer} would change them all.\nWhat changes one layer alone is an edit of its activations: ablate."
        )


def _weight(block: Block) -> Any:
    return getattr(block.down_projection, "weight", None)


def _kind(model: Model) -> str:
    return "memory" if model.folder is None else "files"


def _identity(model: Model, kind: str) -> str:
    """Which weights a model has: by its files, or for a module in memory by its down projections as they are."""
    if kind == "files":
        return "files none" if model.folder is None else f"files {weights_sha256(model.folder)}"
    digest = hashlib.sha256()
    for layer, block in enumerate(model.blocks):
        for weights in _told_apart(block, experts_of(model, layer)):
            digest.update(weights.detach().contiguous().cpu().reshape(-1).view(torch.uint8).numpy().tobytes())
    return f"memory {digest.hexdigest()}"


def _told_apart(block: Block, experts: int) -> Iterable[Tensor]:
    """Weights by which blocks are told apart: down projections, or all of a block in which no neurons are known."""
    if block.whole_mlp or not block.has_mlp:
        return block.module.parameters()
    return (value_rows(block, expert) for expert in range(experts) or [None])


# ------------------------------------------------------------ files


def save_edits(edits: WeightEdits, path: str | Path) -> None:
    """Write edits to a safetensors file: whole, or not at all.

    Raises:
        InputError: it cannot be written; an earlier file is as it was.
    """
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    listed = [
        {
            "layer": edit.layer,
            "expert": edit.expert,
            "neurons": edit.neurons,
            "factor": edit.factor,
            "input": _stored(tensors, edit.input),
            "output": _stored(tensors, edit.output),
        }
        for edit in edits.edits
    ]
    head = {"schema": _SCHEMA, "description": edits.description, "model": edits.model, "weights": edits.weights}
    metadata = {**head, "edits": json.dumps(listed)}
    write_file(Path(path).expanduser(), save(tensors or {"none": torch.empty(0)}, metadata))


def _stored(tensors: dict[str, Tensor], vector: Tensor | None) -> str | None:
    """The name under which a vector is stored; equal ones once."""
    if vector is None:
        return None
    for name, other in tensors.items():
        if other.dtype == vector.dtype and torch.equal(other, vector):
            return name
    name = f"vector.{len(tensors)}"
    tensors[name] = vector.detach().cpu().contiguous()
    return name


def load_edits(path: str | Path, model: Model) -> WeightEdits:
    """Read edits from a file; the model is not changed yet.

    Raises:
        InputError: there is no such file, or it holds no edits.
        ModelError: they were made for other weights.
    """
    file = Path(path).expanduser()
    head, tensors = _read(file)
    if head.get("schema") != _SCHEMA:
        found = head.get("schema", "a safetensors file of another kind")
        raise InputError(f"{file} holds no weight edits that this version reads: expected {_SCHEMA}, found {found}.")
    try:
        edits = WeightEdits(
            description=head["description"],
            edits=tuple(_edit(entry, tensors) for entry in parse_json(head["edits"])),
            model=head["model"],
            weights=head["weights"],
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"The weight edits in {file} are damaged: {_damage(error)}. Save them again.") from error
    if not edits.edits:
        raise InputError(f"{file} holds no edits: its list of them is empty. Save them again.")
    _check_weights(file, edits, model)
    _check_all(model, edits)
    return edits


def _damage(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "their list is no JSON"
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error) if isinstance(error, ValueError) else "their list is not of the form that --save writes"


def _read(file: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    if not file.name:
        raise InputError("Expected the path of a file of edits, found an empty one.")
    if not file.is_file():
        raise InputError(f"There is no file of edits {file}. Check the path; it is read from {Path.cwd()}.")
    try:
        with safe_open(file, framework="pt") as opened:
            return dict(opened.metadata() or {}), {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{file} is no file of weight edits: expected safetensors as `--save` writes them ({error})."
        ) from error


def _edit(entry: dict[str, Any], tensors: dict[str, Tensor]) -> WeightEdit:
    layer, expert, neurons = entry["layer"], entry["expert"], entry["neurons"]
    indices = [layer, *([] if expert is None else [expert]), *(neurons or [])]
    if not all(type(index) is int for index in indices):
        raise ValueError("a layer, an expert or a neuron is no whole number")
    if type(entry["factor"]) not in (int, float):
        raise ValueError("a factor is no number")
    if entry["output"] is None and (entry["input"] is not None or entry["factor"] == 1):
        raise ValueError(f"the output of the edit of layer {layer} is missing, without which it changes nothing")
    return WeightEdit(
        layer=layer,
        expert=expert,
        neurons=None if neurons is None else tuple(neurons),
        factor=float(entry["factor"]),
        input=None if entry["input"] is None else tensors[entry["input"]],
        output=None if entry["output"] is None else tensors[entry["output"]],
    )


def _check_weights(file: Path, edits: WeightEdits, model: Model) -> None:
    kind = edits.weights.split(" ")[0]
    found = _identity(model, "memory" if kind == "memory" else "files")
    if found != edits.weights:
        raise ModelError(
            f"The edits in {file} were made for other weights: of {edits.model} ({edits.weights}).\n"
            f"This is {model.name} ({found}). Edits mean nothing in a model they were not made for: load "
            f"{edits.model}, or make them anew."
        )
