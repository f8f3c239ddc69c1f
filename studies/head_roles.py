"""Study: the roles of the real model's heads, drawn; and do they hold on natural text?

    python studies/head_roles.py                 # about a minute on one core; prints the tables of the page

Attention on the paragraphs of paragraphs.txt is scored as on random tokens. For copy suppression, at every position
and for every token among the ten most probable that stands earlier in the paragraph, the direct effect of a head's
attention to it on its logit above the vocabulary mean (the source term of the ledger), beside that on the other
probable tokens. Results go to docs/studies/head_roles.json, the picture beside it.
"""

import json
from pathlib import Path

import numpy as np
import torch

import unembed
from unembed.files import write_file, written
from unembed.methods.heads.roles import ROLES, HeadRoles, measure_head_roles
from unembed.models.layers import projection
from unembed.models.model import Model
from unembed.runs.run import Run

DOCS = Path(__file__).parents[1] / "docs" / "studies"
PARAGRAPHS = (Path(__file__).parent / "paragraphs.txt").read_text().splitlines()
PREDICTED = 10
OFFSETS = {"previous_token": 1, "current_token": 0}


def attention_on(traces: list[Run], role: str) -> torch.Tensor:
    """The mean attention of every head to the token in question, all but the first position of each paragraph."""
    found = []
    for trace in traces:
        pattern = torch.stack([layer.heads.pattern for layer in trace.layers])
        if role == "first_token":
            found.append(pattern[..., 1:, 0])
        else:
            found.append(pattern.diagonal(-OFFSETS[role], -2, -1)[..., 1 - OFFSETS[role] :])
    return torch.cat(found, -1).mean(-1).double()


def suppression(model: Model, traces: list[Run]) -> tuple[torch.Tensor, torch.Tensor, int]:
    """What each head takes from probable tokens it could look at, and from others, in logits; how many."""
    own, others, count = torch.zeros(model.layers, model.heads), torch.zeros(model.layers, model.heads), 0
    for trace in traces:
        ids, predicted = torch.tensor(trace.tokens), trace.logits.topk(PREDICTED).indices
        stands = (predicted[:, :, None] == ids) & torch.ones(len(ids), len(ids)).tril(-1).bool()[:, None]
        position, which = stands.any(-1).nonzero().T
        rows = model.unembedding[predicted[position]].detach().double() - model.mean_unembedding
        scale = model.final_norm.scale(trace.final, trace.normed)[position]
        readouts = model.final_norm.pullback(rows, scale[:, None].double()).float()
        elsewhere = ~stands.any(-1)[position]
        for index, layer in enumerate(trace.layers):
            output = projection(model.blocks[index].output_projection).reshape(model.heads, -1, model.d_model)
            value = layer.heads.value.repeat_interleave(model.heads // model.kv_heads, 0)
            looked = layer.heads.pattern[:, position] * stands[position, which]
            effects = torch.einsum("hod,okd->hok", (looked @ value) @ output, readouts)
            own[index] -= effects[:, torch.arange(len(which)), which].sum(1)
            others[index] -= ((effects * elsewhere).sum(2) / elsewhere.sum(1).clamp_min(1)).sum(1)
        count += len(which)
    return own / count, others / count, count


def compare(model: Model, result: HeadRoles) -> dict:
    """Everything the page says about natural text."""
    traces = [unembed.record(model, text) for text in PARAGRAPHS]
    natural = {role: attention_on(traces, role) for role in ("previous_token", "current_token", "first_token")}
    own, others, count = suppression(model, traces)
    best = own.flatten().argsort(descending=True)[:6].tolist()
    return {
        "tokens": sum(len(trace.tokens) for trace in traces),
        "correlation": {
            role: float(np.corrcoef(scores.flatten(), result.roles[role].scores.flatten())[0, 1])
            for role, scores in natural.items()
        },
        "occasions": count,
        "suppression": [
            {
                "head": f"L{i // model.heads}.H{i % model.heads}",
                "taken_from_what_it_could_see": float(own.flatten()[i]),
                "taken_from_others": float(others.flatten()[i]),
                "score_in_the_weights": float(result.roles["copy_suppression"].scores.flatten()[i]),
            }
            for i in best
        ],
    }


def draw(result: HeadRoles) -> None:
    """Every head's score for every role, layer by head; a dot where the role is claimed."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "unembed"
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(ROLES), figsize=(11, 5), sharey=True, constrained_layout=True)
    for axis, role in zip(axes, ROLES, strict=True):
        found = result.roles[role]
        scores = found.scores.numpy()
        picture = axis.imshow(
            scores, cmap="Oranges", vmin=0, vmax=1, origin="lower", aspect="auto", interpolation="none"
        )
        layers, heads = found.claimed.nonzero().T.numpy()
        axis.scatter(heads, layers, s=5, c="#542788")
        axis.set_title(f"{role.replace('_', ' ')}\n{len(heads)} heads", fontsize=8)
        axis.set_xlabel("head", fontsize=8)
        axis.tick_params(labelsize=7)
    axes[0].set_ylabel("layer")
    figure.colorbar(picture, ax=axes, shrink=0.6, label="score")
    with written(DOCS / "head_roles.svg") as file:
        figure.savefig(file, format="svg", metadata={"Date": None})


def main() -> None:
    """Measure, print, write."""
    model = unembed.load("smollm2-135m")
    result = measure_head_roles(model)
    report = compare(model, result)
    print(json.dumps(report, indent=1))
    induction = result.roles["induction"].claimed & result.roles["copying"].claimed
    print(f"{int(induction.sum())} of {int(result.roles['induction'].claimed.sum())} induction heads copy")
    write_file(DOCS / "head_roles.json", json.dumps(report, indent=1) + "\n")
    draw(result)


if __name__ == "__main__":
    main()
