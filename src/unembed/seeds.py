"""Seeds of what is drawn at random."""

import torch

from unembed.errors import InputError

LARGEST = 2**63 - 1
"""What torch takes."""


def generator(seed: int) -> torch.Generator:
    """A generator of random numbers on the CPU.

    Raises:
        InputError: the seed is negative or above `LARGEST`.
    """
    if not 0 <= seed <= LARGEST:
        raise InputError(f"Expected a seed from 0 to {LARGEST}, found {seed}.")
    return torch.Generator().manual_seed(seed)
