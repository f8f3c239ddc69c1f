"""A structure as a row: what the recorder, the ledger and the load check of this package follow."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from unembed.errors import ModelError
from unembed.models.family import Family
from unembed.models.inference.structure import Structure, Write

_Path = TypeVar("_Path", str | None, tuple[str, ...])
_CONTEXTS = ("max_position_embeddings", "max_target_positions")
"""The configuration values that limit the length of a prompt."""


def row_of(structure: Structure, config: Any) -> Family:
    """The row of a structure; with a row for each class of blocks, where these do not write by the same modules.

    Raises:
        ModelError: it has something that no row can tell; the message says what.
    """
    classes = sorted({write.block_class for write in structure.writes})
    try:
        return _row(structure, config)
    except ModelError:
        if len(classes) == 1:
            raise
    own = {x: tuple(write for write in structure.writes if write.block_class == x) for x in classes}
    rows = {x: _row(replace(structure, writes=writes), config) for x, writes in own.items()}
    first = next((row for row in rows.values() if row.heads is not None), rows[classes[0]])
    frozen = tuple(dict.fromkeys(kind for row in rows.values() for kind in row.frozen_in_heads))
    return replace(first, frozen_in_heads=frozen, of_class=tuple(rows.items()))


def _row(structure: Structure, config: Any) -> Family:
    model_type, config = config.model_type, _of_text(config)
    heads, neurons, experts = structure.of("heads"), structure.of("neurons"), structure.of("experts")
    whole = structure.of("whole")
    mixtures = {write.block: write.module for write in experts}
    shared = [write for write in neurons if mixtures.get(write.block) == write.module]
    dense = [write for write in neurons if write not in shared]
    _check(structure)
    mixers = tuple(dict.fromkeys(x.sublayer for x in structure.of("mixer")))
    mixing = _same("attention write", (x.module for x in heads)) or next(iter(mixers), None)
    thinking = _same("MLP write", (x.module for x in (*dense, *experts, *whole))) or mixing
    if mixing is None or thinking is None:
        raise _untold("no block mixes tokens")
    return Family(
        model_type=model_type,
        inferred=True,
        blocks=structure.blocks,
        final_norm=structure.final_norm,
        embedding=structure.embedding,
        position_embedding=structure.positions,
        computed_positions=structure.computed_positions,
        token_type_embedding=structure.token_types,
        adds_position_first=structure.adds_position_first,
        first_position=structure.first_position,
        embedding_norm=_embedding_norm(structure),
        embedding_projection=structure.embedding_projection,
        prediction_head=structure.head,
        attention=_same("attention", (x.attends for x in heads)) or mixing,
        attention_input_norm=_same("norm that attention reads through", (x.input_norm for x in heads)),
        output_projection=_same("output projection", (x.matrix for x in heads)),
        down_projection=_same("down projection", (x.matrix for x in dense or experts)),
        experts=_same("experts", (x.matrix for x in experts)),
        mixers=mixers,
        mixer_matrices=_matrices(structure, mixers),
        mixing_class=_mixing_class(structure, mixers),
        whole_mlp=_same("MLP", (x.sublayer for x in whole)),
        may_lack_mlp=not structure.all_blocks <= {x.block for x in (*dense, *experts, *whole)},
        writes=(mixing, thinking),
        shared_experts=_same("shared experts", (x.matrix for x in shared)),
        gates_shared=any(x.gated for x in shared),
        frozen_in_heads=tuple(dict.fromkeys(kind for x in heads for kind in x.frozen)),
        observed_attention=structure.observed,
        write_scale=structure.writes[0].scale,
        embedding_scale=None if structure.embedding_scale == 1 else structure.embedding_scale,
        unembedding_scale=structure.unembedding_scale,
        logit_multiplier=structure.logit_scale,
        stream_norms=structure.stream_norms,
        entering_norm=structure.entering_norm,
        middle=structure.middle if structure.gains or structure.gated_reads else None,
        gains=structure.gains,
        gated_reads=structure.gated_reads,
        skipped=structure.skipped,
        stream_scale=structure.stream_scale,
        attention_beside=_same("what writes beside attention", (x.beside for x in structure.of("mixer"))) or (),
        mlp_beside=_same("what writes beside the MLP", (x.beside for x in whole)) or (),
        parallel=structure.parallel,
        writes_meet_first=structure.meets_first,
        logit_softcap=_named_cap(structure, config),
        heads=_named_heads(heads, config),
        context=next((name for name in _CONTEXTS if getattr(config, name, None) is not None), _CONTEXTS[0]),
    )


def _matrices(structure: Structure, mixers: Sequence[str]) -> tuple[str | None, ...]:
    """The output matrix of each mixer, where what it takes from each token is told apart in every block."""
    found = [[x for x in structure.of("mixer") if x.sublayer == mixer] for mixer in mixers]
    one = [all(x.splits and x.matrix == writes[0].matrix for x in writes) for writes in found]
    return tuple(writes[0].matrix if known else None for writes, known in zip(found, one, strict=True))


def _mixing_class(structure: Structure, mixers: Sequence[str]) -> str | None:
    """The class of a mixer that has the name of attention."""
    if not mixers or mixers[0] not in {x.sublayer for x in structure.of("heads")}:
        return None
    return _same("class of mixers", (x.made_by for x in structure.of("mixer")))


def _embedding_norm(structure: Structure) -> str | None:
    """The norm of the embeddings, which may stand at the beginning of the first block."""
    if structure.entering_norm is None:
        return structure.embedding_norm
    if structure.embedding_norm is not None:
        raise _untold("its embeddings go through two norms")
    return f"{structure.blocks}.0.{structure.entering_norm}"


def _of_text(config: Any) -> Any:
    """The configuration of the language model, which may be a part of the module's."""
    return config if hasattr(config, "num_attention_heads") else config.get_text_config()


