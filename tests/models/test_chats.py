"""Chats: the model's own template, one beginning of a text, and whose words each token holds."""

import json

import pytest
from tokenizers.processors import TemplateProcessing

import unembed
from builders.commands import refusal, run_json
from builders.random_models import build
from builders.tokenizers_of_kinds import KINDS
from unembed.errors import InputError
from unembed.methods.explain import explain
from unembed.models import templates
from unembed.models.prompts import prompt_notes, tokenize
from unembed.runs.record import record

GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<start>{{ 'model' if m['role'] == 'assistant' else m['role'] }}\n{{ m['content'] | trim }}"
    "<end>\n{% endfor %}{% if add_generation_prompt %}<start>model\n{% endif %}"
)
CHATML = (
    "{% for m in messages %}<start>{{ m['role'] }}\n{{ m['content'] }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<start>assistant\n{% endif %}"
)
BRACKETS = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}[1+1] {{ m['content'] }} [=2]"
    "{% elif m['role'] == 'assistant' %} {{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
)
TEMPLATES = {"gemma": GEMMA, "chatml": CHATML, "brackets": BRACKETS}
ASKED = [{"role": "user", "content": " the capital of France "}]
TALK = [
    {"role": "user", "content": "the capital of Italy"},
    {"role": "assistant", "content": "is Rome"},
    {"role": "user", "content": "the capital of France"},
]


def chatty(template: str, kind: str = "byte-level", *, ends: bool = False) -> unembed.Model:
    tokenizer = KINDS[kind](ends=ends)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<start>", "<end>"]})
    tokenizer.chat_template = TEMPLATES[template]
    return unembed.wrap(build("gpt2", vocab_size=len(tokenizer), context=256), tokenizer, name=template)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("kind", ["byte-level", "sentence-piece"])
@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("messages", [ASKED, TALK], ids=["one", "three"])
def test_a_chat_is_what_transformers_makes_of_it(template: str, kind: str, ends: bool, messages: list) -> None:
    """Begun once, and without the end that the tokenizer appends to texts."""
    model = chatty(template, kind, ends=ends)
    expected = model.tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    found = tokenize(model, messages)
    assert list(found) == list(expected)
    assert found.count(1) == (template != "chatml")
    assert found[-1] != 2
    assert unembed.record(model, messages).tokens == found


@pytest.mark.parametrize("template", ["gemma", "brackets"])
def test_a_rendered_chat_as_text_gets_no_second_beginning(template: str) -> None:
    model = chatty(template)
    text = model.tokenizer.apply_chat_template(TALK, add_generation_prompt=True, tokenize=False)
    assert tokenize(model, text) == tokenize(model, TALK)
    assert prompt_notes(model, text) == ("The prompt begins with '<s>' already: no second one was put in front.",)


@pytest.mark.parametrize(
    ("typed", "begins"),
    [
        ("", "<s></s>"),
        ("<s>", "<s></s>"),
        ("</s>", "<s></s>"),
        ("<s></s>", "<s></s>"),
        ("</s><s>", "</s><s>"),
        ("<s><s>", "<s></s><s>"),
    ],
)
def test_what_begins_a_text_with_two_tokens_is_put_there_once_if_a_part_of_it_is_typed(typed: str, begins: str) -> None:
    tokenizer = KINDS["byte-level"]()
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> </s> $A", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    model = unembed.wrap(build("llama", vocab_size=len(tokenizer)), tokenizer)
    inner = tokenizer("the capital", add_special_tokens=False)["input_ids"]
    put = tokenizer(begins, add_special_tokens=False)["input_ids"]
    assert tokenize(model, f"{typed}the capital") == (*put, *inner)
    notes = prompt_notes(model, f"{typed}the capital")
    assert len(notes) == (typed != "")
    assert ("each was put in front once" in "".join(notes)) == (typed in ("<s>", "</s>", "<s><s>"))


@pytest.mark.parametrize("template", TEMPLATES)
def test_each_token_of_a_chat_knows_whose_words_it_holds(template: str) -> None:
    model = chatty(template)
    run = record(model, TALK)
    groups: list[tuple[str | None, list[int]]] = []
    for token, role in zip(run.tokens, run.roles, strict=True):
        if not groups or groups[-1][0] != role:
            groups.append((role, []))
        groups[-1][1].append(token)
    said = [(role, model.tokenizer.decode(ids).strip()) for role, ids in groups if role != "template"]
    assert said == [(message["role"], message["content"]) for message in TALK]
    # Words that stand in the template as well, and in the other message, are told apart.
    twice = [{"role": "user", "content": "model"}, {"role": "assistant", "content": "model"}, *ASKED]
    roles = record(model, twice).roles
    assert {role for role in roles if role != "template"} == {"user", "assistant"}


