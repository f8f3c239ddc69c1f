"""cluster: the parts of a study made by the workers of a Ray cluster, one worker a device.

Each worker is an actor of Ray Data's pool. It is given the plan, with the model in it, once, and answers with the
bytes of a part; the process that was called writes them. So workers need no disk of their own, and the folder and its
manifest stay the only record of what is done. A worker that dies is started again, and its part asked again.
"""

import importlib
import importlib.metadata
import logging
import math
import os
import socket
import warnings
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from queue import Empty, Queue
from threading import Thread
from typing import Any

from unembed.engine.memory import budget
from unembed.errors import InputError, ModelError, UnembedError, counted
from unembed.methods.studies.making import Tell, make_part
from unembed.methods.studies.parts import STAYS
from unembed.methods.studies.plan import Plan

_ENGINES = ("local", "ray")
"""What may make the parts of a study, by its word."""
_TRIES = 3
"""How often a part that its worker did not survive is asked again."""
_PATIENCE = 10
"""Seconds that a cluster has to answer."""
_MISSES = 2
"""How often in succession it may fail to."""
_Part = tuple[int, bytes]
"""The number of a part, and the bytes of its file."""


@dataclass(frozen=True)
class Ray:
    """A Ray cluster whose workers make the parts of a study."""

    address: str | None = None
    """Of the cluster, such as `10.0.0.1:6379`; None takes the one that `RAY_ADDRESS` names, or starts one here."""
    workers: int | None = None
    """How many; None takes one a GPU where the model is on one, else one a machine."""

    def __post_init__(self) -> None:
        if self.workers is not None:
            counted(self.workers, "a number of workers", least=1)

    def made(self, plan: Plan, tell: Tell) -> Generator[_Part, None, None]:
        """The parts that a plan has left to make, each with its number, as they are finished.

        Raises:
            InputError: ray is not installed, or there is no such cluster.
            ModelError: the cluster is lost, or a worker cannot make a part.
        """
        if plan.todo:
            with _connected(self.address) as ray, _told_for_a_person(ray):
                made = _made_by_workers(ray, plan, self.workers)
                for index, held in _watched(made, ray.get_runtime_context().gcs_address):
                    yield index, held
                    tell(sum(plan.lengths[row] for row in plan.parts[index]))


def engine_of(engine: str | Ray) -> Ray | None:
    """What makes the parts; None is this process.

    Raises:
        InputError: it is none.
    """
    if isinstance(engine, Ray):
        return engine
    if engine not in _ENGINES:
        raise InputError(f"Expected an engine of {', '.join(_ENGINES)}, found {engine!r}.")
    return None if engine == "local" else Ray()


def _ray() -> Any:
    try:
        importlib.import_module("ray.data")
    except ImportError as error:
        raise InputError("Ray is not installed here: pip install 'unembed[ray]', on every machine.") from error
    return importlib.import_module("ray")


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    """Ray, as it is connected already, or for the time of this work."""
    address = address or os.environ.get("RAY_ADDRESS")
    _knock(address)
    ray = _ray()
    if ray.is_initialized():
        yield ray
        return
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except Exception as error:  # Ray raises plain ones where a node does not start
        raise _unreached(address, error) from error
    there = ray.get_runtime_context().gcs_address
    try:
        yield ray
    finally:
        if _answers(there):  # a cluster that is lost would be waited for
            ray.shutdown()


