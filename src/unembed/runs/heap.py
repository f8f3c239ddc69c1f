"""heap: how much memory there is, and what a long prompt no longer needs goes back to the system after each block.

What a run keeps of a block lies between what the block only needed for a moment. glibc holds on to the freed memory
around it and puts the larger tensors of the next block elsewhere, so that a long run would peak at a multiple of what
it keeps. `malloc_trim` gives back every free page. (A fixed threshold from which tensors are mapped on their own, as
`MALLOC_MMAP_THRESHOLD_` sets it, gives back as much, at more page faults and for all that the process does.)
"""

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache

import torch

from unembed.models.hooks import on_output
from unembed.models.model import Model

LEAST = 1024
"""Tokens of a prompt from which on memory is given back: at 320 it costs a fifth of the time, for a few megabytes."""


def trimming(stack: ExitStack, model: Model, length: int) -> None:
    """Give freed memory back after each block of a model that runs a long prompt on the CPU, until `stack` closes.

    Nothing is done where the C library is not glibc.
    """
    trim = _trim()
    if trim is None or length < LEAST or model.device.type != "cpu":
        return
    for block in model.blocks:
        on_output(stack, block.module, lambda _: trim())


def room(device: torch.device) -> int:
    """Bytes of memory that a device has in all; more than anyone asks for, where that is not known."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return sys.maxsize
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@cache
def _trim() -> Callable[[], None] | None:
    found = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if found is None:
        return None

    def trim() -> None:
        found(ctypes.c_size_t(0))

    return trim
