"""Means of sites over texts: what a part does on average, where its zero would be an unusual value."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.read_source import with_source
from unembed.models.sites import Site
from unembed.progress import Progress, silent
from unembed.runs.encoder import record_source
from unembed.runs.record import record


@torch.no_grad()
def means(
    model: Model, texts: Iterable[str | Sequence[int]], sites: Sequence[Site], progress: Progress = silent
) -> list[Tensor]:
    """The mean of each site over all positions of all texts, in float64: one `*value` a site, whatever its positions.

    Texts are prompts; for a site inside an encoder they are sources.

    Raises:
        InputError: no text, or a bad one; a whole pattern of texts that differ in length; no such site.
    """
    everywhere = [replace(site, positions=None) for site in sites]
    totals: list[Tensor] = []
    counts, texts = [0] * len(sites), list(texts)
    for done, text in enumerate(texts):
        progress("mean over texts", done / len(texts))
        found = _values(model, text, everywhere)
        sums = [rows.sum(0) for rows in found]
        if totals and [a.shape for a in totals] != [b.shape for b in sums]:
            raise InputError("The mean of a whole pattern needs prompts of one length; or name one source.")
        totals = [a + b for a, b in zip(totals, sums, strict=True)] if totals else sums
        counts = [count + len(rows) for count, rows in zip(counts, found, strict=True)]
    if not texts:
        raise InputError("A mean needs a text: expected at least one prompt.")
    return [total / count for total, count in zip(totals, counts, strict=True)]


def _values(model: Model, text: str | Sequence[int], sites: Sequence[Site]) -> list[Tensor]:
    """What each site holds in the run of a text, or in the encoder's run of the text as a source."""
    inside = any(site.encoder for site in sites)
    source = record_source(with_source(model, text), calls=True) if inside else None
    run = None if all(site.encoder for site in sites) else record(model, text)
    found = [(source, replace(site, encoder=False)) if site.encoder else (run, site) for site in sites]
    return [read.at(site).double() for read, site in found if read is not None]
