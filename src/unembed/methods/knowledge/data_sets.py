"""Data sets: what rows of CounterFact and PARAREL say, in the words of their files.

    CounterFact  requested_rewrite: {prompt: "The language of {} is", subject, target_true: {str}, target_new: {str}},
                 and paraphrase_prompts, which have the subject in them already
    PARAREL      sub_label, obj_label, and a pattern "[X] was born in [Y]." in the row, or in rows of their own

A pattern that goes on after its answer asks nothing of a model that only continues a text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
_PATTERNS = ("pattern", "template")
_RELATIONS = ("relation", "predicate_id")
_AFTER = " .!?\n"
"""What may stand after the answer."""


def is_counterfact(row: Row) -> bool:
    """Whether a row is one of CounterFact."""
    asked = row.get("requested_rewrite")
    return isinstance(asked, Mapping) and {"prompt", "subject", "target_true"} <= asked.keys()


def counterfact_prompt(row: Row) -> str:
    """The prompt with its subject in it."""
    asked = row["requested_rewrite"]
    return str(asked["prompt"]).replace("{}", str(asked["subject"]))


def is_pararel(row: Row) -> bool:
    """Whether a row states a fact as PARAREL's do; its pattern may stand in another row."""
    return {"sub_label", "obj_label"} <= row.keys()


def pattern_of(row: Row) -> str | None:
    """The pattern of a row; None where it has none."""
    found = next((row[name] for name in _PATTERNS if name in row), None)
    return None if found is None else str(found)


def _relation_of(row: Row) -> str | None:
    """The relation that a row names; None where its file stands for it."""
    found = next((row[name] for name in _RELATIONS if row.get(name)), None)
    return None if found is None else str(found)


def pattern_prompt(pattern: str, subject: str) -> str | None:
    """What asks for the answer; None where the pattern goes on after it, or begins with it."""
    before, slot, after = pattern.replace("[X]", subject).partition("[Y]")
    return before.rstrip() if slot and before.strip() and not after.strip(_AFTER) else None


def is_pattern(row: Any) -> bool:
    """Whether a row is a pattern alone, as PARAREL's files of patterns have them: it asks for every fact beside it."""
    return isinstance(row, Mapping) and pattern_of(row) is not None and not {"sub_label", "subject"} & row.keys()


def entry_of(row: Any, patterns: Sequence[str], name: str) -> Any:
    """A row of either data set with the keys of a fact; any other as it is.

    Args:
        row: of a file.
        patterns: those of the file that stand alone; a row that has its own is asked by that.
        name: of the relation, where the row names none.
    """
    if not isinstance(row, Mapping) or "prompts" in row:
        return row
    if is_counterfact(row):
        asked, true = row["requested_rewrite"], row["requested_rewrite"]["target_true"]
        more = row.get("paraphrase_prompts")
        prompts = [counterfact_prompt(row), *(more if isinstance(more, list) else [])]
        answer = true.get("str") if isinstance(true, Mapping) else true
        return _entry(asked.get("relation_id") or name, asked["subject"], answer, prompts)
    if is_pararel(row):
        own = pattern_of(row)
        subject = row["sub_label"]
        asking = (pattern_prompt(pattern, str(subject)) for pattern in ([own] if own else patterns))
        return _entry(_relation_of(row) or name, subject, row["obj_label"], [p for p in asking if p is not None])
    return row


def _entry(relation: Any, subject: Any, answer: Any, prompts: Sequence[Any]) -> dict[str, Any]:
    asked = dict.fromkeys(_bare(prompt, end_only=True) for prompt in prompts)
    return {"relation": relation, "subject": _bare(subject), "answer": _bare(answer), "prompts": list(asked)}


def _bare(text: Any, *, end_only: bool = False) -> Any:
    """A text without the spaces around it, which such files are not careful about."""
    if not isinstance(text, str):
        return text
    return text.rstrip() if end_only else text.strip()
