"""Facts and the prompts that ask for them: the set that ships with the package, and the reader for a user's own files.

A YAML file holds one relation, or a list of them; every fact is asked with every template of its relation:

    relation: capital
    description: the capital of a country
    templates:
      - The capital of {subject} is
    facts:
      - {subject: France, answer: Paris}

A fact may carry `prompts` of its own instead, and a `target` where the answer does not follow the prompt after a space.
A JSONL file holds one fact a line, with the keys `relation`, `subject`, `answer` and `prompts`; or the lines of
CounterFact or PARAREL as they are (data_sets.py). A subject that has two answers in a file is left out, and the
relation says so.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from unembed.errors import InputError
from unembed.files import parse_json
from unembed.methods.knowledge import data_sets
from unembed.models.reprs import Brief

__all__ = ["Fact", "Relation", "facts_for", "read_facts", "relations", "shipped", "stated"]

_SLOT = "{subject}"
_FACT_KEYS = ("subject", "answer")
_QUOTE = "Put it in quotes: YAML reads a bare no, on, 12 or 1999-12-31 as something else, and `word: ` as a key."
_SHIPPED = resources.files("unembed") / "data" / "facts"


@dataclass(frozen=True, repr=False)
class Fact(Brief):
    """One fact, and the prompts that ask for it: paraphrases, each ending right before the answer."""

    relation: str
    subject: str
    answer: str
    """Without the space before it."""
    prompts: tuple[str, ...]
    target: str = ""
    """The answer as it follows a prompt: a space and the answer, unless another text is given."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "target", self.target or f" {self.answer}")


@dataclass(frozen=True, repr=False)
class Relation(Brief):
    """Facts of one kind, such as the capitals of countries."""

    name: str
    description: str
    templates: tuple[str, ...]
    """Prompts with `{subject}` in place of the subject; empty where every fact has prompts of its own."""
    facts: tuple[Fact, ...]
    left_out: tuple[str, ...] = ()
    """Notes on what the file holds beside them: subjects with two answers, patterns that ask nothing."""

    def of(self, facts: Sequence[Fact]) -> "Relation":
        """The same relation with these facts of it alone."""
        return replace(self, facts=tuple(facts))


def relations() -> tuple[str, ...]:
    """The names of the relations that ship with the package, sorted."""
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if ".yaml" in entry.name))


