"""Write the JSON schemas of all payloads into the package; with --check, fail where they have drifted."""

import json
import sys
from pathlib import Path

from pydantic import TypeAdapter

from unembed.view.payloads import all_payloads

FOLDER = Path(__file__).parents[1] / "src" / "unembed" / "view" / "schemas"


def schema_of(version: str, payload: type) -> tuple[str, str]:
    """File name and text of the JSON schema of a payload, whose `version` is such as `unembed/explain/1`."""
    schema = TypeAdapter(payload).json_schema()
    schema["properties"]["schema"] = {"const": version, "default": version, "title": "Schema", "type": "string"}
    schema["required"] = [*schema.get("required", []), "schema"]
    _, name, number = version.split("/")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": version}
    text = json.dumps({**head, **schema}, indent=1, ensure_ascii=False) + "\n"
    return f"{name}-{number}.json", text.replace('"from_"', '"from"')  # as `to_json` does; Python keeps the word


def main() -> int:
    """Write or check; the exit code says whether they agree."""
    FOLDER.mkdir(exist_ok=True)
    drifted = []
    for name, text in (schema_of(*entry) for entry in all_payloads().items()):
        path = FOLDER / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                drifted.append(name)
        else:
            path.write_text(text)
    if drifted:
        print(
            f"Schemas differ from the payload types: {', '.join(drifted)}. Run `make schemas`.",
            file=sys.stderr,
        )
    return bool(drifted)


if __name__ == "__main__":
    sys.exit(main())
