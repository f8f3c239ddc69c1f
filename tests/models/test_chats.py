"""Chats: the model's own template, one beginning of a text, and whose words each token holds."""

import itertools
import json

import pytest
import torch
from tokenizers.processors import TemplateProcessing

import unembed
from builders.commands import refusal, run_json
from builders.random_models import build
from builders.tokenizers_of_kinds import KINDS
from unembed.errors import InputError
from unembed.methods.explain import explain
from unembed.methods.whole_answer import whole_answer
from unembed.models import chat, templates
from unembed.models.prompts import prompt_notes, tokenize
from unembed.runs.prefix import prefix
from unembed.runs.prompted import Prompt, prompt_of
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
OWN = "Be a playful thing"
DEFAULTED = (
    "{% for m in messages %}"
    "{% if loop.first and m['role'] != 'system' %}<start>system\nBe a playful thing<end>\n{% endif %}"
    "<start>{{ m['role'] }}\n{{ m['content'] }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<start>assistant\n{% endif %}"
)
"""Of a template that writes a system prompt of its own, as SmolLM2's and Qwen2.5's do."""
DATED = (
    "<start>system\nIt is {{ 'Paris' }}\n"
    "{% if messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}<end>\n"
    "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['role'] }}: {{ m['content'] }}\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
"""Of one that always writes the same lines before a system prompt, as Llama 3's does; and ends no turn by a token."""
TWICE = CHATML.replace("<start>{{ m['role'] }}", "<start>{{ m['content'] }}|{{ m['role'] }}")
"""Of one that writes what a message says twice."""
LOUD = CHATML.replace("{{ m['content'] }}", "{{ m['content'] | upper }}")
"""Of one that changes the words."""
TEMPLATES = {"gemma": GEMMA, "chatml": CHATML, "brackets": BRACKETS}
MORE = {"defaulted": DEFAULTED, "dated": DATED, "twice": TWICE, "loud": LOUD}
ASKED = [{"role": "user", "content": " the capital of France "}]
TALK = [
    {"role": "user", "content": "the capital of Italy"},
    {"role": "assistant", "content": "is Rome"},
    {"role": "user", "content": "the capital of France"},
]


def chatty(template: str, kind: str = "byte-level", *, ends: bool = False) -> unembed.Model:
    tokenizer = KINDS[kind](ends=ends)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<start>", "<end>"]})
    tokenizer.chat_template = (TEMPLATES | MORE)[template]
    return unembed.wrap(build("gpt2", vocab_size=len(tokenizer), context=256), tokenizer, name=template)


@pytest.mark.crossed(1)
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


def spoken(model: unembed.Model, run: unembed.Run) -> list[tuple[str | None, str]]:
    """Each turn of a chat, by the roles of its tokens."""
    groups = itertools.groupby(zip(run.tokens, run.roles, strict=True), key=lambda pair: pair[1])
    said = [(role, [token for token, _ in pairs]) for role, pairs in groups]
    return [(role, model.tokenizer.decode(ids).strip()) for role, ids in said if role != "template"]


def test_the_system_prompt_that_a_template_writes_is_the_systems() -> None:
    """And a note says that nobody gave it."""
    model = chatty("defaulted")
    talk = [(message["role"], message["content"]) for message in TALK]
    assert spoken(model, record(model, TALK)) == [("system", OWN), *talk]
    (note,) = prompt_notes(model, TALK)
    assert note == f"The messages have no system prompt, so the template of defaulted writes its own: {OWN!r}."
    given = [{"role": "system", "content": "Say the capital"}, *TALK]
    assert spoken(model, record(model, given)) == [("system", "Say the capital"), *talk]
    assert prompt_notes(model, given) == ()
    for method in (unembed.explain, unembed.ablate, unembed.words, unembed.explain_answer):
        assert note in method(model, TALK).notes


@pytest.mark.parametrize("template", ["gemma", "chatml", "brackets", "dated"])
def test_what_a_template_writes_in_any_case_is_no_system_prompt(template: str) -> None:
    model = chatty(template)
    assert prompt_notes(model, TALK) == ()
    assert "system" not in record(model, TALK).roles


@pytest.mark.parametrize(
    ("template", "end"),
    [
        *(("gemma", "<end>"), ("chatml", "<end>"), ("brackets", "</s>"), ("dated", None)),
        *(("twice", "<end>"), ("loud", "<end>")),
    ],
)
@pytest.mark.parametrize("messages", [ASKED, TALK[:2]], ids=["asked", "begun"])
def test_the_token_that_ends_a_turn(template: str, end: str | None, messages: list) -> None:
    model = chatty(template)
    found = chat.end_of_turn(model, messages)
    assert found == (None if end is None else model.tokenizer.convert_tokens_to_ids(end))


def test_what_a_model_says_in_a_chat_ends_with_its_turn() -> None:
    """Also where the generation settings do not know the token that ends it."""
    model = chatty("chatml")
    model.module.generation_config.eos_token_id = None
    tokens = tokenize(model, TALK)
    said = model.module.generate(torch.tensor([tokens]), max_new_tokens=20, do_sample=False)[0, len(tokens) :].tolist()
    place = max(i for i, token in enumerate(said) if token not in said[:i])
    assert place > 0
    # The last new token of what it says becomes the end of a turn.
    end = model.tokenizer.convert_ids_to_tokens(said[place])
    model.tokenizer.add_special_tokens({"additional_special_tokens": ["<start>", end]})
    model.tokenizer.chat_template = CHATML.replace("{{ m['content'] }}<end>", f"{{{{ m['content'] }}}}{end}")
    assert chat.end_of_turn(model, TALK) == said[place]
    found = whole_answer(prompt_of(model, TALK), "auto")
    again = tokenize(model, TALK)
    said = model.module.generate(
        torch.tensor([again]), max_new_tokens=20, do_sample=False, eos_token_id=said[place], pad_token_id=0
    )[0, len(again) :].tolist()
    assert list(found.tokens) == (said[:-1] if said[-1] == chat.end_of_turn(model, TALK) else said)


def test_the_answer_of_a_chat_is_the_assistants() -> None:
    model = chatty("defaulted")
    found = unembed.explain_answer(model, TALK, " is Paris and Rome", test=False)
    run = found.run
    assert spoken(model, run)[0] == ("system", OWN)
    assert run.roles[: found.length] == record(model, TALK).roles
    assert set(run.roles[found.length :]) == {"assistant"}
    assert len(run.tokens) == found.length + len(found.answer) - 1
    again = unembed.explain_answer(record(model, TALK), " is Paris and Rome", test=False)
    assert (again.log_probability, again.run.roles) == (found.log_probability, run.roles)


@pytest.mark.parametrize("template", sorted(TEMPLATES | MORE))
def test_a_recorded_chat_is_asked_as_its_messages_are(template: str) -> None:
    """The same units and notes, and the same end of what the model says: also where the tokenizer would begin the text
    of the chat with a token that the template leaves out."""
    model = chatty(template)
    model.module.generation_config.eos_token_id = None
    run = record(model, TALK)
    assert prompt_of(model, run).messages == tuple(TALK)
    for by in ("token", "word", "sentence"):
        recorded, asked = (unembed.words(model, prompt, by=by, how="mask") for prompt in (run, TALK))
        assert recorded.notes == asked.notes
        one, other = (
            [(u.text, u.positions, u.start, u.end, u.role, u.mark) for u in w.units] for w in (recorded, asked)
        )
        assert one == other
        # Log-probabilities of float32 logits below 10, in walks of other batches: some units in the last place.
        effects = ([unit.effect for unit in w.units] for w in (recorded, asked))
        assert next(effects) == pytest.approx(next(effects), abs=2e-5)
    # A token that it says becomes the one that ends a turn.
    end = model.tokenizer.convert_ids_to_tokens(whole_answer(prompt_of(model, TALK), "auto").tokens[-1])
    model.tokenizer.add_special_tokens({"additional_special_tokens": ["<start>", "<end>", end]})
    model.tokenizer.chat_template = (TEMPLATES | MORE)[template].replace("<end>\n{% end", f"{end}\n{{% end")
    prompts = (prompt_of(model, TALK), prompt_of(model, record(model, TALK)))
    assert prompts[0].tokens == prompts[1].tokens
    ended = [what_it_says(prompt) for prompt in prompts]
    assert ended[0] == ended[1]


def what_it_says(prompt: Prompt) -> object:
    """The answer and how it ended, or the refusal of one that ends at once."""
    try:
        found = whole_answer(prompt, "auto")
    except InputError as error:
        return str(error)
    return found.tokens, found.notes


def test_a_chat_that_was_recorded_is_not_rendered_again() -> None:
    """A template may write the date."""
    model = chatty("chatml")
    run = record(model, TALK, positions=[-1])
    model.tokenizer.chat_template = CHATML.replace("assistant", "Rome")
    again = prompt_of(model, run).recorded()
    assert (again.tokens, again.roles, again.messages) == (run.tokens, run.roles, run.messages)
    assert again.positions == tuple(range(run.length))


def test_a_beginning_of_a_recorded_chat_has_its_roles() -> None:
    run = record(chatty("defaulted"), TALK)
    begun = prefix(run, 12)
    assert begun.roles == run.roles[:12]
    assert begun.messages == ()


def test_words_that_cannot_be_continued_are_refused() -> None:
    with pytest.raises(InputError, match="writes the last message more than once"):
        tokenize(chatty("twice"), TALK[:2])


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
    if "0.5" in said:  # the others must not run out of time on a busy machine
        monkeypatch.setattr(templates, "_SECONDS", 0.5)
    model = chatty("chatml")
    found = tokenize(model, ASKED)
    model.tokenizer.chat_template = template
    with pytest.raises(InputError, match=f"refuses these messages: {said}"):
        tokenize(model, ASKED)
    model.tokenizer.chat_template = CHATML
    assert tokenize(model, ASKED) == found