def shipped(name: str) -> Relation:
    """The relation called `name` of those that ship with the package.

    Raises `InputError` if there is none.
    """
    if name not in relations():
        raise InputError(f"No relation {name!r} ships with unembed. Give one of {', '.join(relations())}.")
    return _yaml_relations((_SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")[0]


def facts_for(folder: Path | None) -> tuple[Relation, ...]:
    """What a model can be asked about: the `facts.yaml` beside its weights (a toy learned those), else what ships.

    Args:
        folder: of the weights; None of a module in memory.

    Raises:
        InputError: its own file is malformed.
    """
    own = None if folder is None else folder / "facts.yaml"
    return tuple(map(shipped, relations())) if own is None or not own.is_file() else read_facts(own)


def relation_for(name: str, folder: Path | None) -> Relation:
    """The relation called `name` of those beside a model's weights, or of those that ship.

    Args:
        name: of the relation.
        folder: as in `facts_for`.

    Raises:
        InputError: there is none, or the model's own file is malformed.
    """
    known = {entry.name: entry for entry in facts_for(folder)}
    if name not in (*known, *relations()):
        listed = ", ".join(dict.fromkeys([*known, *relations()]))
        raise InputError(f"No relation {name!r} ships with unembed or with this model. Give one of {listed}.")
    return known[name] if name in known else shipped(name)


def stated(known: Sequence[Relation], prompt: str) -> tuple[Relation, Fact] | None:
    """The first fact of which a text is a prompt, word for word, with its relation; None where there is none."""
    asking = ((relation, fact) for relation in known for fact in relation.facts if prompt in fact.prompts)
    return next(asking, None)


def read_facts(path: str | Path) -> tuple[Relation, ...]:
    """The relations of a YAML or JSONL file of the user's own, in the order of the file.

    Entries of one relation with the same subject and answer are one fact, with the prompts of all of them. A subject
    to which entries give different answers is left out (`Relation.left_out`).
    Raises `InputError` when the file cannot be read, when an entry lacks a key, has an unknown one or one of the wrong
    type, when a template has no `{subject}` or other braces, and when no fact is left.
    """
    file = Path(path).expanduser()
    kinds = {".yaml": _yaml_relations, ".yml": _yaml_relations, ".jsonl": _jsonl_relations}
    if not file.exists():
        raise InputError(f"There is no file {file}. Check the path; it is read from {Path.cwd()}.")
    if file.is_dir():
        raise InputError(f"{file} is a folder. Give one file of facts in it, a .yaml or .jsonl file.")
    if file.suffix.lower() not in kinds:
        raise InputError(f"{file}: expected a name that ends in .yaml, .yml or .jsonl. Rename it to what it holds.")
    found = kinds[file.suffix.lower()](_decoded(file), str(file))
    if not any(relation.facts for relation in found):
        why = "".join(f"\n{note}" for relation in found for note in relation.left_out)
        raise InputError(f"{file}: expected at least one fact, found none that can be asked.{why}")
    return found


def _decoded(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{error.object[error.start]:02x}"
        raise InputError(f"{file}, line {line}: expected UTF-8, found {found}. Save the file as UTF-8.") from error
    except OSError as error:
        raise InputError(f"Cannot read {file}: {error.strerror}. Check its permissions.") from error


# ------------------------------------------------------------ YAML


def _yaml_relations(text: str, file: str) -> tuple[Relation, ...]:
    found = _loaded(text, file)
    if not found:
        raise InputError(f"{file} is empty. Expected a relation with `relation`, `templates` and `facts`.")
    if not isinstance(found, list):
        return (_relation(found, file),)
    read: dict[str, Relation] = {}
    for number, entry in enumerate(found, 1):
        relation = _relation(entry, f"{file}, entry {number}")
        if relation.name in read:
            raise InputError(f"{file}, entry {number}: {relation.name} came before. Put all its facts under one entry.")
        read[relation.name] = relation
    return tuple(read.values())


def _loaded(text: str, file: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}, line {mark.line + 1}" if mark else file
        raise InputError(
            f"{where}: expected YAML, found: {getattr(error, 'problem', None) or str(error).splitlines()[0]}. "
            "Indent with spaces, and put texts with braces or colons in quotes."
        ) from error


def _relation(entry: Any, place: str) -> Relation:
    _check_keys(entry, place, ("relation", "facts"), ("description", "templates"))
    name = _text(entry, "relation", place)
    place = f"{place} ({name})"
    description = _text(entry, "description", place) if "description" in entry else ""
    templates = _texts(entry, "templates", place) if "templates" in entry else ()
    for number, template in enumerate(templates, 1):
        _check_template(template, f"{place}, template {number}")
    entries = _list(entry, "facts", place)
    facts = [
        (f"{place}, fact {n}", _fact(fact, f"{place}, fact {n}", name, templates)) for n, fact in enumerate(entries, 1)
    ]
    return Relation(name, description, templates, *_gathered(facts))


def _check_template(template: str, place: str) -> None:
    if _SLOT not in template:
        raise InputError(f"{place}: expected {_SLOT} where the subject goes, found none in {template!r}. Add it.")
    if set("{}") & set(template.replace(_SLOT, "")):
        raise InputError(f"{place}: expected no braces but those of {_SLOT}, found {template!r}. Remove the others.")


# ------------------------------------------------------------ JSONL


def _jsonl_relations(text: str, file: str) -> tuple[Relation, ...]:
    lines = list(_lines(text, file))
    patterns = [data_sets.pattern_of(row) or "" for _, row in lines if data_sets.is_pattern(row)]
    facts: dict[str, list[tuple[str, Fact]]] = {}
    unasked: Counter[str] = Counter()
    for place, row in lines:
        if data_sets.is_pattern(row):
            continue
        entry = data_sets.entry_of(row, patterns, Path(file).stem)
        _check_keys(entry, place, ("relation", *_FACT_KEYS, "prompts"), ("target",))
        relation = _text(entry, "relation", place)
        found = facts.setdefault(relation, [])
        if data_sets.is_pararel(row) and not entry["prompts"]:
            _check_patterns(row, patterns, place)
            unasked[relation] += 1
        else:
            found.append((place, _fact({k: v for k, v in entry.items() if k != "relation"}, place, relation, ())))
    if not facts:
        raise InputError(f"{file} is empty. Expected one fact a line, with relation, subject, answer and prompts.")
    return tuple(_of_lines(name, found, patterns, unasked[name]) for name, found in facts.items())


def _check_patterns(row: Any, patterns: Sequence[str], place: str) -> None:
    if not patterns and data_sets.pattern_of(row) is None:
        raise InputError(
            f"{place}: expected a `pattern` such as '[X] was born in [Y].' for this fact of PARAREL, found none. Add "
            "it to the row, or put the lines of the relation's file of patterns into this one."
        )


def _of_lines(name: str, found: Sequence[tuple[str, Fact]], patterns: Sequence[str], unasked: int) -> Relation:
    facts, notes = _gathered(found)
    useless = [pattern for pattern in patterns if data_sets.pattern_prompt(pattern, "x") is None]
    if useless:
        notes += (f"{len(useless)} of {len(patterns)} patterns do not end with the answer, such as {useless[0]!r}.",)
    if unasked:
        are = "fact is" if unasked == 1 else "facts are"
        notes += (f"{unasked} {are} left out: no pattern that ends with the answer asks for them.",)
    return Relation(name, "", (), facts, notes)


def _lines(text: str, file: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        place = f"{file}, line {number}"
        try:
            if line.strip():
                yield place, parse_json(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{place}: expected one fact in JSON, found what is not: {error}.") from error


# ------------------------------------------------------------ entries of both


def _fact(entry: Any, place: str, relation: str, templates: Sequence[str]) -> Fact:
    _check_keys(entry, place, _FACT_KEYS, ("prompts", "target"))
    if not templates and "prompts" not in entry:
        raise InputError(f"{place}: expected `prompts`, since its relation has no `templates`. Add either.")
    subject, answer = _text(entry, "subject", place), _text(entry, "answer", place)
    own = _texts(entry, "prompts", place) if "prompts" in entry else ()
    if any(_SLOT in prompt for prompt in own):
        raise InputError(f"{place}, `prompts`: expected the subject itself, found {_SLOT}. Put {subject!r} there.")
    target = _string(entry["target"], f"{place}, `target`") if "target" in entry else ""
    fact = Fact(relation, subject, answer, own or tuple(text.replace(_SLOT, subject) for text in templates), target)
    _check_ends(fact, place)
    return fact


def _check_ends(fact: Fact, place: str) -> None:
    twice = [prompt for prompt in fact.prompts if prompt[-1].isspace() and fact.target[0].isspace()]
    if twice:
        raise InputError(
            f"{place}: {fact.target!r} brings its own space, found a prompt that ends with one: {twice[0]!r}."
        )


def _gathered(facts: Sequence[tuple[str, Fact]]) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """One fact a subject, with the prompts of all its entries; and a note on subjects that have several answers."""
    entries: dict[str, list[tuple[str, Fact]]] = {}
    for place, fact in facts:
        entries.setdefault(fact.subject, []).append((place, fact))
    read, several = [], []
    for group in entries.values():
        fact = group[0][1]
        if len({(other.answer, other.target) for _, other in group}) > 1:
            several.append(group)
        else:
            prompts = dict.fromkeys(prompt for _, other in group for prompt in other.prompts)
            read.append(replace(fact, prompts=tuple(prompts)))
    return tuple(read), (_several(several),) if several else ()


def _several(groups: Sequence[Sequence[tuple[str, Fact]]]) -> str:
    """Which subjects have several answers, and where the first has them."""
    (place, first), *rest = groups[0]
    other, second = next(entry for entry in rest if (entry[1].answer, entry[1].target) != (first.answer, first.target))
    one = len(groups) == 1
    return (
        f"{len(groups)} {'subject has' if one else 'subjects have'} several answers and "
        f"{'is' if one else 'are'} left out: {first.subject} has {first.target.strip()} ({place}) and "
        f"{second.target.strip()} ({other}){'' if one else ', …'}."
    )


def _check_keys(entry: Any, place: str, needed: Sequence[str], optional: Sequence[str]) -> None:
    known = (*needed, *optional)
    if not isinstance(entry, dict):
        raise InputError(f"{place}: expected the keys {', '.join(known)}, found {entry!r}.")
    if missing := [key for key in needed if key not in entry]:
        raise InputError(f"{place}: expected the key `{missing[0]}`, found {', '.join(map(str, entry))}. Add it.")
    if unknown := [key for key in entry if key not in known]:
        raise InputError(f"{place}: expected only {', '.join(known)}, found the key `{unknown[0]}`. Remove it.")


def _text(entry: dict[str, Any], key: str, place: str) -> str:
    value = _string(entry[key], f"{place}, `{key}`")
    if value != value.strip():
        raise InputError(f"{place}, `{key}`: expected no space or line break around the text, found {value!r}.")
    return value


def _texts(entry: dict[str, Any], key: str, place: str) -> tuple[str, ...]:
    values = _list(entry, key, place)
    texts = tuple(_string(value, f"{place}, `{key}` {number}") for number, value in enumerate(values, 1))
    if twice := [text for index, text in enumerate(texts) if text in texts[:index]]:
        raise InputError(f"{place}, `{key}`: expected different texts, found {twice[0]!r} twice. Remove one.")
    return texts


def _list(entry: dict[str, Any], key: str, place: str) -> list[Any]:
    if not isinstance(entry[key], list) or not entry[key]:
        raise InputError(f"{place}, `{key}`: expected a list with at least one entry, found {entry[key]!r}.")
    return entry[key]


def _string(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{place}: expected text, found {value!r} ({type(value).__name__}). {_QUOTE}")
    if not value.strip():
        raise InputError(f"{place}: expected text, found an empty one.")
    return value
