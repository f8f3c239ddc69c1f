"""path_patch: against two full re-runs of the Hugging Face module with hooks, written out straight-line."""

import pytest
import torch

import unembed
from builders.random_models import build
from oracles.rerun import Change, Rerun, exactly
from unembed.engine.edits import add, scale, set_to, swap, zero
from unembed.engine.measures import logit
from unembed.methods.path_patch import path_patch
from unembed.models.sites import Site
from unembed.runs.record import record

TOKENS, OTHER = [3, 14, 15, 92, 65, 35], [3, 14, 27, 92, 65, 8]
EVERYWHERE = tuple(range(len(TOKENS)))
WHOLE = ("z", "attention_write", "mlp_write", "query", "key", "value", "neuron", "resid_pre")
SEQUENTIAL = ["gpt2", "llama", "gemma2", "mixtral"]
PARALLEL = ["phi", "gpt_neox"]


def read(logits):
    return logits[-1, 7] - logits[-1, 9]


def was(base: dict, kind: str, layer: int, head: int | None = None) -> Change:
    """A part set to what it is in the base run, at every position."""
    index = () if head is None else (head,)
    value = base[kind, layer][(slice(None), *index)]
    return Change(kind, layer, EVERYWHERE, lambda _: value, index)


def oracle(module, sender: list[Change], frozen: list[tuple], receivers, base: dict) -> float:
    """`frozen` are (kind, layer[, head]) to hold; `receivers` (kind, layer, positions, index), or None for logits."""
    first = Rerun(module, [*sender, *(was(base, *part) for part in frozen)], watch=() if receivers is None else WHOLE)
    logits = first(TOKENS)
    if receivers is None:
        return float(read(logits))
    heard = []
    for kind, layer, positions, index in receivers:
        value = first.seen[kind, layer][(torch.tensor(positions), *index)]
        heard.append(Change(kind, layer, positions, lambda _, value=value: value, index))
    return float(read(Rerun(module, heard)(TOKENS)))


def setting(model_type: str, **how):
    module = build(model_type, layers=4, **how)
    model = unembed.wrap(module)
    run, other = record(model, TOKENS), record(model, OTHER)
    seen = []
    for ids in (TOKENS, OTHER):
        rerun = Rerun(module, watch=WHOLE)
        rerun(ids)
        seen.append(rerun.seen)
    return module, run, other, *seen


def writes(layers) -> list[tuple]:
    return [(kind, layer) for layer in layers for kind in ("attention_write", "mlp_write")]


@pytest.mark.parametrize("model_type", [*SEQUENTIAL, *PARALLEL, "gpt_neo", "gpt_oss"])
def test_the_direct_path_of_a_head_to_the_logits(model_type):
    with exactly():
        module, run, other, base, swap_in = setting(model_type)
        z = swap_in["z", 1][:, 2]
        sender = [Change("z", 1, EVERYWHERE, lambda _: z, (2,))]
        edit = swap(Site(kind="z", layer=1, head=2), other, run=run)
        found = path_patch(run, [edit], "logits", logit(7, 9))
        frozen = [("mlp_write", 1), *writes((2, 3))]
        assert float(found[0]) == pytest.approx(oracle(module, sender, frozen, None, base), abs=1e-10)
        plain = float(read(run.logits))
        assert abs(float(found[0]) - plain) > 1e-4


RECEIVERS = {
    "query": ("query", 3, (5,), (1,)),
    "key": ("key", 3, EVERYWHERE, (1,)),
    "value": ("value", 3, (2, 3, 4, 5), (0,)),
    "z": ("z", 3, (4, 5), (3,)),
    "mlp write": ("mlp_write", 2, EVERYWHERE, ()),
    "attention write": ("attention_write", 2, (5,), ()),
    "neuron": ("neuron", 2, (4, 5), (7,)),
    "stream": ("resid_pre", 3, (5,), ()),
}


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", ["gpt2", "llama", "gemma2", "phi", "gpt_neo"])
@pytest.mark.parametrize("name", RECEIVERS)
def test_one_receiver_directly(model_type, name):
    """A head in the middle tells one part above; the first edited position is not the first of the prompt."""
    with exactly():
        module, run, other, base, swap_in = setting(model_type)
        kind, layer, positions, index = RECEIVERS[name]
        places = (2, 3, 4, 5)
        z = swap_in["z", 1][list(places), 2]
        sender = [Change("z", 1, places, lambda _: z, (2,))]
        edit = swap(Site(kind="z", layer=1, head=2, positions=places), other, run=run)
        field = {"neuron": "neuron"}.get(kind, "head")
        site = Site(kind=kind, layer=layer, positions=positions, **({field: index[0]} if index else {}))
        found = path_patch(run, [edit], [site], logit(7, 9))
        frozen = [("mlp_write", 1), *writes((2, 3))]
        expected = oracle(module, sender, frozen, [(kind, layer, positions, index)], base)
        assert float(found[0]) == pytest.approx(expected, abs=1e-10)
        assert abs(float(found[0]) - float(read(run.logits))) > 1e-9


