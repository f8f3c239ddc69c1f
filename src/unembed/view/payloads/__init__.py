"""Payloads: results as plain, versioned data. What `--json` prints and every view renders; one module a command.

The JSON schemas that ship in `view/schemas/` are generated from these types (`make schemas`). What does not apply is
null. Logits and credits are in logits, `kl` in nats, probabilities in [0, 1]. Layers count from 0; a lens row with
layer null is the embedding, with layer `l` the stream after block `l`.
"""

from unembed.view.payloads.ablation import AblatePayload as AblatePayload
from unembed.view.payloads.ablation import AblationEffect as AblationEffect
from unembed.view.payloads.ablation import ablate_payload as ablate_payload
from unembed.view.payloads.attention import AttentionPayload as AttentionPayload
from unembed.view.payloads.attention import HeadPattern as HeadPattern
from unembed.view.payloads.attention import attention_payload as attention_payload
from unembed.view.payloads.circuits import AttendedPayload as AttendedPayload
from unembed.view.payloads.circuits import BigramsPayload as BigramsPayload
from unembed.view.payloads.circuits import CircuitPayload as CircuitPayload
from unembed.view.payloads.circuits import CompositionPayload as CompositionPayload
from unembed.view.payloads.circuits import PathsPayload as PathsPayload
from unembed.view.payloads.circuits import attended_payload as attended_payload
from unembed.view.payloads.circuits import bigrams_payload as bigrams_payload
from unembed.view.payloads.circuits import circuit_payload as circuit_payload
from unembed.view.payloads.circuits import composition_payload as composition_payload
from unembed.view.payloads.circuits import paths_payload as paths_payload
from unembed.view.payloads.common import ModelFacts as ModelFacts
from unembed.view.payloads.common import Prediction as Prediction
from unembed.view.payloads.common import PromptToken as PromptToken
from unembed.view.payloads.common import Reference as Reference
from unembed.view.payloads.common import Target as Target
from unembed.view.payloads.common import Term as Term
from unembed.view.payloads.common import Token as Token
from unembed.view.payloads.common import model_facts as model_facts
from unembed.view.payloads.common import text_of as text_of
from unembed.view.payloads.common import to_json as to_json
from unembed.view.payloads.common import versions as versions
from unembed.view.payloads.editing import EditedPrompt as EditedPrompt
from unembed.view.payloads.editing import EditEffects as EditEffects
from unembed.view.payloads.editing import EditPayload as EditPayload
from unembed.view.payloads.editing import GroupChange as GroupChange
from unembed.view.payloads.editing import MemoryNeuron as MemoryNeuron
from unembed.view.payloads.editing import MemoryPayload as MemoryPayload
from unembed.view.payloads.editing import MemoryTrigger as MemoryTrigger
from unembed.view.payloads.editing import edit_payload as edit_payload
from unembed.view.payloads.editing import memory_payload as memory_payload
from unembed.view.payloads.explanation import Band as Band
from unembed.view.payloads.explanation import Control as Control
from unembed.view.payloads.explanation import ExplainPayload as ExplainPayload
from unembed.view.payloads.explanation import Head as Head
from unembed.view.payloads.explanation import Ledger as Ledger
from unembed.view.payloads.explanation import LensRow as LensRow
from unembed.view.payloads.explanation import LookedAt as LookedAt
from unembed.view.payloads.explanation import Neuron as Neuron
from unembed.view.payloads.explanation import Swap as Swap
from unembed.view.payloads.explanation import SwappedSublayer as SwappedSublayer
from unembed.view.payloads.explanation import explain_payload as explain_payload
from unembed.view.payloads.generation import GeneratedToken as GeneratedToken
from unembed.view.payloads.generation import GeneratePayload as GeneratePayload
from unembed.view.payloads.generation import generate_payload as generate_payload
from unembed.view.payloads.generation import generated_token as generated_token
from unembed.view.payloads.heads import HeadPlace as HeadPlace
from unembed.view.payloads.heads import HeadsPayload as HeadsPayload
from unembed.view.payloads.heads import RepetitionCheck as RepetitionCheck
from unembed.view.payloads.heads import Role as Role
from unembed.view.payloads.heads import RoleHead as RoleHead
from unembed.view.payloads.heads import RoleNumbers as RoleNumbers
from unembed.view.payloads.heads import ZeroedSet as ZeroedSet
from unembed.view.payloads.heads import heads_payload as heads_payload
from unembed.view.payloads.knowledge import AttributePayload as AttributePayload
from unembed.view.payloads.knowledge import FactListPayload as FactListPayload
from unembed.view.payloads.knowledge import FactsPayload as FactsPayload
from unembed.view.payloads.knowledge import FindPayload as FindPayload
from unembed.view.payloads.knowledge import FoundFact as FoundFact
from unembed.view.payloads.knowledge import LayerChange as LayerChange
from unembed.view.payloads.knowledge import ListedFact as ListedFact
from unembed.view.payloads.knowledge import ListedRelation as ListedRelation
from unembed.view.payloads.knowledge import NeuronPlace as NeuronPlace
from unembed.view.payloads.knowledge import NeuronValue as NeuronValue
from unembed.view.payloads.knowledge import RelationEntry as RelationEntry
from unembed.view.payloads.knowledge import StatedFact as StatedFact
from unembed.view.payloads.knowledge import attribute_payload as attribute_payload
from unembed.view.payloads.knowledge import fact_list_payload as fact_list_payload
from unembed.view.payloads.knowledge import facts_payload as facts_payload
from unembed.view.payloads.knowledge import find_payload as find_payload
from unembed.view.payloads.lens import LensCell as LensCell
from unembed.view.payloads.lens import LensPayload as LensPayload
from unembed.view.payloads.lens import lens_payload as lens_payload
from unembed.view.payloads.machine import DoctorPayload as DoctorPayload
from unembed.view.payloads.machine import ModelEntry as ModelEntry
from unembed.view.payloads.machine import ModelsPayload as ModelsPayload
from unembed.view.payloads.machine import doctor_payload as doctor_payload
from unembed.view.payloads.machine import models_payload as models_payload
from unembed.view.payloads.noise import NoisePayload as NoisePayload
from unembed.view.payloads.noise import noise_payload as noise_payload
from unembed.view.payloads.painting import CellLedger as CellLedger
from unembed.view.payloads.painting import PaintedCell as PaintedCell
from unembed.view.payloads.painting import PaintPayload as PaintPayload
from unembed.view.payloads.painting import paint_payload as paint_payload
from unembed.view.payloads.parts import InspectPayload as InspectPayload
from unembed.view.payloads.parts import Others as Others
from unembed.view.payloads.parts import Part as Part
from unembed.view.payloads.parts import PartTest as PartTest
from unembed.view.payloads.parts import Reading as Reading
from unembed.view.payloads.parts import ReadPart as ReadPart
from unembed.view.payloads.parts import ReadsPayload as ReadsPayload
from unembed.view.payloads.parts import ReadTerm as ReadTerm
from unembed.view.payloads.parts import TermsPayload as TermsPayload
from unembed.view.payloads.parts import TestPayload as TestPayload
from unembed.view.payloads.parts import inspect_payload as inspect_payload
from unembed.view.payloads.parts import part_of as part_of
from unembed.view.payloads.parts import reads_payload as reads_payload
from unembed.view.payloads.parts import terms_payload as terms_payload
from unembed.view.payloads.parts import test_payload as test_payload
from unembed.view.payloads.patching import Continuation as Continuation
from unembed.view.payloads.patching import PatchCell as PatchCell
from unembed.view.payloads.patching import PatchPayload as PatchPayload
from unembed.view.payloads.patching import SteerPayload as SteerPayload
from unembed.view.payloads.patching import TraceCell as TraceCell
from unembed.view.payloads.patching import TracePayload as TracePayload
from unembed.view.payloads.patching import patch_payload as patch_payload
from unembed.view.payloads.patching import steer_payload as steer_payload
from unembed.view.payloads.patching import trace_payload as trace_payload
from unembed.view.payloads.toys import ToyClaim as ToyClaim
from unembed.view.payloads.toys import ToyEntry as ToyEntry
from unembed.view.payloads.toys import ToyEvaluationPayload as ToyEvaluationPayload
from unembed.view.payloads.toys import ToyFinding as ToyFinding
from unembed.view.payloads.toys import ToysPayload as ToysPayload
from unembed.view.payloads.toys import toy_evaluation_payload as toy_evaluation_payload
from unembed.view.payloads.toys import toys_payload as toys_payload

PAYLOADS: tuple[type, ...] = (
    ExplainPayload,
    LensPayload,
    AttentionPayload,
    GeneratePayload,
    TermsPayload,
    InspectPayload,
    ReadsPayload,
    TestPayload,
    AblatePayload,
    HeadsPayload,
    PathsPayload,
    AttendedPayload,
    CircuitPayload,
    CompositionPayload,
    BigramsPayload,
    NoisePayload,
    PaintPayload,
    AttributePayload,
    FindPayload,
    FactsPayload,
    EditPayload,
    FactListPayload,
    MemoryPayload,
    PatchPayload,
    TracePayload,
    SteerPayload,
    ModelsPayload,
    DoctorPayload,
    ToysPayload,
    ToyEvaluationPayload,
)
