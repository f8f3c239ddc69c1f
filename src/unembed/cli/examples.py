"""An example at the end of the help of each command: one line that runs as it stands, with the model that ships."""

from typing import Any

_EXAMPLES = {
    "explain": 'unembed explain "The capital of France is" --vs " the"',
    "lens": 'unembed lens "The capital of France is" --position -1',
    "attention": 'unembed attention "The capital of France is" --layer 23 --head 4',
    "generate": 'unembed generate "The capital of France is" --tokens 5 --explain',
    "words": 'unembed words "The capital of France is" --shapley',
    "ablate": 'unembed ablate "The capital of France is" --site head',
    "heads": "unembed heads --model toy/two-layer --role induction",
    "pairs": 'unembed pairs "The capital of France is" --heads 20',
    "circuit head": 'unembed circuit head --layer 23 --head 4 --token " France"',
    "circuit find": "unembed circuit find ioi --prompts 10 --size 1%",
    "circuit evaluate": 'unembed circuit evaluate --clean "Paris is in" --corrupt "Rome is in" --target " France" '
    '--vs " Italy" --edges edges.json',
    "audit": "unembed audit scores.json --task ioi --prompts 10",
    "composition": "unembed composition --model toy/two-layer --top 10",
    "paths": 'unembed paths "The capital of France is"',
    "graph": 'unembed graph "The capital of France is"',
    "attended": 'unembed attended "The capital of France is" --layer 23 --head 4',
    "bigrams": 'unembed bigrams " king" --model toy/zero-layer',
    "noise": 'unembed noise "The capital of France is" --top 3',
    "patch": 'unembed patch "The capital of France is" "The capital of Germany is"',
    "trace": 'unembed trace "The capital of France is" --subject France',
    "steer": 'unembed steer "I think that" --layer 12 --add " love" --tokens 8',
    "paint": 'unembed paint "a red circle left of a blue square" --cell 2,1',
    "doctor": "unembed doctor",
    "open": 'unembed open "The capital of France is"',
    "serve": 'unembed serve "The capital of France is" --port 8000',
    "knowledge attribute": 'unembed knowledge attribute "The capital of France is" --target " Paris"',
    "knowledge find": "unembed knowledge find --relation capital --limit 3",
    "knowledge evaluate": "unembed knowledge evaluate --relation capital --relation language --only known",
    "knowledge facts": "unembed knowledge facts",
    "knowledge suppress": "unembed knowledge suppress --relation capital --subject France",
    "knowledge amplify": "unembed knowledge amplify --relation capital --subject France",
    "knowledge update": "unembed knowledge update --relation capital --subject France --to Rome",
    "knowledge erase": "unembed knowledge erase capital",
    "knowledge memory": "unembed knowledge memory L24.N1005",
    "study ask": "unembed study ask prompts.jsonl --no-test --out answers",
    "study merge": "unembed study merge answers share-1 share-2",
    "report": "unembed report answers",
    "toys list": "unembed toys list",
    "toys evaluate": "unembed toys evaluate two-layer",
    "toys train": "unembed toys train facts --out my-facts",
    "models": "unembed models",
    "models fetch": "unembed models fetch smollm2-135m",
}
"""By the words of the command."""


def add_examples(app: Any, group: str = "") -> None:
    """Give the help of every command of an application, and of its groups, its example, where it has one."""
    for command in app.registered_commands:
        name = command.name or command.callback.__name__.replace("_", "-")
        if example := _EXAMPLES.get(f"{group} {name}".strip()):
            command.epilog = f"Example: {example}"
    for inner in app.registered_groups:
        add_examples(inner.typer_instance, inner.name)
        if inner.invoke_without_command:
            inner.epilog = f"Example: {_EXAMPLES[inner.name]}"