@pytest.mark.parametrize("model_type", [*SEQUENTIAL, *PARALLEL])
def test_through_named_parts(model_type):
    """Two heads of one layer, the MLP of another, all attention of a third; several receivers at once."""
    with exactly():
        module, run, _, base, _ = setting(model_type)
        sender = [Change("mlp_write", 0, (1, 4), lambda x: 0 * x)]
        through = [
            Site(kind="z", layer=1, head=0),
            Site(kind="z", layer=1, head=3),
            Site(kind="mlp_write", layer=1),
            Site(kind="attention_write", layer=2),
        ]
        frozen = [("z", 1, 1), ("z", 1, 2), ("mlp_write", 2), *writes((3,))]
        edit = zero(Site(kind="mlp_write", layer=0, positions=(1, 4)))
        direct = path_patch(run, [edit], "logits", logit(7, 9), through=through)
        assert float(direct[0]) == pytest.approx(oracle(module, sender, frozen, None, base), abs=1e-10)
        receivers = [("query", 3, (5,), (2,)), ("value", 3, EVERYWHERE, (1,)), ("mlp_write", 3, (5,), ())]
        sites = [
            Site(kind="query", layer=3, head=2, positions=(5,)),
            Site(kind="value", layer=3, head=1),
            Site(kind="mlp_write", layer=3, positions=(-1,)),
        ]
        found = path_patch(run, [edit], sites, logit(7, 9), through=through)
        assert float(found[0]) == pytest.approx(oracle(module, sender, frozen, receivers, base), abs=1e-10)
        closed = path_patch(run, [edit], sites, logit(7, 9))
        assert abs(float(found[0] - closed[0])) > 1e-9


SENDERS = {
    "resid_pre": (Site(kind="resid_pre", layer=1, positions=(3,)), "resid_pre", (), writes((1, 2, 3))),
    "key": (Site(kind="key", layer=1, head=1, positions=(3,)), "key", (1,), [("mlp_write", 1), *writes((2, 3))]),
    "attention_write": (
        Site(kind="attention_write", layer=1, positions=(3,)),
        "attention_write",
        (),
        [("mlp_write", 1), *writes((2, 3))],
    ),
    "neuron": (Site(kind="neuron", layer=1, neuron=5, positions=(3,)), "neuron", (5,), writes((2, 3))),
    "resid_post": (Site(kind="resid_post", layer=1, positions=(3,)), "resid_post", (), writes((2, 3))),
}


@pytest.mark.crossed(1)
@pytest.mark.parametrize("model_type", ["gpt2", "gemma2", "gpt_neox"])
@pytest.mark.parametrize("name", SENDERS)
def test_what_stands_above_each_kind_of_sender(model_type, name):
    with exactly():
        module, run, _, base, _ = setting(model_type)
        site, kind, index, frozen = SENDERS[name]
        sender = [Change(kind, 1, (3,), lambda x: 1.5 * x, index)]
        found = path_patch(run, [scale(site, 1.5)], "logits", logit(7, 9))
        assert float(found[0]) == pytest.approx(oracle(module, sender, frozen, None, base), abs=1e-10)


