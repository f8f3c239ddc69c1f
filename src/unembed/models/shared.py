"""Layers that share a block: a module in which each layer has one of its own, with the same parameters.

ALBERT calls one block for each of its layers. Hooks are of a module, so they could not tell its layers apart. A twin of
the module is made instead, which has as many blocks as layers. Every parameter of it is the very one of the module that
was given: nothing is stored twice, and what changes a weight changes it in both, in each layer that shares it.
"""

import copy
from typing import Any

from torch import nn

from unembed.errors import ModelError
from unembed.models.family import Family, SharedBlocks


def with_own_blocks(module: Any, family: Family) -> Any:
    """A twin of a module whose layers share blocks; any other module as it is.

    Raises:
        ModelError: the parts are not where the row says.
    """
    row = family.shared_blocks
    if row is None:
        return module
    twin = _twin(module)
    try:
        groups = twin.get_submodule(family.blocks)
        order = [list(getattr(groups[i], row.inside)) for i in _called(twin.config, row)]
    except (AttributeError, TypeError, IndexError) as error:
        raise ModelError(
            f"Expected {family.blocks!r} of {type(module).__name__} to be groups of blocks that layers share, and "
            f"found otherwise ({error}).\nThe row of {family.model_type} names another part (docs/families.md)."
        ) from error
    called = [block for group in order for block in group]
    for name, value in ((row.layers, len(called)), (row.groups, len(called)), (row.blocks, 1)):
        setattr(twin.config, name, value)
    shell = groups[0]
    setattr(shell, row.inside, nn.ModuleList())
    own = [_twin(shell, twin.config) for _ in called]
    for group, block in zip(own, called, strict=True):
        getattr(group, row.inside).append(_twin(block, twin.config))
    parent, _, name = family.blocks.rpartition(".")
    setattr(twin.get_submodule(parent), name, nn.ModuleList(own))
    return twin


def _called(config: Any, row: SharedBlocks) -> list[int]:
    """Which group each layer calls, as the module picks it."""
    layers, groups = getattr(config, row.layers), getattr(config, row.groups)
    return [int(i / (layers / groups)) for i in range(layers)]


def _twin(module: nn.Module, *shared: Any) -> Any:
    """A copy of a module that shares its parameters and buffers, and what else is said."""
    return copy.deepcopy(module, {id(x): x for x in (*module.parameters(), *module.buffers(), *shared)})
