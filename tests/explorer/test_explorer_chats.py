"""What stands before a prompt, and whose words a chat holds, on the page and in a report."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import unembed
from builders.commands import run
from builders.random_models import build
from builders.tokenizers_of_kinds import byte_level
from unembed.explorer.asks import answer
from unembed.explorer.session import Session
from unembed.methods.explain import explain
from unembed.progress import silent
from unembed.runs.record import record

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<start>{{ m['role'] }}\n{{ m['content'] }}<end>\n{% endfor %}"
    "{% if add_generation_prompt %}<start>assistant\n{% endif %}"
)
TALK = [{"role": "system", "content": "a playful thing"}, {"role": "user", "content": "the capital of France"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "assistant"
    tokenizer = byte_level()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<start>", "<end>"]})
    tokenizer.chat_template = TEMPLATE
    build("gpt2", vocab_size=len(tokenizer), context=128).float().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_the_page_says_what_the_terminal_says_of_special_tokens(folder: Path) -> None:
    """Also where one prompt has the tokens of another that was asked before."""
    session = Session(unembed.load(str(folder)))

    def notes(prompt: str) -> list[str]:
        return answer(session, {"ask": "explain", "prompt": prompt, "test": False}, silent)["notes"]

    begun = "The prompt begins with '<s>' already: no second one was put in front."
    for prompt, expected in (("<s>the capital", [begun]), ("the capital", []), ("<s>the capital", [begun])):
        assert notes(prompt) == expected == list(explain(session.model, prompt, test=False).notes)


@pytest.mark.browser
def test_a_report_of_a_chat_names_the_roles_on_its_strip(
    browser: Browser, folder: Path, monkeypatch, capsys, tmp_path, own_cache
) -> None:
    path = tmp_path / "report.html"
    words = ["--chat", TALK[1]["content"], "--system", TALK[0]["content"], "--no-test", "--json", "--offline"]
    code, out, err = run(monkeypatch, capsys, "explain", *words, "--html", str(path), "-m", str(folder))
    assert (code, err) == (0, f"unembed: wrote {path}\n")
    kept = record(unembed.load(str(folder)), TALK)
    assert [token["role"] for token in json.loads(out)["tokens"]] == list(kept.roles)
    page = browser.new_page()
    page.goto(path.as_uri())
    turns = page.locator(".panel-words .turn")
    assert turns.all_text_contents() == ["system", "user"]
    page.get_by_role("link", name="Parts").click()
    roles = page.locator(".panel-strip ol.strip > li .role")
    expect(roles).to_have_count(len(kept.tokens))
    shown = [text.strip() for text in roles.all_text_contents()]
    assert [role for role in shown if role] == ["template", "system", "template", "user", "template"]
    assert shown.index("user") == kept.roles.index("user")
    page.close()
