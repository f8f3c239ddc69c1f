"""Every causal type of the installed transformers, tried: docs/any-model.md's table and docs/studies/any-model.json.

A tiny random copy of each default configuration is wrapped without its row, explained and patched, in a process of its
own. Run again with a new release of transformers; `python scripts/any_model.py TYPE ...` tries some and writes nothing,
`python scripts/any_model.py --again TYPE ...` puts what it finds of some into the table that is there.
"""

import importlib.metadata
import json
import os
import resource
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import unembed
from unembed.errors import UnembedError
from unembed.models import families
from unembed.models.inference import infer as inference
from unembed.models.inference.tiny import tiny_copy

ROOT = Path(__file__).parents[1]
PAGE, FIGURES = ROOT / "docs/any-model.md", ROOT / "docs/studies/any-model.json"
SECONDS, MEMORY = 150, 6 << 30
LENGTHS = (6, 11)
TOKEN = 12
EXACT = 1e-6
"""What a sum may differ from the module's own logit, relative to the largest: some modules take steps in float32."""
_ON_STREAM = ("norm scales", "activation of the prediction head")
"""What may be frozen where the stream passes; all else is inside of what is written to it."""
_GRANITES = ("granite", "granite_swa", "granitemoe", "granitemoe_swa", "granitemoeshared", "granitemoehybrid")
_MIXTURE = {"num_experts_per_tok": 2, "n_routed_experts": 4, "n_shared_experts": 1, "n_group": 1, "topk_group": 1}
_ROTARY = {"rope_type": "default", "rope_theta": 10000.0}
SET: dict[str, dict[str, Any]] = {
    **{x: {"residual_multiplier": 0.5, "embedding_multiplier": 2.0, "logits_scaling": 3.0} for x in _GRANITES},
    **{x: _MIXTURE | {"first_k_dense_replace": 1} for x in ("deepseek_v2", "dots1")},
    "big_bird": {"attention_type": "original_full"},
    "dbrx": {"attn_config": {"rope_theta": 10000.0, "clip_qkv": 8.0}},
    "cohere_compass_text": {"rope_parameters": {"full_attention": _ROTARY, "sliding_attention": _ROTARY}},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "conv", "conv"], "num_hidden_layers": 4},
    "qwen4_exp_text": {"indexer_budget": 64, "indexer_compress_ratio": 4, "indexer_head_dim": 16, "indexer_n_heads": 2}
    | {"indexer_kv_heads": 1},
    "nemotron": {"num_key_value_heads": 2},
    "xmod": {"default_language": "en_XX"},
}
"""What default configurations leave out, or at what changes nothing."""


def tried(model_type: str) -> dict[str, Any]:
    """What holds of one type."""
    from transformers import AutoModelForCausalLM
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    by_hand = families.has_row(model_type)
    families._families.clear()
    made = {"level": None, "by_hand": by_hand}
    torch.set_default_dtype(torch.float64)
    try:
        kind = AutoModelForCausalLM._model_mapping[CONFIG_MAPPING[model_type]]
        config = CONFIG_MAPPING[model_type](**SET.get(model_type, {}))
        if hasattr(config, "is_decoder"):
            config.is_decoder = True
        module = tiny_copy(kind, config)
    except Exception as error:  # noqa: BLE001  what its own code raises on a default configuration
        return made | {"why": f"no tiny copy of its default configuration can be built: {_line(error)}"}
    try:
        model = unembed.wrap(module)
        worst = max(_error(model, length) for length in LENGTHS)
        unembed.explain(model, _tokens(LENGTHS[0]), test=False)
    except UnembedError as error:
        return made | {"why": _line(error)}
    if worst > EXACT:
        return made | {"why": f"WRONG: off by {worst:.1e}"}
    return {
        "level": model.level,
        "frozen": _frozen(model),
        "patched": _patched(model),
        "error": worst,
        "by_hand": by_hand,
    }


def _frozen(model: unembed.Model) -> list[str]:
    family = model.family
    inside = family.frozen_in_heads  # the scale of a norm there is a norm scale
    found = {"sinks of patterns": "sink" in inside, "gates on heads": "gate" in inside}
    found["gate of shared experts"] = family.gates_shared
    found["weights of mixers"] = any(block.splits for block in model.blocks)
    if family.prediction_head is not None:
        found["activation of the prediction head"] = True
    return ["norm scales", *(name for name, is_there in found.items() if is_there)]


