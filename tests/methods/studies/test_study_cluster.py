"""A study by the workers of a Ray cluster: what one process makes, whatever becomes of a worker.

What a worker does is tried in this process. A cluster of two workers takes a minute of processor: `slow`.
"""

import pickle
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Timer
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

import unembed
from builders.clusters import Deadly, cluster
from builders.random_models import build
from builders.words import WORDS, make_tokenizer
from unembed.errors import InputError, ModelError
from unembed.methods.studies import cluster as cluster_of
from unembed.methods.studies import plan as plans
from unembed.methods.studies.cluster import Worker
from unembed.methods.studies.making import make_part
from unembed.methods.studies.plan import Plan, plan_study
from unembed.methods.studies.prompt_files import prompts_of
from unembed.methods.studies.study import study
from unembed.methods.studies.tasks import Task

DEADLY = "Paris"


def model(hook: Deadly | None = None) -> unembed.Model:
    module = build("gpt2", layers=2)
    if hook is not None:
        module.get_input_embeddings().register_forward_pre_hook(hook)
    return unembed.wrap(module, make_tokenizer())


ROWS: list[dict[str, Any]] = [
    {"prompt": f"the capital of {' '.join(WORDS[5 : 6 + i % 3])} is", "group": "ab"[i % 2], "place": i}
    | ({"corrupt": f"the capital of {' '.join(WORDS[6 : 7 + i % 3])} is"})
    for i in range(11)
] + [{"prompt": "", "corrupt": None, "group": "a", "place": 11}]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch) -> None:
    monkeypatch.setattr(plans, "_FEWEST", 2)


@pytest.fixture
def sent(monkeypatch) -> None:
    """Ray hands an actor what was put for it."""
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get=lambda held: pickle.loads(held)))


def planned(folder: Path, task: Task | None = None) -> Plan:
    return plan_study(model(), prompts_of(ROWS), task or Task(test=False), folder)


@pytest.mark.parametrize("task", [Task(test=False), Task("heads", how="mean-position")], ids=lambda task: task.do)
def test_a_worker_answers_with_the_bytes_that_are_made_here(sent, tmp_path, task: Task) -> None:
    plan = planned(tmp_path, task)
    worker = Worker(pickle.dumps(plan), plan.manifest["versions"], share=1)
    for index in plan.todo:
        answer = worker({"part": [index]})
        assert answer == {"part": [index], "held": [make_part(plan, index, lambda _: None)], "refused": [None]}


def test_workers_of_one_machine_share_its_memory(sent, tmp_path) -> None:
    plan = planned(tmp_path)
    alone, shared = (Worker(pickle.dumps(plan), {}, share=share) for share in (1, 1000))
    assert alone({"part": [0]}) == shared({"part": [0]})
    assert alone._plan is not None
    assert shared._plan is not None
    assert shared._plan.memory < alone._plan.memory / 100


def test_a_worker_that_cannot_unpack_the_model_says_so(sent) -> None:
    answer = Worker(b"cnowhere\nModel\n.", {}, share=1)({"part": [3]})
    said = "the model cannot be sent there: No module named 'nowhere'"
    assert answer == {"part": [3], "held": [None], "refused": [said]}


def test_a_worker_of_other_versions_makes_nothing(sent, tmp_path) -> None:
    answer = Worker(b"", {"torch": "1.0"}, share=1)({"part": [0]})
    assert answer["held"] == [None]
    assert answer["refused"][0].startswith("expected torch 1.0 on every machine, found ")


def test_what_is_no_engine_is_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(InputError, match="Expected an engine of local, ray, found 'spark'"):
        study(model(), ROWS, out=tmp_path / "s", engine="spark")
    with pytest.raises(InputError, match="Expected a number of workers"):
        unembed.Ray(workers=0)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match="Ray is not installed here: pip install"):
        study(model(), ROWS, out=tmp_path / "s", test=False, engine="ray")


def test_a_cluster_that_does_not_answer_is_told_at_once(tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(InputError, match=f"Cannot reach the Ray cluster at {address}: .*refused.*\nCheck that it runs"):
        study(model(), ROWS, out=tmp_path / "s", test=False, engine=unembed.Ray(address=address))


def test_a_cluster_that_is_lost_is_told_and_what_it_made_is_kept(monkeypatch) -> None:
    monkeypatch.setattr(cluster_of, "_PATIENCE", 0.05)
    hung = Event()

    def made(then: Exception | None = None) -> Iterator[tuple[int, bytes]]:
        yield 0, b"first"
        if then is not None:
            raise then
        hung.wait()
        yield 1, b"late"

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        Timer(0.5, hung.set).start()  # ten times the patience: a cluster that answers is waited for
        assert list(cluster_of._watched(made(), address)) == [(0, b"first"), (1, b"late")]
        with pytest.raises(ModelError, match="a fault of a worker"):
            list(cluster_of._watched(made(ModelError("a fault of a worker")), address))
    hung.clear()
    parts = cluster_of._watched(made(), address)
    assert next(parts) == (0, b"first")
    with pytest.raises(ModelError, match=f"was lost: nobody answers at {address}.\nWhat is finished stays"):
        next(parts)
    hung.set()


@pytest.fixture(scope="module")
def ray(tmp_path_factory) -> Iterator[Any]:
    with cluster(tmp_path_factory.mktemp("lean"), 2) as running:
        yield running


def whole(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "part-*.parquet").sort("row")


@pytest.mark.slow
def test_a_study_whose_worker_is_killed_in_the_middle_is_the_one_made_here(ray, tmp_path) -> None:
    killed = tmp_path / "killed"
    told: list[float] = []
    workers = model(Deadly(WORDS.index(DEADLY), once=killed))
    found = study(
        workers,
        ROWS,
        out=tmp_path / "workers",
        test=False,
        engine=unembed.Ray(workers=2),
        progress=lambda _, share: told.append(share),
    )
    assert killed.exists()
    assert found.complete
    assert told == sorted(told)
    assert told[-1] == 1.0
    study(model(), ROWS, out=tmp_path / "here", test=False)
    assert whole(tmp_path / "workers").equals(whole(tmp_path / "here"))


@pytest.mark.slow
def test_a_part_that_no_worker_survives_is_told_and_the_rest_stays(ray, tmp_path) -> None:
    with pytest.raises(ModelError, match=r"A worker died 4 times at the same part.*\nWhat is finished stays"):
        study(
            model(Deadly(WORDS.index(DEADLY))),
            ROWS,
            out=tmp_path / "workers",
            test=False,
            engine=unembed.Ray(workers=2),
        )
    assert study(model(), ROWS, out=tmp_path / "workers", test=False).complete
    study(model(), ROWS, out=tmp_path / "here", test=False)
    assert whole(tmp_path / "workers").equals(whole(tmp_path / "here"))
