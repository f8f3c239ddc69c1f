"""unembed: why did a GPT predict this token? With numbers that add up.

The public names; everything else is private. Torch is imported with the first name that needs it.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "load": "loading",
    "wrap": "loading",
    "Model": "model",
    "Family": "families",
    "register": "families",
    "record": "recording",
    "Trace": "trace",
    "readout": "readouts",
    "read_direction": "readouts",
    "Readout": "readouts",
    "with_source": "encoding",
    "input_credit": "source_credit",
    "decompose": "decomposition",
    "Ledger": "ledger",
    "Term": "ledger",
    "explain": "explanation",
    "Explanation": "explanation",
    "lens": "logit_lens",
    "Lens": "logit_lens",
    "attention": "patterns",
    "Attention": "patterns",
    "ablate": "ablation",
    "Ablation": "ablation",
    "patch": "activation_patching",
    "Patching": "activation_patching",
    "causal_trace": "causal_tracing",
    "CausalTrace": "causal_tracing",
    "path_patch": "path_patching",
    "steer": "steering",
    "steered": "steering",
    "Steering": "steering",
    "expand_paths": "paths",
    "PathExpansion": "paths",
    "attention_score": "attention_scores",
    "AttentionScore": "attention_scores",
    "composition_scores": "composition",
    "Composition": "composition",
    "virtual_head": "composition",
    "measure_head_roles": "head_roles",
    "HeadRoles": "head_roles",
    "ov_circuit": "circuits",
    "qk_circuit": "circuits",
    "noise": "value_noise",
    "Noise": "value_noise",
    "generate": "generation",
    "base_run": "run",
    "Run": "run",
    "Site": "sites",
    "Edit": "edits",
    "counterfactuals": "counterfactual",
    "gradients": "counterfactual",
    "Interrupted": "counterfactual",
    "attribute": "knowledge_attribution",
    "Attribution": "knowledge_attribution",
    "applied": "weight_edits",
    "apply_edits": "weight_edits",
    "load_edits": "weight_edits",
    "save_edits": "weight_edits",
    "WeightEdits": "weight_edits",
    "Step": "generation",
    "show": "notebook",
    "UnembedError": "errors",
    "InputError": "errors",
    "ModelError": "errors",
    "LedgerError": "errors",
}
__all__ = sorted([*_HOME, "__version__"])  # pyright: ignore[reportUnsupportedDunderAll]

if TYPE_CHECKING:
    from unembed.ablation import Ablation as Ablation
    from unembed.ablation import ablate as ablate
    from unembed.activation_patching import Patching as Patching
    from unembed.activation_patching import patch as patch
    from unembed.attention_scores import AttentionScore as AttentionScore
    from unembed.attention_scores import attention_score as attention_score
    from unembed.causal_tracing import CausalTrace as CausalTrace
    from unembed.causal_tracing import causal_trace as causal_trace
    from unembed.circuits import ov_circuit as ov_circuit
    from unembed.circuits import qk_circuit as qk_circuit
    from unembed.composition import Composition as Composition
    from unembed.composition import composition_scores as composition_scores
    from unembed.composition import virtual_head as virtual_head
    from unembed.counterfactual import Interrupted as Interrupted
    from unembed.counterfactual import counterfactuals as counterfactuals
    from unembed.counterfactual import gradients as gradients
    from unembed.decomposition import decompose as decompose
    from unembed.edits import Edit as Edit
    from unembed.encoding import with_source as with_source
    from unembed.errors import InputError as InputError
    from unembed.errors import LedgerError as LedgerError
    from unembed.errors import ModelError as ModelError
    from unembed.errors import UnembedError as UnembedError
    from unembed.explanation import Explanation as Explanation
    from unembed.explanation import explain as explain
    from unembed.families import Family as Family
    from unembed.families import register as register
    from unembed.generation import Step as Step
    from unembed.generation import generate as generate
    from unembed.head_roles import HeadRoles as HeadRoles
    from unembed.head_roles import measure_head_roles as measure_head_roles
    from unembed.knowledge_attribution import Attribution as Attribution
    from unembed.knowledge_attribution import attribute as attribute
    from unembed.ledger import Ledger as Ledger
    from unembed.ledger import Term as Term
    from unembed.loading import load as load
    from unembed.loading import wrap as wrap
    from unembed.logit_lens import Lens as Lens
    from unembed.logit_lens import lens as lens
    from unembed.model import Model as Model
    from unembed.notebook import show as show
    from unembed.path_patching import path_patch as path_patch
    from unembed.paths import PathExpansion as PathExpansion
    from unembed.paths import expand_paths as expand_paths
    from unembed.patterns import Attention as Attention
    from unembed.patterns import attention as attention
    from unembed.readouts import Readout as Readout
    from unembed.readouts import read_direction as read_direction
    from unembed.readouts import readout as readout
    from unembed.recording import record as record
    from unembed.run import Run as Run
    from unembed.run import base_run as base_run
    from unembed.sites import Site as Site
    from unembed.source_credit import input_credit as input_credit
    from unembed.steering import Steering as Steering
    from unembed.steering import steer as steer
    from unembed.steering import steered as steered
    from unembed.trace import Trace as Trace
    from unembed.value_noise import Noise as Noise
    from unembed.value_noise import noise as noise
    from unembed.weight_edits import WeightEdits as WeightEdits
    from unembed.weight_edits import applied as applied
    from unembed.weight_edits import apply_edits as apply_edits
    from unembed.weight_edits import load_edits as load_edits
    from unembed.weight_edits import save_edits as save_edits


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'unembed' has no attribute {name!r}")
    return getattr(importlib.import_module(f"unembed.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