def test_many_senders_at_once_are_those_one_by_one():
    model = unembed.wrap(build("llama"))
    run = record(model, TOKENS)
    senders = [zero(Site(kind="z", layer=layer, head=h)) for layer in range(3) for h in range(4)]
    receiver = [Site(kind="query", layer=2, head=1, positions=(5,))]
    together = path_patch(run, senders, receiver, logit(7, 9))
    alone = torch.stack([path_patch(run, [sender], receiver, logit(7, 9))[0] for sender in senders])
    assert torch.allclose(together, alone, atol=1e-6)
    # No path leads from layer 2 to a query of layer 2.
    assert torch.allclose(together[8:], read(run.logits).expand(4), atol=1e-6)
    assert float((together[:8] - read(run.logits)).abs().min()) > 1e-9


def test_with_everything_open_it_is_the_total_effect():
    model = unembed.wrap(build("gemma2"))
    run = record(model, TOKENS)
    sender = add(Site(kind="mlp_write", layer=0, positions=(2,)), torch.ones(model.d_model, dtype=torch.float64))
    through = [Site(kind=kind, layer=layer) for layer in (1, 2) for kind in ("attention_write", "mlp_write")]
    from unembed.engine.counterfactual import counterfactuals

    total = counterfactuals(run, [sender], logit(7, 9))
    assert torch.allclose(path_patch(run, [sender], "logits", logit(7, 9), through=through), total, atol=1e-9)


BAD = {
    "no receiver": ({"receivers": []}, "at least one receiver"),
    "a word": ({"receivers": "logit"}, "found 'logit'"),
    "receiver": ({"receivers": [Site(kind="z", layer=9, head=0)]}, "There is no layer 9"),
    "through a neuron": ({"through": [Site(kind="neuron", layer=1, neuron=0)]}, "cannot go through L1.N0"),
    "through all heads": ({"through": [Site(kind="z", layer=1)]}, "cannot go through L1 z"),
    "through positions": ({"through": [Site(kind="mlp_write", layer=1, positions=(0,))]}, "at all positions"),
    "no sender": ({"senders": []}, "at least one intervention"),
    "empty sender": ({"senders": [[]]}, "at least one edit"),
    "one above another": (
        {"senders": [[zero(Site(kind="z", layer=0, head=0)), zero(Site(kind="z", layer=1, head=0))]]},
        "must stand side by side",
    ),
    "sender": ({"senders": [set_to(Site(kind="z", layer=0, head=4), 0.0)]}, "There is no head 4"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("receivers", ["logits", "site"])
def test_bad_input(name, receivers):
    changes, message = BAD[name]
    run = record(unembed.wrap(build("gpt2")), TOKENS)
    how = {
        "senders": [zero(Site(kind="z", layer=0, head=0))],
        "receivers": "logits" if receivers == "logits" else [Site(kind="mlp_write", layer=1)],
        **changes,
    }
    with pytest.raises(unembed.InputError, match=message):
        path_patch(run, measure=logit(7, 9), **how)


@pytest.mark.parametrize("positions", [None, (-1,), (-3, -2)])
def test_a_run_that_kept_too_little_is_recorded_again(positions):
    whole = record(unembed.wrap(build("gpt2")), TOKENS)
    some = record(whole.model, TOKENS, positions=[-1])
    sender = zero(Site(kind="z", layer=0, head=0, positions=positions))
    expected, found = (path_patch(run, [sender], "logits", logit(7, 9)) for run in (whole, some))
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.real
def test_path_patching_on_the_real_model(real_model):
    """Zeroing what L23.H4 writes at the last position: all its direct effect is in the logits, float32."""
    ids = real_model.tokenizer("The capital of France is")["input_ids"]
    paris, rome = (real_model.tokenizer(word)["input_ids"][0] for word in (" Paris", " Rome"))
    run = record(real_model, ids)
    sender = zero(Site(kind="z", layer=23, head=4, positions=(4,)))
    found = float(path_patch(run, [sender], "logits", logit(paris, rome))[0])
    first = Rerun(real_model.module, watch=("mlp_write", "attention_write"))
    first(ids)
    everywhere = tuple(range(len(ids)))
    frozen = [("mlp_write", 23), *writes(range(24, 30))]
    held = [Change(k, n, everywhere, lambda _, x=first.seen[k, n]: x) for k, n in frozen]
    logits = Rerun(real_model.module, [Change("z", 23, (4,), lambda x: 0 * x, (4,)), *held])(ids)
    assert found == pytest.approx(float(logits[-1, paris] - logits[-1, rome]), abs=1e-3)