def _patched(model: unembed.Model) -> bool:
    try:
        unembed.ablate(model, _tokens(LENGTHS[0]), site="mlp")
    except UnembedError:
        return False
    return True


def _error(model: unembed.Model, length: int) -> float:
    """How far the terms of a logit are from the module's own, at the position where they are farthest."""
    tokens = _tokens(length)
    with torch.no_grad():
        own = model.module(torch.tensor([tokens]), use_cache=False).logits[0].double()
    run = unembed.record(model, tokens)
    worst = 0.0
    for position in range(length):
        read = unembed.readout(run, TOKEN, position=position, reference="raw")
        total = sum(float(s.values.sum()) for s in unembed.decompose(read, by="source+neuron").segments)
        worst = max(worst, abs(total - float(own[position, TOKEN])) / max(1.0, float(own[position].abs().max())))
    return worst


def _tokens(length: int) -> list[int]:
    return inference._inputs(length)["input_ids"][0].tolist()


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split("\nNo ledger")[0].split()) or type(error).__name__
    text = text.partition(" can be made to find its structure: ")[2] or text
    return text if len(text) <= 200 else text[:197] + "..."


def _apart(model_type: str) -> dict[str, Any]:
    """`tried` in a child process, which may end as it likes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "found.json"
        child = os.fork()
        if child == 0:
            try:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                signal.alarm(SECONDS)
                quiet = os.open(os.devnull, os.O_WRONLY)
                os.dup2(quiet, 1)
                os.dup2(quiet, 2)
                try:
                    found = tried(model_type)
                except Exception as error:  # noqa: BLE001  this is what the study is to find
                    found = {"why": f"STACK TRACE {type(error).__name__}: {_line(error)}", "level": None}
                file.write_text(json.dumps(found))
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        return json.loads(file.read_text()) if file.is_file() else {"why": "no end within the limits", "level": None}


def table(found: dict[str, dict[str, Any]]) -> str:
    """The rows of the page."""
    lines = [
        "| type | level | frozen on the stream | frozen in writes, beside patterns | parts can be patched | why not |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for name, row in found.items():
        level = row["level"] or "refused"
        patched = "" if row["level"] is None else "yes" if row["patched"] else "no"
        why = row.get("why", "").replace("|", "/")
        stream, inside = map(", ".join, _where(row.get("frozen", ())))
        lines.append(f"| {name} | {level} | {stream} | {inside} | {patched} | {why} |")
    return "\n".join(lines)


def _where(frozen: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is frozen on the stream, and inside of writes."""
    return [x for x in frozen if x in _ON_STREAM], [x for x in frozen if x not in _ON_STREAM]


def _counted(found: dict[str, dict[str, Any]]) -> str:
    levels = Counter(row["level"] or "refused" for row in found.values())
    order = ("everything", "heads", "neurons", "sublayers", "refused")
    patched = sum(bool(row.get("patched")) for row in found.values())
    told = ", ".join(f"{levels[level]} {level}" for level in order)
    split = [_where(row["frozen"]) for row in found.values() if row["level"]]
    strict = sum(stream == ["norm scales"] for stream, _ in split)
    gated = sum(any("gate" in x for x in inside) for _, inside in split)
    return (
        f"Of {len(found)} types: {told}; of {patched} parts can be patched. {len(split)} are certified: {strict} "
        f"freeze norm scales alone on the stream, {len(split) - strict} the activation of a prediction head as well. "
        f"{gated} freeze gates inside of writes."
    )


def main() -> None:
    """Try what is asked for, or all and write the table."""
    from transformers import LlamaForCausalLM, MixtralForCausalLM  # noqa: F401  imported once, for all children
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    again, asked = "--again" in sys.argv[1:], [x for x in sys.argv[1:] if x != "--again"]
    names = asked or sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
    found = json.loads(FIGURES.read_text())["types"] if again else {}
    for name in names:
        found[name] = _apart(name)
        print(name, json.dumps(found[name]), flush=True)
    print(_counted(found))
    if asked and not again:
        return
    found = dict(sorted(found.items()))
    versions = {name: importlib.metadata.version(name) for name in ("transformers", "torch")}
    FIGURES.write_text(json.dumps({"versions": versions, "types": found}, indent=1, sort_keys=True) + "\n")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition("<!-- table -->\n")
    _, _, after = rest.partition("<!-- end of table -->\n")
    made = f"transformers {versions['transformers']}. {_counted(found)}\n\n{table(found)}\n"
    PAGE.write_text(f"{before}<!-- table -->\n{made}<!-- end of table -->\n{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
