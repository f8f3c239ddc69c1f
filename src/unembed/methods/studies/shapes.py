"""Shapes: rows of data sets in the wild as rows that can be asked: CounterFact, PARAREL, IOI, and files of facts.

    CounterFact  requested_rewrite (data_sets.py)
    PARAREL      sub_label, obj_label, and a pattern "[X] was born in [Y]." (data_sets.py)
    IOI          text (or ioi_sentences) that ends with the indirect object, IO, S

A row that has a `prompt` is left alone. What a shape says is added; everything else passes through. A pattern that
goes on after its answer asks nothing of a model that only continues a text: its row says so as its error.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from unembed.methods.knowledge.data_sets import (
    counterfact_prompt,
    is_counterfact,
    is_pararel,
    pattern_of,
    pattern_prompt,
)
from unembed.methods.knowledge.facts import Relation, read_facts, relations, shipped

Row = dict[str, Any]
FACTS = "facts"
"""The name of the facts that ship with the package."""
_TEXTS = ("ioi_sentences", "text")
_AFTER = " .!?\n"
"""What may stand after the answer."""


def shaped(row: Row) -> Row:
    """A row of a known shape with its `prompt`, `target` and `versus`; any other as it is."""
    if "prompt" in row:
        return row
    known = next((make for fits, make in _SHAPES if fits(row)), None)
    return row if known is None else {**known(row), **row}


def _counterfact(row: Row) -> Row:
    asked = row["requested_rewrite"]
    known = {"relation": asked.get("relation_id"), "subject": asked["subject"]}
    targets = {"target": asked["target_true"], "versus": asked.get("target_new")}
    said = {name: _after_space(value.get("str")) for name, value in targets.items() if isinstance(value, dict)}
    return {"prompt": counterfact_prompt(row), **said, **known}


def _pararel(row: Row) -> Row:
    prompt = pattern_prompt(pattern_of(row) or "", str(row["sub_label"]))
    return {"prompt": prompt, "target": _after_space(row["obj_label"])}


def _is_pararel(row: Row) -> bool:
    return is_pararel(row) and pattern_of(row) is not None


def _is_ioi(row: Row) -> bool:
    return {"IO", "S"} <= row.keys() and any(name in row for name in _TEXTS)


def _ioi(row: Row) -> Row:
    text, asked = str(next(row[name] for name in _TEXTS if name in row)).rstrip(_AFTER), str(row["IO"])
    ends = text.endswith(f" {asked}")
    prompt = text[: -len(asked)].rstrip() if ends else text
    return {"prompt": prompt, "target": _after_space(asked), "versus": _after_space(row["S"])}


def _after_space(answer: Any) -> str | None:
    return None if answer is None else f" {str(answer).strip()}"


_SHAPES: tuple[tuple[Callable[[Row], bool], Callable[[Row], Row]], ...] = (
    (is_counterfact, _counterfact),
    (_is_pararel, _pararel),
    (_is_ioi, _ioi),
)


def _rows_of_facts(found: tuple[Relation, ...]) -> Iterator[Row]:
    """Each prompt of each fact, with its answer."""
    for relation in found:
        for fact in relation.facts:
            about = {"target": fact.target, "relation": relation.name, "subject": fact.subject}
            yield from ({"prompt": prompt, **about, "paraphrase": i} for i, prompt in enumerate(fact.prompts))


def shipped_facts() -> list[Row]:
    """The facts that ship with the package."""
    return list(_rows_of_facts(tuple(map(shipped, relations()))))


def facts_of(path: Path) -> list[Row]:
    """The facts of a YAML file.

    Raises:
        InputError: it is none, or malformed.
    """
    return list(_rows_of_facts(read_facts(path)))
