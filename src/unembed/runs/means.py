"""Means of sites over texts: what a part does on average, where its zero would be an unusual value."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.sites import Site
from unembed.progress import Progress, silent
from unembed.runs.record import record


@torch.no_grad()
def means(
    model: Model, texts: Iterable[str | Sequence[int]], sites: Sequence[Site], progress: Progress = silent
) -> list[Tensor]:
    """The mean of each site over all positions of all texts, in float64: one `*value` a site, whatever its positions.

    Raises:
        InputError: no text, or a bad one; a whole pattern of texts that differ in length; no such site.
    """
    everywhere = [replace(site, positions=None) for site in sites]
    totals: list[Tensor] = []
    count, texts = 0, list(texts)
    for done, text in enumerate(texts):
        progress("mean over texts", done / len(texts))
        run = record(model, text)
        found = [run.at(site).double() for site in everywhere]
        sums = [rows.sum(0) for rows in found]
        if totals and [a.shape for a in totals] != [b.shape for b in sums]:
            raise InputError("The mean of a whole pattern needs prompts of one length; or name one source.")
        totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else sums
        count += len(found[0])
    if not count:
        raise InputError("A mean needs a text: expected at least one prompt.")
    return [total / count for total in totals]
