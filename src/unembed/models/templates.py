"""run_bounded: a chat template is a program of a model's makers, and runs with little time and memory.

`transformers` runs it in jinja's sandbox, from which it reaches no file and no code. But it may loop for ever, or
multiply a text until it fills the memory.
"""

import importlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

_SECONDS = 5.0
_MEMORY = 2**28
_LONGEST = 10**7
"""Characters of a rendered chat, and of a product within it."""
_BITS = 10**5
"""Of a product or power of whole numbers."""


class _OutOfBounds(Exception):  # noqa: N818  # the message is the reason
    """A template that took more than it may."""


class _Late(BaseException):
    """The time is over; no `Exception`, since jinja goes on after those of what it computes beforehand."""


def run_bounded(render: Callable[[], str]) -> str:
    """What `render` returns, which runs a template: within `_SECONDS`, and in the main thread on Linux
    within `_MEMORY` bytes.

    Raises:
        Exception: what the template raises; or it took more, which the message tells.
    """
    try:
        with _guarded_products(), _memory(), _time():
            text = render()
    except _Late as error:
        raise _OutOfBounds(f"it runs for more than {_SECONDS:g} seconds") from error
    except MemoryError as error:
        raise _OutOfBounds(f"it takes more than {_MEMORY >> 20} MiB of memory") from error
    if len(text) > _LONGEST:
        raise _OutOfBounds(f"it writes {len(text)} characters")
    return text


@contextmanager
def _time() -> Iterator[None]:
    """Look at the clock at each line of Python, which a compiled template is: a thread cannot be stopped otherwise.

    Only at lines of the template and of jinja: Python stops tracing once `look` raises, and swallows what is raised
    within a callback of the garbage collector, after which nothing would stop the template.
    """
    end, before = time.monotonic() + _SECONDS, sys.gettrace()

    def look(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != "<template>" and not frame.f_globals.get("__name__", "").startswith("jinja2"):
            return None
        if time.monotonic() > end:
            raise _Late
        return look

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def _memory() -> Iterator[None]:
    """Lower the limit of this process to what it uses now and `_MEMORY`; a request for more is an error.

    The limit holds for every thread, so a server, which renders in one of many, goes without it.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    limits = [limit for limit in (used + _MEMORY, *before) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def _guarded_products() -> Iterator[None]:
    """Refuse products and powers too large before they are computed: within one, no clock is looked at."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Guarded(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            if _too_large(operator, left, right):
                raise _OutOfBounds("it multiplies texts or numbers until they are too large")
            return super().call_binop(context, operator, left, right)

    library: Any = importlib.import_module("transformers.utils.chat_template_utils")
    before = library.ImmutableSandboxedEnvironment
    library.ImmutableSandboxedEnvironment = Guarded
    try:
        yield
    finally:
        library.ImmutableSandboxedEnvironment = before


def _too_large(operator: str, left: Any, right: Any) -> bool:
    """Whether a product or power is a number of more than `_BITS`, or a text or list of more than `_LONGEST` items."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length()
        return (bits * right if operator == "**" else bits + right.bit_length()) > _BITS
    if isinstance(left, int):
        left, right = right, left
    return hasattr(left, "__len__") and isinstance(right, int) and len(left) * right > _LONGEST