def test_a_chat_that_ends_with_the_assistants_words_goes_on_there() -> None:
    model = chatty("chatml")
    tokens = tokenize(model, [*ASKED, {"role": "assistant", "content": "is Paris"}])
    assert model.tokenizer.decode(tokens).endswith("assistant\nis Paris")


@pytest.mark.parametrize("ends", [False, True])
def test_the_end_that_a_tokenizer_appends_is_never_explained_unasked(ends: bool) -> None:
    model = chatty("chatml", ends=ends)
    found = explain(model, "the capital of", test=False)
    assert found.run.tokens[-1] != 2
    notes = [note for note in found.notes if "ends every text" in note]
    assert notes == (["The tokenizer ends every text with '</s>': left out, as the prompt goes on."] if ends else [])
    asked = tokenize(model, "the capital of</s>")
    assert asked[-1] == 2
    assert asked[:-1] == found.run.tokens


@pytest.mark.parametrize(
    ("template", "messages", "said"),
    [
        ("gemma", [{"role": "system", "content": "a"}, *ASKED], "refuses these messages: System role not supported"),
        ("gemma", [{"role": "user"}], r"found \{'role': 'user'\} as message 0"),
        ("gemma", [{"role": "user", "content": [{"type": "image"}]}], "Expected messages as"),
    ],
)
def test_messages_that_are_none_are_refused(template: str, messages: list, said: str) -> None:
    with pytest.raises(InputError, match=said):
        tokenize(chatty(template), messages)


def test_a_model_without_a_template_or_with_special_tokens_as_text_is_refused() -> None:
    model = chatty("chatml")
    with pytest.raises(InputError, match="plain characters"):
        tokenize(unembed.with_special(model, "none"), ASKED)
    model.tokenizer.chat_template = None
    with pytest.raises(InputError, match="no chat template"):
        tokenize(model, ASKED)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory) -> str:
    """A folder of a model with a template of a system message."""
    folder = tmp_path_factory.mktemp("chat") / "assistant"
    model = chatty("chatml")
    model.module.float().save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_chat_on_the_command_line(assistant: str, tmp_path) -> None:
    """User, system and a file of messages make the same prompt as messages in Python."""
    model = unembed.load(assistant)
    talk = [{"role": "system", "content": "a playful thing"}, {"role": "user", "content": "the capital"}]
    (tmp_path / "talk.json").write_text(json.dumps(talk))
    words = ["explain", "-m", assistant, "--no-test", "--json"]
    typed = run_json(*words, "--chat", "the capital", "--system", "a playful thing")
    assert typed == run_json(*words, "--messages", tmp_path / "talk.json")
    assert [token["id"] for token in typed["tokens"]] == list(tokenize(model, talk))
    assert [token["role"] for token in typed["tokens"]] == list(record(model, talk).roles)
    assert typed["target"]["logit"] == pytest.approx(explain(model, talk, test=False).target.logit, abs=1e-5)


def test_chats_that_contradict_are_refused(assistant: str, tmp_path, folder) -> None:
    (tmp_path / "talk.json").write_text("{}")
    assert "give --chat too" in refusal("explain", "-m", assistant, "the capital", "--system", "a")
    assert "Expected a list of messages" in refusal("explain", "-m", assistant, "--messages", tmp_path / "talk.json")
    assert "no chat template" in refusal("explain", "-m", folder, "--chat", "the capital")


ENDLESS = "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}"
DOUBLING = "{% set all = namespace(x='x') %}{% for i in range(60) %}{% set all.x = all.x OP all.x %}{% endfor %}"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (ENDLESS, "it runs for more than 0.5 seconds"),
        # Which limit a filter meets first is the machine's.
        ("{{ [1] | slice(1000000000) | list | length }}", "it (runs for more than 0.5 sec|takes more than 256 MiB)"),
        (DOUBLING.replace("OP", "~"), "it takes more than 256 MiB of memory"),
        ("{{ 'x' | center(10000000000) }}", "it takes more than 256 MiB of memory"),
        ("{{ 'x' * 10000000000 }}", "it multiplies texts or numbers until they are too large"),
        (DOUBLING.replace("OP", "*").replace("'x'", "3"), "it multiplies texts or numbers until they are too large"),
        ("{{ 10 ** 1000000000 }}", "it multiplies texts or numbers until they are too large"),
        ("{% for i in range(200) %}{{ 'x' * 100000 }}{% endfor %}", "it writes 20000000 characters"),
    ],
)
def test_a_template_that_loops_or_fills_memory_is_refused(monkeypatch, template: str, said: str) -> None:
    """And the next chat of the process is rendered as ever."""
    monkeypatch.setattr(templates, "_SECONDS", 0.5)
    model = chatty("chatml")
    found = tokenize(model, ASKED)
    model.tokenizer.chat_template = template
    with pytest.raises(InputError, match=f"refuses these messages: {said}"):
        tokenize(model, ASKED)
    model.tokenizer.chat_template = CHATML
    assert tokenize(model, ASKED) == found
