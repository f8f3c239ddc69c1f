"""Shards: which share of a study a process does, for schedulers that start many."""

import re

from unembed.errors import InputError


def parse_shard(shard: str | tuple[int, int] | None) -> tuple[int, int]:
    """Which share, and of how many: `2/4`, counted from 1.

    Raises:
        InputError: it is none.
    """
    if shard is None:
        return 1, 1
    match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", shard) if isinstance(shard, str) else None
    which = (int(match[1]), int(match[2])) if match else shard
    if isinstance(which, str) or not 1 <= which[0] <= which[1]:
        raise InputError(f"Expected a shard such as 2/4, counted from 1/4 to 4/4; found {shard!r}.")
    return which
