"""The terminal view: payloads as lines of at most 100 columns, also in a pipe and in ASCII."""

from unembed.view.terminal.ablation import ablate_lines as ablate_lines
from unembed.view.terminal.attention import attention_lines as attention_lines
from unembed.view.terminal.editing import edit_lines as edit_lines
from unembed.view.terminal.editing import memory_lines as memory_lines
from unembed.view.terminal.explanation import explain_lines as explain_lines
from unembed.view.terminal.generation import generated_lines as generated_lines
from unembed.view.terminal.heads import heads_lines as heads_lines
from unembed.view.terminal.knowledge import attribute_lines as attribute_lines
from unembed.view.terminal.knowledge import facts_lines as facts_lines
from unembed.view.terminal.knowledge import find_lines as find_lines
from unembed.view.terminal.lens import lens_lines as lens_lines
from unembed.view.terminal.machine import doctor_lines as doctor_lines
from unembed.view.terminal.machine import models_lines as models_lines
from unembed.view.terminal.noise import noise_lines as noise_lines
from unembed.view.terminal.painting import paint_lines as paint_lines
from unembed.view.terminal.paper import Paper as Paper
from unembed.view.terminal.paper import show as show
from unembed.view.terminal.patching import patch_lines as patch_lines
from unembed.view.terminal.patching import steer_lines as steer_lines
from unembed.view.terminal.patching import trace_lines as trace_lines
from unembed.view.terminal.toys import toy_evaluation_lines as toy_evaluation_lines
from unembed.view.terminal.toys import toys_lines as toys_lines
