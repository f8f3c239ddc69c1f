"""edits: what an intervention does to a site. Every edit is affine in the value `x` it finds there:

    x  ->  factor * x - sum_j (x . u_j) u_j + shift

so a whole batch of edits is applied in a few array operations, and gradients flow to `shift`.
An intervention is one edit or several; edits of one site are applied in their order.

Each function takes a `Site`, a `Part`, or the name of one: `zero("L23.H4")`, `add("L12 resid_post @ -1", direction)`. A
part, and a name without `@`, is meant at all positions, as a site without positions is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from unembed.errors import InputError
from unembed.models.model import Model
from unembed.models.parts import Address, site_of
from unembed.models.prompts import absolute_position
from unembed.models.reprs import Brief
from unembed.models.sites import Site, places_of, resolve
from unembed.runs.means import means
from unembed.runs.run import Run
from unembed.seeds import generator

__all__ = ["Edit", "add", "hide", "mean", "noise", "project_out", "scale", "set_to", "swap", "zero"]


@dataclass(frozen=True, eq=False, repr=False)
class Edit(Brief):
    """An affine edit of a site. Made by the functions of this module."""

    site: Site
    factor: float = 1.0
    shift: Tensor | None = None
    """Added: broadcasts to `position *value` of the site."""
    remove: Tensor | None = None
    """Orthonormal directions that are projected out: `direction value`."""
    what: str = "edit"
    hides: bool = False
    """Whether it is of the score behind an entry of a pattern, and the softmax is taken after it (`hide`)."""

    def apply(self, x: Float[Tensor, "position *value"]) -> Float[Tensor, "position *value"]:
        """What the edit makes of a value of its site: `factor * x - sum_j (x . u_j) u_j + shift`."""
        directions = None if self.remove is None else self.remove.to(x).expand(len(x), -1, -1)
        return affine(x, self.factor, directions, None if self.shift is None else self.shift.to(x))


def affine(
    x: Float[Tensor, "line *value"],
    factor: float | Tensor,
    directions: Float[Tensor, "line direction d"] | None,
    shift: Tensor | None,
) -> Float[Tensor, "line *value"]:
    """`factor * x - sum_j (x . u_j) u_j + shift`, each line with its own directions (along the last axis of `x`)."""
    out = x * factor
    if directions is not None:
        flat = x.reshape(len(x), -1, x.shape[-1])
        out = out - torch.einsum("lhd,lrd,lre->lhe", flat, directions, directions).reshape(x.shape)
    return out if shift is None else out + shift


Intervention = Edit | Sequence[Edit]


def zero(site: Address) -> Edit:
    """`x -> 0`."""
    return Edit(site_of(site), factor=0.0, what="zero")


def hide(site: Address) -> Edit:
    """Attention knockout: a head no longer sees a source token, and attends to the others in proportion.

        score(source) -> -inf,  so that  pattern(other) -> pattern(other) / (1 - pattern(source))

    (Geva et al. 2023, *Dissecting Recall of Factual Associations*). With a sink, what is left goes to it as well.
    `zero` of the same entry is another edit: what was attended to is missing, and the rest stays as it was.

    Args:
        site: an entry of a pattern, such as `L3.H2 pattern <- 4 @ 7`; without a head every head of the layer. At a
            position that sees no other token nothing is left to attend to.

    Raises:
        InputError: another kind of site, or all sources at once.
    """
    found = site_of(site)
    if found.kind not in ("pattern", "cross_pattern") or found.source is None:
        raise InputError(
            f"A head is kept from seeing a token: expected an entry of a pattern such as L3.H2 pattern <- 4; found "
            f"{found.label}."
        )
    return Edit(found, shift=torch.tensor(-torch.inf), what="hide", hides=True)


def scale(site: Address, factor: float) -> Edit:
    """`x -> factor * x`."""
    return Edit(site_of(site), factor=float(factor), what=f"scale by {factor:g}")


def set_to(site: Address, value: Tensor | float) -> Edit:
    """`x -> value`, which broadcasts to `position *value` of the site."""
    return Edit(site_of(site), factor=0.0, shift=torch.as_tensor(value), what="set")


def add(site: Address, value: Tensor | float) -> Edit:
    """`x -> x + value`, which broadcasts to `position *value` of the site."""
    return Edit(site_of(site), shift=torch.as_tensor(value), what="add")


def project_out(site: Address, directions: Float[Tensor, "..."]) -> Edit:
    """`x -> x - sum_j (x . u_j) u_j` with `u_j` an orthonormal basis of the directions.

    Raises:
        InputError: no direction, or only zeros.
    """
    rows = torch.as_tensor(directions)
    rows = (rows[None] if rows.ndim == 1 else rows).double()
    if rows.ndim != 2 or not bool(torch.isfinite(rows).all()):
        raise InputError(f"Expected directions of finite numbers, one a row, found shape {tuple(rows.shape)}.")
    rank = int(torch.linalg.matrix_rank(rows)) if rows.numel() else 0
    if rank == 0:
        raise InputError("There is no direction to project out: expected at least one that is not zero.")
    basis = torch.linalg.svd(rows, full_matrices=False).Vh[:rank]
    return Edit(site_of(site), remove=basis, what="project out")


def noise(site: Address, std: float, *, run: Run, seed: int = 0) -> Edit:
    """`x -> x + std * e`, with `e` standard normal numbers that depend on `seed` and the site's shape only."""
    shape = run.at(site).shape
    random = generator(seed)
    return replace(add(site, std * torch.randn(shape, generator=random, dtype=torch.float64)), what=f"noise {std:g}")


def swap(site: Address, source: Run, *, run: Run, align: Mapping[int, int] | None = None) -> Edit:
    """`x -> its value in another run`.

    Args:
        site: where: a site, a part, or the name of one.
        source: the other run.
        run: the run that is edited.
        align: from each position of the site to one of `source`; None pairs equal positions.

    Raises:
        InputError: the prompts differ in length and no map is given, or the map leaves a position out.
    """
    site = resolve(site_of(site), run.model, run.length)
    assert site.positions is not None
    if source.model.module is not run.model.module:
        raise InputError("The two runs are of different models: swaps need the same model.")
    mine, theirs = (places_of(site, r.model, r.length) for r in (run, source))
    if align is None:
        if mine != theirs:
            what = "prompts" if mine == run.length and theirs == source.length else "sources"
            raise InputError(
                f"The {what} do not align: {mine} and {theirs} tokens. "
                f"Give {what} of equal length, or a map of positions (align)."
            )
        align = {p: p for p in site.positions}
    pairs = {absolute_position(p, mine): absolute_position(q, theirs) for p, q in align.items()}
    missing = [p for p in site.positions if p not in pairs]
    if missing:
        raise InputError(f"The map of positions leaves out {missing}: every edited position needs its source.")
    order = [pairs[p] for p in site.positions]
    distinct = tuple(dict.fromkeys(order))
    found = source.at(replace(site, positions=distinct))
    return replace(set_to(site, found[[distinct.index(q) for q in order]]), what="swap")


def mean(site: Address, model: Model, prompts: Iterable[str | Sequence[int]]) -> Edit:
    """`x -> mean over all positions of all prompts` (mean ablation), see `means`."""
    return replace(set_to(site, means(model, prompts, [site_of(site)])[0]), what="mean")
