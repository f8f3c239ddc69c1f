"""One call of the engine: however its work is split, stopped or shared; what it leaves, and what it refuses."""

import random
import threading

import jaxtyping
import pytest
import torch
from torch import Tensor

from builders.random_models import build
from builders.versions import TOKENS, Case, case, compare, logits_of, mixed, tiny_budget
from oracles import rerun
from unembed.engine import counterfactual as engine
from unembed.engine import edits as make
from unembed.engine.batch import row_of
from unembed.engine.counterfactual import SHORT, WIDEST, counterfactuals, finished, gradients, watched
from unembed.engine.edits import Edit
from unembed.engine.measures import logit
from unembed.engine.memory import costs
from unembed.errors import InputError, Interrupted
from unembed.models.sites import Site
from unembed.runs.record import record


@pytest.mark.parametrize("model_type", ["gpt_oss", "gemma2", "gpt_neo", "gpt_neox", "qwen3_moe"])
def test_the_split_and_the_order_change_nothing(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        all_edits = [[made for made, _ in version] for version in mixed(at)]
        whole = logits_of(at, all_edits)
        cost = costs(at.run, at.length, gradients=False)
        dearest = max(cost.of(row_of(engine._resolved(version, at.run), at.run)) for version in all_edits)
        for memory in (dearest, 2 * dearest, 5 * dearest + 1):
            order = random.Random(memory).sample(range(len(all_edits)), len(all_edits))
            shares: list[float] = []
            rows = logits_of(
                at,
                [all_edits[i] for i in order],
                memory=memory,
                progress=lambda _, share, seen=shares: seen.append(share),
            )
            for row, i in zip(rows, order, strict=True):
                assert float((row - whole[i]).abs().max()) <= 1e-12 * float(whole[i].abs().max())
            assert shares == sorted(shares)
            assert shares[-1] == pytest.approx(1)
            if memory == dearest:
                assert len(shares) > at.model.layers * len(all_edits) / 4, "many walks"


@pytest.mark.parametrize("model_type", ["llama", "gpt_neo", "mixtral"])
def test_everything_is_left_as_it_was(model_type: str) -> None:
    module = build(model_type)
    at = Case(module, TOKENS)
    next(iter(module.parameters())).requires_grad_(False)
    wanted = [parameter.requires_grad for parameter in module.parameters()]
    before = module(torch.tensor([TOKENS]), use_cache=False).logits.detach()
    run = at.run
    kept = [run.after(layer).clone() for layer in ("emb", *range(at.model.layers))]
    kept += [run.whole(kind, 1, torch.arange(at.length)).clone() for kind in at.kinds(1) if kind != "pattern"]
    kept += [run.layers[1].heads.pattern.clone(), run.calls[1].key.clone(), run.logits.clone()]
    attention = module.config._attn_implementation

    def stop(what: str, share: float) -> None:
        raise RuntimeError("stop")

    leaf = torch.zeros(at.model.d_model, dtype=torch.float64, requires_grad=True)
    edits = [[made for made, _ in version] for version in mixed(at)]
    counterfactuals(run, edits, logit(3))
    watched(run, edits[:3], [Site(kind="pattern", layer=1, head=0)])
    gradients(run, [make.add(Site(kind="resid_pre", layer=0), leaf)], logit(3), [leaf])
    for call in (
        lambda: counterfactuals(run, edits, logit(3), progress=stop),
        lambda: gradients(run, [make.add(Site(kind="z", layer=0), leaf[0])], logit(3), [leaf], progress=stop),
    ):
        with pytest.raises(RuntimeError, match="stop"):
            call()
    assert module.config._attn_implementation == attention
    assert [parameter.requires_grad for parameter in module.parameters()] == wanted
    assert all(parameter.grad is None for parameter in module.parameters())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    assert not any("_attn" in part.__dict__ for part in module.modules())
    assert torch.equal(module(torch.tensor([TOKENS]), use_cache=False).logits, before)
    again = [run.after(layer) for layer in ("emb", *range(at.model.layers))]
    again += [run.whole(kind, 1, torch.arange(at.length)) for kind in at.kinds(1) if kind != "pattern"]
    again += [run.layers[1].heads.pattern, run.calls[1].key, run.logits]
    assert all(torch.equal(x, y) for x, y in zip(kept, again, strict=True))


@pytest.mark.parametrize("model_type", ["llama", "gemma2", "gpt_oss"])
def test_a_run_that_kept_some_positions_only(model_type: str) -> None:
    with rerun.exactly():
        at = case(model_type)
        run = record(at.model, TOKENS, positions=[6, 3])
        versions = [v for v in mixed(at) if v[0][0].what in ("add", "set", "scale", "zero", "project out")]
        found = counterfactuals(run, [[made for made, _ in v] for v in versions], lambda logits: logits, at=range(9))
        for row, version in zip(found, versions, strict=True):
            compare(at, row, version)
        assert torch.equal(
            run.at(Site(kind="z", layer=1, positions=(3, 6))), at.run.whole("z", 1, torch.tensor([3, 6]))
        )
        with pytest.raises(InputError, match=r"kept its parts at positions \[6, 3\] only, not at \[4\]"):
            run.at(Site(kind="z", layer=1, positions=(3, 4)))


# Stops, threads, refusals


def rows_at(at: Case) -> list[Edit]:
    return [
        make.scale(Site(kind="z", layer=layer, head=head, positions=(p,)), 0.0)
        for layer in range(3)
        for head in range(4)
        for p in (0, 6)
    ]


@pytest.mark.parametrize("by", ["measure", "progress"])
@pytest.mark.parametrize("after", [0, 4, 9])
def test_what_is_finished_survives_an_interrupt(by: str, after: int) -> None:
    at = case("qwen2")
    edits = rows_at(at)
    memory = tiny_budget(at, edits)
    whole = counterfactuals(at.run, edits, logit(3), memory=memory)
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls > after:
            raise KeyboardInterrupt

    def measure(logits: Tensor) -> Tensor:
        if by == "measure":
            stop()
        return logits[:, 0, 3]

    def progress(what: str, share: float) -> None:
        if by == "progress":
            stop()

    with pytest.raises(Interrupted) as caught:
        counterfactuals(at.run, edits, measure, memory=memory, progress=progress)
    values = caught.value.result
    done = finished(values)
    assert values.shape == whole.shape == done.shape
    assert torch.allclose(values[done].double(), whole[done].double(), rtol=1e-12)
    assert bool((~done).any())
    assert bool(done.any()) == (after >= (1 if by == "measure" else 3))
    assert isinstance(caught.value, KeyboardInterrupt)


def test_long_jobs_go_in_short_walks_so_that_an_interrupt_loses_little() -> None:
    at = case("qwen2")
    site = Site(kind="neuron", layer=0, neuron=0, positions=(at.run.length - 1,))
    edits = [make.set_to(site, 0.001 * n) for n in range(WIDEST + 1)]

    def stop(_: str, share: float) -> None:
        if share > 0.9:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        counterfactuals(at.run, edits, logit(3), progress=stop)
    assert int(finished(caught.value.result).sum()) >= 0.9 * len(edits) - SHORT
    halves = [counterfactuals(at.run, part, logit(3)) for part in (edits[:600], edits[600:])]
    whole = counterfactuals(at.run, edits, logit(3))
    assert torch.allclose(whole, torch.cat(halves), rtol=1e-12)


def test_threads_take_turns() -> None:
    cases = [case("llama"), case("gpt_neo"), case("llama"), case("gemma2")]
    edits = [rows_at(at) for at in cases]
    expected = [counterfactuals(at.run, rows, logit(3)) for at, rows in zip(cases, edits, strict=True)]
    found: dict[int, Tensor] = {}
    slopes: dict[int, Tensor] = {}

    def work(n: int) -> None:
        at, leaf = cases[n], torch.zeros((), dtype=torch.float64, requires_grad=True)
        for _ in range(3):
            found[n] = counterfactuals(at.run, edits[n], logit(3), memory=4 * tiny_budget(at, edits[n]))
            shifted = [make.add(Site(kind="z", layer=1), leaf)]
            slopes[n] = gradients(at.run, shifted, logit(3), [leaf])[1][0]
            record(at.model, TOKENS[:4])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(cases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n, value in enumerate(expected):
        assert torch.allclose(found[n], value, rtol=1e-5, atol=1e-5)
    assert torch.equal(slopes[0], slopes[2])
    assert all(parameter.requires_grad for at in cases for parameter in at.module.parameters())


RESID = Site(kind="resid_post", layer=1, positions=(2, 5))


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([], "nothing to do: expected at least one intervention"),
        ([[]], "needs at least one edit"),
        ([make.set_to(RESID, torch.zeros(31))], r"takes a value of shape \(2, 32\), found \(31,\)"),
        ([make.set_to(RESID, torch.zeros(3, 32))], r"takes a value of shape \(2, 32\), found \(3, 32\)"),
        ([make.set_to(RESID, torch.zeros(1, 2, 32))], r"takes a value of shape \(2, 32\), found \(1, 2, 32\)"),
        ([make.add(Site(kind="neuron", layer=0, neuron=1), torch.zeros(8))], r"of shape \(9,\), found \(8,\)"),
        ([make.add(Site(kind="z", layer=0), torch.zeros(3, 8))], r"of shape \(9, 4, 8\), found \(3, 8\)"),
        ([make.add(Site(kind="key", layer=0), torch.zeros(4, 8))], r"of shape \(9, 2, 8\), found \(4, 8\)"),
        ([make.set_to(Site(kind="pattern", layer=0, head=0), torch.zeros(8))], r"of shape \(9, 9\), found \(8,\)"),
        ([make.set_to(RESID, torch.nan)], "not finite"),
        ([make.add(RESID, torch.full((32,), torch.inf))], "not finite"),
        ([make.project_out(RESID, torch.ones(8))], "has 32 numbers, found 8"),
        ([make.zero(Site(kind="resid_post", layer=3))], "There is no layer 3: expected 0 to 2"),
        ([make.zero(Site(kind="resid_post", layer=0, positions=(9,)))], "There is no position 9: expected 0 to 8"),
        ([[make.zero(RESID), make.zero(Site(kind="z", layer=0, head=9))]], "There is no head 9"),
    ],
)
def test_edits_that_do_not_fit_are_refused(edits: list, message: str) -> None:
    with pytest.raises(InputError, match=message):
        counterfactuals(case("llama").run, edits, logit(3))


