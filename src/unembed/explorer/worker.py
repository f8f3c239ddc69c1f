"""Worker: one thread that computes, one ask after the other, and streams what it says to whoever asked.

A model's hooks belong to its module, so runs of a process take turns anyway. Whoever leaves stops their own work: it
ends at its next report of progress, and never starts if it was still waiting.

Turns are fair. Clients take them in a round, however much each has asked. Those behind one address cannot be told
apart, so its turns alternate between what has waited longest and what came last: a thousand asks hold up nobody.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from unembed.errors import UnembedError
from unembed.progress import Progress

Event = tuple[str, Any]
"""`progress`, `result` or `error`, and its data."""
_EVERY = 0.05
"""Seconds between two reports of progress."""


class _Cancelled(Exception):  # noqa: N818  # it is no error
    """Nobody waits for this work any more."""


def failure(error: Exception) -> Event:
    """The event that tells whoever asked why there is no result. What is no error of `unembed` is logged as well."""
    if isinstance(error, UnembedError):
        return "error", {"message": str(error), "exit_code": error.exit_code}
    logging.getLogger(__name__).error("An ask failed", exc_info=error)
    reason = next(iter(str(error).splitlines()), "")
    message = f"Internal error, please report it: {type(error).__name__}: {reason}"
    return "error", {"message": message, "exit_code": UnembedError.exit_code}


@dataclass
class _Line:
    """What one client waits for."""

    jobs: deque[Callable[[], None]] = field(default_factory=deque)
    last_first: bool = False

    def take(self) -> Callable[[], None]:
        self.last_first = not self.last_first
        return self.jobs.popleft() if self.last_first else self.jobs.pop()


class _Turns:
    """Who waits, in the order of their next turns."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()

    def add(self, client: str, job: Callable[[], None]) -> None:
        with self._lock:
            self._lines.setdefault(client, _Line()).jobs.append(job)

    def next(self) -> Callable[[], None]:
        """The job whose turn it is; its client goes to the end of the round."""
        with self._lock:
            client = next(iter(self._lines))
            line = self._lines.pop(client)
            job = line.take()
            if line.jobs:
                self._lines[client] = line
            return job


class Worker:
    """Runs work on a thread of its own."""

    def __init__(self) -> None:
        self._turns = _Turns()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="unembed")
        self._closed = threading.Event()

    def close(self) -> None:
        """Stop what runs, and start nothing that waits."""
        self._closed.set()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def stream(
        self, work: Callable[[Progress], Any], gone: Awaitable[None], client: str | None = None
    ) -> AsyncIterator[Event]:
        """The events of some work, the last of them its result or error; none after `gone` has come.

        Args:
            work: takes a progress callback.
            gone: comes when nobody waits for it any more.
            client: who asks, as far as one can tell.
        """
        loop, events, left = asyncio.get_running_loop(), asyncio.Queue[Event | None](), threading.Event()

        def tell(event: Event | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(events.put_nowait, event)

        def leave(_: object) -> None:
            left.set()
            events.put_nowait(None)

        watch = asyncio.ensure_future(gone)
        watch.add_done_callback(leave)
        self._turns.add(client or "", partial(self._do, work, tell, left))
        self._thread.submit(lambda: self._turns.next()())  # as many turns as jobs
        try:
            while (event := await events.get()) is not None:
                yield event
                if event[0] != "progress":
                    return
        finally:
            left.set()
            watch.remove_done_callback(leave)
            watch.cancel()

    def _do(self, work: Callable[[Progress], Any], tell: Callable[[Event | None], None], left: threading.Event) -> None:
        try:
            tell(("result", work(self._reporting(tell, left))))
        except _Cancelled:
            tell(None)
        except Exception as error:  # noqa: BLE001  # one ask that fails must not end the server
            tell(failure(error))

    def _reporting(self, tell: Callable[[Event | None], None], left: threading.Event) -> Progress:
        """What work calls to report its progress, which ends it once nobody waits."""
        told = 0.0

        def progress(stage: str, fraction: float) -> None:
            nonlocal told
            if left.is_set() or self._closed.is_set():
                raise _Cancelled
            if time.monotonic() - told > _EVERY:
                told = time.monotonic()
                tell(("progress", {"stage": stage, "fraction": fraction}))

        progress("starting", 0.0)
        return progress