def _knock(address: str | None) -> None:
    """Refuse a host and port at which nobody answers, for which Ray itself waits minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
        except (OSError, OverflowError) as error:
            raise _unreached(address, error) from error


def _answers(address: str) -> bool:
    try:
        _knock(address)
    except InputError:
        return False
    return True


def _watched(parts: Iterator[_Part], address: str) -> Iterator[_Part]:
    """The parts, while somebody answers at the cluster's address: Ray itself ends the process that lost a cluster.

    Raises:
        ModelError: nobody answers, twice in succession.
    """
    found: Queue[_Part | BaseException | None] = Queue(maxsize=1)
    Thread(target=_into, args=(parts, found), daemon=True).start()
    misses = 0
    while misses < _MISSES:
        try:
            each = found.get(timeout=_PATIENCE)
        except Empty:
            misses = 0 if _answers(address) else misses + 1
            continue
        if each is None:
            return
        if isinstance(each, BaseException):
            raise each
        yield each
    raise ModelError(f"The Ray cluster was lost: nobody answers at {address}.\n{STAYS}")


def _into(parts: Iterator[_Part], found: "Queue[_Part | BaseException | None]") -> None:
    try:
        for each in parts:
            found.put(each)
        found.put(None)
    except BaseException as error:  # noqa: BLE001  # it is raised where the parts are awaited
        found.put(error)


def _unreached(address: str | None, error: Exception) -> InputError:
    where = "a Ray cluster here" if address is None else f"the Ray cluster at {address}"
    said = next(iter(str(error).splitlines()), type(error).__name__)
    return InputError(
        f"Cannot reach {where}: {said}\nCheck that it runs (`ray status`), its address, and where it asks for a token "
        "RAY_AUTH_MODE=token."
    )


@contextmanager
def _told_for_a_person(ray: Any) -> Iterator[None]:
    """What Ray raises while the work goes on, as a `ModelError` that says what was lost."""
    lost = (ray.exceptions.RayError, ray.data.exceptions.SystemException, ConnectionError, TimeoutError)
    try:
        yield
    except lost as error:
        raise ModelError(f"{_why(ray, error)}\n{STAYS}") from error


def _why(ray: Any, error: BaseException) -> str:
    causes = [error]
    while (cause := getattr(causes[-1], "cause", None) or causes[-1].__cause__) is not None:
        causes.append(cause)
    if any(isinstance(each, ray.exceptions.OutOfMemoryError) for each in causes):
        return f"A worker ran out of memory, {_TRIES + 1} times: fewer workers a machine, or a smaller --memory."
    if any(isinstance(each, ray.exceptions.RayActorError) for each in causes):
        return (
            f"A worker died {_TRIES + 1} times at the same part, most likely for want of memory: fewer workers a "
            "machine, or a smaller --memory."
        )
    said = next((line for line in str(causes[-1]).splitlines() if line.strip()), type(error).__name__)
    return f"The Ray cluster was lost, or a worker could not go on: {said}"


def _made_by_workers(ray: Any, plan: Plan, workers: int | None) -> Iterator[_Part]:
    """Each part, from the worker that is free for it."""
    count, needs, share = _pool(ray, plan, workers)
    given = {"plan": ray.put(plan), "versions": plan.manifest["versions"], "share": share}
    with _quietly(ray):
        asked = ray.data.from_items([{"part": index} for index in plan.todo], override_num_blocks=len(plan.todo))
        made = asked.map_batches(
            Worker,
            fn_constructor_kwargs=given,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=count, max_tasks_in_flight_per_actor=1),
            max_restarts=-1,
            max_task_retries=_TRIES,
            **needs,
        )
    for batch in made.iter_batches(batch_size=None, prefetch_batches=0, batch_format="pyarrow"):
        for row in batch.to_pylist():
            if row["refused"] is not None:
                raise ModelError(f"A worker could not make a part: {row['refused']}\n{STAYS}")
            yield row["part"], row["held"]


@contextmanager
def _quietly(ray: Any) -> Iterator[None]:
    """Ray Data's own bars and warnings left out: a study tells how far it is."""
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what is wrong is told here
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    with ray.data.DataContext.current(context), warnings.catch_warnings():
        # How often a task is tried has no named parameter; the upper bound of `ray` in pyproject.toml is where it goes.
        warnings.simplefilter("ignore", ray.util.annotations.RayDeprecationWarning)
        yield


def _pool(ray: Any, plan: Plan, workers: int | None) -> tuple[int, dict[str, float], int]:
    """How many workers, what each needs of the cluster, and how many of them share a machine's memory.

    Raises:
        InputError: there is no GPU for the workers.
    """
    there, machines = ray.cluster_resources(), sum(node["Alive"] for node in ray.nodes())
    if plan.model.device.type == "cuda":
        gpus = int(there.get("GPU", 0))
        if not gpus:
            raise InputError("The model is on a GPU, and the cluster has none: load it with --device cpu.")
        return min(workers or gpus, len(plan.todo)), {"num_gpus": min(1.0, gpus / (workers or gpus))}, 1
    count = workers or machines
    cores = there.get("CPU", 1) / count
    return min(count, len(plan.todo)), {"num_cpus": math.floor(cores) or cores}, math.ceil(count / machines)


class Worker:
    """What an actor of the pool does: it holds the plan, and makes parts of it."""

    def __init__(self, plan: Any, versions: Mapping[str, str], share: int) -> None:
        """Nothing is raised here: an actor that cannot be made is one that Ray makes again."""
        self._given, self._versions, self._share = plan, versions, share
        self._plan: Plan | None = None

    def __call__(self, batch: Mapping[str, Any]) -> Mapping[str, list[Any]]:
        """The bytes of a part, or why it cannot be made."""
        index = int(batch["part"][0])
        held, refused = None, self._other_versions() or self._why_no_plan()
        if refused is None:
            assert self._plan is not None
            try:
                held = make_part(self._plan, index, lambda tokens: None)
            except UnembedError as error:
                refused = str(error)
        return {"part": [index], "held": [held], "refused": [refused]}

    def _why_no_plan(self) -> str | None:
        """Unpack the plan, once; a model may be of a class that is not there."""
        if self._plan is None:
            import ray

            try:
                plan: Plan = ray.get(self._given)
            except Exception as error:  # noqa: BLE001  # whatever unpacking raises
                return f"the model cannot be sent there: {next(iter(str(error).splitlines()), type(error).__name__)}"
            self._plan = replace(plan, memory=min(plan.memory, budget(plan.model, None) // self._share))
        return None

    def _other_versions(self) -> str | None:
        """What differs from where the study was begun; numbers may then differ as well."""
        for name, version in self._versions.items():
            if (found := importlib.metadata.version(name)) != version:
                return f"expected {name} {version} on every machine, found {found} on a worker's"
        return None