@pytest.mark.parametrize("wrong", ["L0.H1", RESID, None, [make.zero(RESID), "L0.H1"]])
def test_what_is_no_edit_is_refused(wrong: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # a user's calls are not checked
    with pytest.raises(InputError, match=r"Expected an edit, such as edits.zero\('L3.H1'\), or several; found"):
        counterfactuals(case("llama").run, [wrong], logit(3))  # type: ignore[list-item]


def test_a_direction_for_a_number_is_refused_in_words() -> None:
    """One number has no direction: the message must not say that it has 1 number, and 1 was found."""
    for width in (1, 3):
        edits = [make.project_out(Site(kind="neuron", layer=0, neuron=1), torch.ones(width))]
        with pytest.raises(InputError, match=r"L0\.N1") as caught:
            counterfactuals(case("llama").run, edits, logit(3))
        assert "has 1 numbers, found 1" not in str(caught.value)


def test_budgets_that_are_too_small_are_refused() -> None:
    at = case("llama")
    with pytest.raises(InputError, match=r"too small for one intervention \(L1 resid_post @ 2,5\), which needs about"):
        counterfactuals(at.run, [make.zero(RESID)], logit(3), memory=1000)
    with pytest.raises(InputError, match="positive amount of memory, found 0"):
        counterfactuals(at.run, [make.zero(RESID)], logit(3), memory=0)
    counterfactuals(at.run, [make.zero(RESID)], logit(3), memory=tiny_budget(at, [make.zero(RESID)]))
    with pytest.raises(InputError, match="Position 9 is outside the prompt: expected -9 to 8"):
        counterfactuals(at.run, [make.zero(RESID)], logit(3), at=(9,))
