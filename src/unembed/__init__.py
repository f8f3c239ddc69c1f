"""unembed: why did a GPT predict this token? With numbers that add up.

The public names; everything else is private. Torch is imported with the first name that needs it.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0.dev0"

_NAMESPACES = {
    "directions": "methods.directions",
    "editing": "methods.knowledge.editing",
    "edits": "engine.edits",
    "facts": "methods.knowledge.facts",
    "measures": "engine.measures",
}
_HOME = {
    "load": "loading.load",
    "wrap": "loading.load",
    "Model": "models.model",
    "Family": "models.family",
    "register": "models.families",
    "record": "runs.record",
    "readout": "ledger.readout",
    "read_direction": "ledger.readout",
    "Readout": "ledger.readout",
    "with_source": "models.read_source",
    "with_image": "models.read_source",
    "with_mask": "models.blanks",
    "with_special": "models.special",
    "input_credit": "ledger.input_credit",
    "decompose": "ledger.decompose",
    "Ledger": "ledger.ledger",
    "Term": "ledger.ledger",
    "explain": "methods.explain",
    "Explanation": "methods.explain",
    "explain_answer": "methods.explain_answer",
    "AnswerExplanation": "methods.explain_answer",
    "lens": "methods.lens",
    "Lens": "methods.lens",
    "compare_weights": "methods.compare_weights",
    "WeightComparison": "methods.compare_weights",
    "attention": "methods.attention",
    "Attention": "methods.attention",
    "ablate": "methods.ablate",
    "Ablation": "methods.ablate",
    "prompt_set": "methods.prompt_sets",
    "PromptSet": "methods.prompt_sets",
    "keep_heads": "methods.kept_heads",
    "KeptHeads": "methods.kept_heads",
    "patch": "methods.patch",
    "Patching": "methods.patching",
    "causal_trace": "methods.causal_trace",
    "CausalTrace": "methods.causal_trace",
    "path_patch": "methods.path_patch",
    "evaluate_circuit": "methods.edges.circuit",
    "Circuit": "methods.edges.circuit",
    "steer": "methods.steer",
    "steered": "methods.steer",
    "Steering": "methods.steer",
    "expand_paths": "methods.circuits.paths",
    "PathExpansion": "methods.circuits.paths",
    "graph": "methods.graph.graph",
    "Graph": "methods.graph.graph",
    "attention_score": "methods.circuits.attention_score",
    "AttentionScore": "methods.circuits.attention_score",
    "composition_scores": "methods.circuits.composition",
    "Composition": "methods.circuits.composition",
    "virtual_head": "methods.circuits.composition",
    "measure_head_roles": "methods.heads.roles",
    "HeadRoles": "methods.heads.roles",
    "measure_stack_roles": "methods.heads.stack_roles",
    "StackRoles": "methods.heads.stack_roles",
    "head_pairs": "methods.heads.pairs",
    "HeadPairs": "methods.heads.pairs",
    "ov_circuit": "methods.circuits.head_circuits",
    "qk_circuit": "methods.circuits.head_circuits",
    "noise": "methods.heads.noise",
    "Noise": "methods.heads.noise",
    "generate": "methods.generate",
    "Run": "runs.run",
    "Result": "runs.result",
    "Site": "models.sites",
    "Edit": "engine.edits",
    "counterfactual": "engine.counterfactual",
    "counterfactuals": "engine.counterfactual",
    "gradients": "engine.counterfactual",
    "Interrupted": "errors",
    "attribute": "methods.knowledge.attribution",
    "Attribution": "methods.knowledge.attribution",
    "LayerPath": "methods.knowledge.attribution",
    "NeuronPath": "methods.knowledge.attribution",
    "applied": "methods.knowledge.weight_edits",
    "apply_edits": "methods.knowledge.weight_edits",
    "load_edits": "methods.knowledge.weight_edits",
    "save_edits": "methods.knowledge.weight_edits",
    "WeightEdits": "methods.knowledge.weight_edits",
    "study": "methods.studies.study",
    "Study": "methods.studies.study",
    "Ray": "methods.studies.cluster",
    "words": "methods.words.words",
    "Words": "methods.words.words",
    "Step": "methods.generate",
    "show": "explorer.notebook",
    "UnembedError": "errors",
    "InputError": "errors",
    "ModelError": "errors",
    "LedgerError": "errors",
}
__all__ = sorted([*_HOME, *_NAMESPACES, "__version__"])  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from unembed.engine import edits as edits
    from unembed.engine import measures as measures
    from unembed.engine.counterfactual import counterfactual as counterfactual
    from unembed.engine.counterfactual import counterfactuals as counterfactuals
    from unembed.engine.counterfactual import gradients as gradients
    from unembed.engine.edits import Edit as Edit
    from unembed.errors import InputError as InputError
    from unembed.errors import Interrupted as Interrupted
    from unembed.errors import LedgerError as LedgerError
    from unembed.errors import ModelError as ModelError
    from unembed.errors import UnembedError as UnembedError
    from unembed.explorer.notebook import show as show
    from unembed.ledger.decompose import decompose as decompose
    from unembed.ledger.input_credit import input_credit as input_credit
    from unembed.ledger.ledger import Ledger as Ledger
    from unembed.ledger.ledger import Term as Term
    from unembed.ledger.readout import Readout as Readout
    from unembed.ledger.readout import read_direction as read_direction
    from unembed.ledger.readout import readout as readout
    from unembed.loading.load import load as load
    from unembed.loading.load import wrap as wrap
    from unembed.methods import directions as directions
    from unembed.methods.ablate import Ablation as Ablation
    from unembed.methods.ablate import ablate as ablate
    from unembed.methods.attention import Attention as Attention
    from unembed.methods.attention import attention as attention
    from unembed.methods.causal_trace import CausalTrace as CausalTrace
    from unembed.methods.causal_trace import causal_trace as causal_trace
    from unembed.methods.circuits.attention_score import AttentionScore as AttentionScore
    from unembed.methods.circuits.attention_score import attention_score as attention_score
    from unembed.methods.circuits.composition import Composition as Composition
    from unembed.methods.circuits.composition import composition_scores as composition_scores
    from unembed.methods.circuits.composition import virtual_head as virtual_head
    from unembed.methods.circuits.head_circuits import ov_circuit as ov_circuit
    from unembed.methods.circuits.head_circuits import qk_circuit as qk_circuit
    from unembed.methods.circuits.paths import PathExpansion as PathExpansion
    from unembed.methods.circuits.paths import expand_paths as expand_paths
    from unembed.methods.compare_weights import WeightComparison as WeightComparison
    from unembed.methods.compare_weights import compare_weights as compare_weights
    from unembed.methods.edges.circuit import Circuit as Circuit
    from unembed.methods.edges.circuit import evaluate_circuit as evaluate_circuit
    from unembed.methods.explain import Explanation as Explanation
    from unembed.methods.explain import explain as explain
    from unembed.methods.explain_answer import AnswerExplanation as AnswerExplanation
    from unembed.methods.explain_answer import explain_answer as explain_answer
    from unembed.methods.generate import Step as Step
    from unembed.methods.generate import generate as generate
    from unembed.methods.graph.graph import Graph as Graph
    from unembed.methods.graph.graph import graph as graph
    from unembed.methods.heads.noise import Noise as Noise
    from unembed.methods.heads.noise import noise as noise
    from unembed.methods.heads.pairs import HeadPairs as HeadPairs
    from unembed.methods.heads.pairs import head_pairs as head_pairs
    from unembed.methods.heads.roles import HeadRoles as HeadRoles
    from unembed.methods.heads.roles import measure_head_roles as measure_head_roles
    from unembed.methods.heads.stack_roles import StackRoles as StackRoles
    from unembed.methods.heads.stack_roles import measure_stack_roles as measure_stack_roles
    from unembed.methods.kept_heads import KeptHeads as KeptHeads
    from unembed.methods.kept_heads import keep_heads as keep_heads
    from unembed.methods.knowledge import editing as editing
    from unembed.methods.knowledge import facts as facts
    from unembed.methods.knowledge.attribution import Attribution as Attribution
    from unembed.methods.knowledge.attribution import LayerPath as LayerPath
    from unembed.methods.knowledge.attribution import NeuronPath as NeuronPath
    from unembed.methods.knowledge.attribution import attribute as attribute
    from unembed.methods.knowledge.weight_edits import WeightEdits as WeightEdits
    from unembed.methods.knowledge.weight_edits import applied as applied
    from unembed.methods.knowledge.weight_edits import apply_edits as apply_edits
    from unembed.methods.knowledge.weight_edits import load_edits as load_edits
    from unembed.methods.knowledge.weight_edits import save_edits as save_edits
    from unembed.methods.lens import Lens as Lens
    from unembed.methods.lens import lens as lens
    from unembed.methods.patch import patch as patch
    from unembed.methods.patching import Patching as Patching
    from unembed.methods.path_patch import path_patch as path_patch
    from unembed.methods.prompt_sets import PromptSet as PromptSet
    from unembed.methods.prompt_sets import prompt_set as prompt_set
    from unembed.methods.steer import Steering as Steering
    from unembed.methods.steer import steer as steer
    from unembed.methods.steer import steered as steered
    from unembed.methods.studies.cluster import Ray as Ray
    from unembed.methods.studies.study import Study as Study
    from unembed.methods.studies.study import study as study
    from unembed.methods.words.words import Words as Words
    from unembed.methods.words.words import words as words
    from unembed.models.blanks import with_mask as with_mask
    from unembed.models.families import register as register
    from unembed.models.family import Family as Family
    from unembed.models.model import Model as Model
    from unembed.models.read_source import with_image as with_image
    from unembed.models.read_source import with_source as with_source
    from unembed.models.sites import Site as Site
    from unembed.models.special import with_special as with_special
    from unembed.runs.record import record as record
    from unembed.runs.result import Result as Result
    from unembed.runs.run import Run as Run


def __getattr__(name: str) -> Any:
    if name in _NAMESPACES:
        return importlib.import_module(f"unembed.{_NAMESPACES[name]}")
    if name not in _HOME:
        raise AttributeError(f"module 'unembed' has no attribute {name!r}")
    return getattr(importlib.import_module(f"unembed.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