def _check(structure: Structure) -> None:
    scales = {write.scale for write in structure.writes}
    if len(scales) > 1:
        raise _untold(f"its writes are multiplied by different numbers, {', '.join(f'{x:g}' for x in sorted(scales))}")
    _check_classes(structure)
    for name, kinds in (
        ("attention", ("heads",)),
        ("MLP", ("neurons", "whole")),
        ("mixture", ("experts",)),
        ("mixer", ("mixer", "heads")),
    ):
        writes: dict[int, list[Write]] = {}
        for write in structure.of(*kinds):
            writes.setdefault(write.block, []).append(write)
        most = max(map(len, writes.values()), default=0)
        if most > 1:
            paths = next([x.matrix for x in found] for found in writes.values() if len(found) > 1)
            raise _untold(f"a block has more than one {name} write ({', '.join(paths)})")


def _check_classes(structure: Structure) -> None:
    """Refuse a class whose modules are one term in one block and something finer in another: some of them do something
    of their own beside.
    """
    finer = {x.made_by for x in structure.of("heads", "neurons", "experts")}
    both = next((x for x in structure.of("mixer", "whole") if x.made_by in finer), None)
    if both is not None:
        raise _untold(
            f"what {both.sublayer} of block {both.block} writes is more than its matrix makes of heads or neurons, "
            f"which it is in other blocks ({both.made_by})"
        )


def _untold(what: str) -> ModelError:
    return ModelError(f"No row can tell this structure yet: {what} (docs/any-model.md).")


def _same(what: str, paths: Iterable[_Path]) -> _Path | None:
    found = list(dict.fromkeys(paths))
    if len(found) > 1:
        raise _untold(f"blocks differ in the {what} ({', '.join(str(x) for x in found)})")
    return found[0] if found else None


def _named_cap(structure: Structure, config: Any) -> str | None:
    """The configuration value of the soft-cap."""
    if structure.softcap is None:
        return None
    return _named(config, lambda name, x: "cap" in name and x == structure.softcap, "soft-cap", structure.softcap)


def _named_heads(heads: Sequence[Write], config: Any) -> str | None:
    """The configuration value that counts the heads; None where no block attends."""
    if not heads:
        return None
    counts = {write.heads for write in heads}
    if len(counts) != 1:
        raise _untold(f"blocks have different numbers of heads ({sorted(map(str, counts))})")
    (count,) = counts
    if getattr(config, "num_attention_heads", None) == count:
        return "num_attention_heads"
    return _named(config, lambda name, x: "head" in name and x == count, "number of heads", count)


def _named(config: Any, fits: Callable[[str, Any], bool], what: str, value: Any) -> str:
    found = [name for name, x in config.to_dict().items() if isinstance(x, int | float) and fits(name, x)]
    if not found:
        raise _untold(f"no value of the configuration is its {what}, {value}")
    return found[0]
