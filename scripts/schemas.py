"""Write what is generated from the classes of payloads and asks: JSON schemas, and the tables of docs/json.md.

With --check, fail where any has drifted. The types of the page are made of the schemas (explorer/scripts/types.js).
What a field means is the docstring below it.
"""

import json
import pkgutil
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import TypeAdapter

from unembed.explorer import arguments
from unembed.view import payloads

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "src" / "unembed" / "view" / "schemas"
PAGE = ROOT / "docs" / "json.md"
ASKS = ROOT / "explorer" / "scripts" / "asks.json"
"""What the page may ask: for its types only."""

EVERYWHERE = {
    "model": "The model that was run.",
    "tokens": "The prompt.",
    "position": "Where the prediction is made, counted from 0.",
    "target": "The explained token.",
    "reference": "What was subtracted from the raw logit of the target.",
    "tolerance": "What rounding explains of the error, in the same unit; a larger error is refused.",
    "layer": "The block, counted from 0.",
    "head": "The head, counted from 0 in its layer.",
    "expert": "The expert of a mixture, counted from 0 in its layer.",
    "neuron": "The neuron, counted from 0 in its layer, or in its expert.",
    "id": "Of the token in the vocabulary.",
    "text": "The token decoded alone; without a tokenizer, its id in brackets.",
    "logit": "As the model gives it.",
    "probability": "From 0 to 1, at temperature 1.",
    "complete": "Whether all is here; false after an interruption.",
    "notes": "What a reader should know, such as a target of several tokens.",
    "versions": "Of unembed, torch and transformers.",
    "schema": "The name and number of this schema.",
}
"""What fields of these names mean in every class that says no more."""


def schema_of(version: str, payload: type) -> dict[str, Any]:
    """The JSON schema of a payload, whose `version` is such as `unembed/explain/2`; every field is described."""
    schema = TypeAdapter(payload).json_schema()
    schema["properties"]["schema"] = {"const": version, "default": version, "title": "Schema", "type": "string"}
    schema["required"] = [*schema.get("required", []), "schema"]
    for kind in (schema, *schema.get("$defs", {}).values()):
        for name, field in kind.get("properties", {}).items():
            if "description" not in field:
                if name not in EVERYWHERE:
                    raise SystemExit(f"{kind['title']}.{name} has no docstring that tells what it is, in which unit.")
                field["description"] = EVERYWHERE[name]
            field["description"] = " ".join(field["description"].split())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": version, **schema}


def described_schemas() -> dict[str, dict[str, Any]]:
    """All schemas by the name of their file."""
    found = payloads.all_payloads()
    for module in pkgutil.iter_modules(payloads.__path__):
        _read_docstrings(sys.modules[f"{payloads.__name__}.{module.name}"])
    texts = {}
    for version, payload in found.items():
        _, name, number = version.split("/")
        text = json.dumps(schema_of(version, payload)).replace('"from_"', '"from"')  # as `to_json`; Python has the word
        texts[f"{name}-{number}.json"] = json.loads(text)
    return texts


def _read_docstrings(module: ModuleType) -> None:
    """Let pydantic take the docstrings below fields, of all dataclasses in a module."""
    for kind in vars(module).values():
        if isinstance(kind, type) and is_dataclass(kind):
            kind.__pydantic_config__ = {"use_attribute_docstrings": True}  # type: ignore[attr-defined]


def asks_schema() -> dict[str, Any]:
    """The classes of asks as one schema, each with its name under `ask`."""
    _read_docstrings(arguments)
    shared = TypeAdapter(arguments.About).json_schema()["properties"]
    _, schema = TypeAdapter.json_schemas([(name, "validation", TypeAdapter(k)) for name, k in arguments.KINDS.items()])
    for name, kind in arguments.KINDS.items():
        made = schema["$defs"][kind.__name__]
        made["properties"] = {"ask": {"const": name}, **made["properties"], **shared}
        made["required"] = ["ask", *made["required"]]
    return schema


def tables(page: str, schemas: dict[str, dict[str, Any]]) -> str:
    """The page with its generated parts, each between `<!-- fields: explain/2 -->` and `<!-- end -->`.

    Types that several payloads have in common are told under `shared`, fields that mean the same in all of them under
    `everywhere`.
    """
    known = {schema["$id"].removeprefix("unembed/"): schema for schema in schemas.values()}
    used = Counter(name for schema in known.values() for name in schema.get("$defs", {}))
    shared = {name: kind for s in known.values() for name, kind in s.get("$defs", {}).items() if used[name] > 1}
    told: list[str] = []

    def part(match: re.Match[str]) -> str:
        name = match[1]
        told.append(name)
        if name == "everywhere":
            lines = [
                "| field | meaning |",
                "|---|---|",
                *(f"| `{f}` | {meaning} |" for f, meaning in EVERYWHERE.items()),
            ]
        elif name == "shared":
            lines = [line for kind in sorted(shared.items()) for line in _table(*kind)]
        else:
            own = ((kind, fields) for kind, fields in known[name].get("$defs", {}).items() if kind not in shared)
            lines = [*_table(None, known[name]), *(line for kind in own for line in _table(*kind))]
        return f"<!-- fields: {name} -->\n\n" + "\n".join(lines).strip() + "\n\n<!-- end -->"

    text = re.sub(r"<!-- fields: (\S+) -->.*?<!-- end -->", part, page, flags=re.DOTALL)
    if missing := {*known, "shared", "everywhere"} - set(told):
        raise SystemExit(f"docs/json.md has no place for {', '.join(sorted(missing))}.")
    return text


def _table(name: str | None, kind: dict[str, Any]) -> Iterator[str]:
    if "properties" not in kind:
        return
    about = " ".join(kind["description"].split())
    yield from (f"**`{name}`** {about}" if name else about, "", "| field | type | meaning |", "|---|---|---|")
    fields = kind["properties"]
    own = {field: value for field, value in fields.items() if value["description"] != EVERYWHERE.get(field)}
    for field, value in own.items():
        meaning = value["description"].replace("|", r"\|")
        yield f"| `{field}` | {_type(value)} | {meaning} |"
    if rest := [f"`{field}`" for field in fields if field not in own]:
        yield f"| {', '.join(rest)} | | [as everywhere](#everywhere) |"
    yield ""


def _type(value: dict[str, Any]) -> str:
    """A type in words."""
    if "$ref" in value:
        return f"`{value['$ref'].rpartition('/')[2]}`"
    if "enum" in value:
        return ", ".join(f"`{word}`" for word in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if "anyOf" in value:
        return " or ".join(map(_type, value["anyOf"]))
    if "prefixItems" in value:
        return "pair"
    if value["type"] == "array":
        return f"list of {_type(value['items'])}"
    if value["type"] == "object":
        return f"{_type(value['additionalProperties'])} by name"
    return {"string": "text", "boolean": "true or false"}.get(value["type"], value["type"])


def main() -> int:
    """Write or check; the exit code says whether they agree."""
    schemas = described_schemas()
    wanted = {FOLDER / n: json.dumps(s, indent=1, ensure_ascii=False) + "\n" for n, s in schemas.items()}
    wanted[PAGE] = tables(PAGE.read_text(), schemas)
    wanted[ASKS] = json.dumps(asks_schema(), indent=1, ensure_ascii=False) + "\n"
    drifted = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" not in sys.argv:
        for path in drifted:
            path.write_text(wanted[path])
    elif drifted:
        names = ", ".join(path.name for path in drifted)
        print(f"These differ from the payload classes: {names}. Run `make schemas`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
