"""The facts that ship, and the reader of a user's own: what is read, and what is refused with which message."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import pytest
import torch

from unembed.errors import InputError
from unembed.methods.knowledge.facts import Fact, Relation, read_facts, relations, shipped

CAPITALS = """\
relation: capital
description: the capital of a country
templates:
  - The capital of {subject} is
  - "Q: What is the capital of {subject}? A:"
facts:
  - {subject: France, answer: Paris}
  - {subject: Japan, answer: 東京, prompts: [日本の首都は], target: 東京}
"""
LINE = {"relation": "capital", "subject": "France", "answer": "Paris", "prompts": ["The capital of France is"]}


@pytest.fixture
def wrote(tmp_path):
    """Writes a file of facts and gives its path."""

    def write(name, content):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write


def lines(*entries):
    return "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)


def changed(**keys):
    return {**LINE, **keys}


# ------------------------------------------------------------ what ships


def test_at_least_six_relations_ship() -> None:
    assert {"capital", "language", "currency", "inventor", "sport", "continent"} <= set(relations())


@pytest.mark.parametrize("name", relations())
def test_a_shipped_relation(name) -> None:
    relation = shipped(name)
    assert relation.name == name
    assert relation.description
    assert len(relation.facts) >= 30
    assert len(relation.templates) >= 6
    assert all("{subject}" in template for template in relation.templates)
    assert len({fact.subject for fact in relation.facts}) == len(relation.facts)
    for fact in relation.facts:
        assert fact.relation == name
        assert fact.target == f" {fact.answer}"
        assert fact.prompts == tuple(template.replace("{subject}", fact.subject) for template in relation.templates)


@pytest.mark.parametrize("name", relations())
def test_no_shipped_prompt_gives_an_answer_away(name) -> None:
    relation = shipped(name)
    for fact in relation.facts:
        assert not [prompt for prompt in fact.prompts if fact.answer.lower() in prompt.lower()]
    frames = [template.replace("{subject}", "").lower() for template in relation.templates]
    answers = {fact.answer.lower() for fact in relation.facts}
    assert not [(frame, answer) for frame in frames for answer in answers if re.search(rf"\b{answer}\b", frame)]


@pytest.mark.parametrize("name", relations())
def test_no_answer_is_that_of_more_than_a_quarter_of_the_facts(name) -> None:
    facts = shipped(name).facts
    (_, most), *_ = Counter(fact.answer for fact in facts).most_common(1)
    assert most <= len(facts) / 4


@pytest.mark.parametrize("name", relations())
def test_shipped_templates_are_paraphrases(name) -> None:
    """No two templates share more than two thirds of their words."""
    words = [frozenset(re.findall(r"\w+", template.lower())) for template in shipped(name).templates]
    assert max(len(one & other) / len(one | other) for one, other in combinations(words, 2)) < 2 / 3


def test_an_unknown_relation_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"No relation 'colour' ships with unembed\. Give one of .*capital, .*sport"):
        shipped("colour")


# ------------------------------------------------------------ what is read


def test_yaml_is_read(wrote) -> None:
    asked = ("The capital of France is", "Q: What is the capital of France? A:")
    france = Fact("capital", "France", "Paris", asked, " Paris")
    japan = Fact("capital", "Japan", "東京", ("日本の首都は",), "東京")
    templates = ("The capital of {subject} is", "Q: What is the capital of {subject}? A:")
    expected = Relation("capital", "the capital of a country", templates, (france, japan))
    assert read_facts(wrote("own.yaml", CAPITALS)) == (expected,)
    assert read_facts(str(wrote("own.yml", b"\xef\xbb\xbf" + CAPITALS.encode()))) == (expected,)


def test_a_yaml_list_holds_several_relations(wrote) -> None:
    one = '- relation: {}\n  templates: ["The {} of {{subject}} is"]\n  facts: [{{subject: France, answer: x}}]\n'
    read = read_facts(wrote("own.yaml", one.format("capital", "capital") + one.format("king", "king")))
    assert [relation.name for relation in read] == ["capital", "king"]
    assert [relation.description for relation in read] == ["", ""]
    assert read[1].facts == (Fact("king", "France", "x", ("The king of France is",)),)


def test_jsonl_is_gathered_by_relation(wrote) -> None:
    german = changed(relation="language", answer="French", prompts=["People in France speak"])
    italy = changed(subject="Italy", answer="Rome", prompts=["Italy:"], target="Rome")
    read = read_facts(wrote("own.jsonl", lines(LINE, german, italy) + "\n\n"))
    assert [(relation.name, relation.templates) for relation in read] == [("capital", ()), ("language", ())]
    assert read[0].facts[0] == Fact("capital", "France", "Paris", ("The capital of France is",))
    assert read[0].facts[1] == Fact("capital", "Italy", "Rome", ("Italy:",), "Rome")
    assert read[1].facts == (Fact("language", "France", "French", ("People in France speak",), " French"),)


def test_entries_of_one_fact_are_one_fact_with_all_prompts(wrote) -> None:
    other = changed(prompts=["France's capital is called", *LINE["prompts"]])
    (relation,) = read_facts(wrote("own.jsonl", lines(LINE, other)))
    (fact,) = relation.facts
    assert fact.prompts == ("The capital of France is", "France's capital is called")


@pytest.mark.parametrize("name", relations())
def test_shipped_facts_round_trip(wrote, name) -> None:
    """Written again, as YAML and as JSONL, a relation is read as it was."""
    import yaml

    relation = shipped(name)
    facts = [{"subject": fact.subject, "answer": fact.answer} for fact in relation.facts]
    written = {"relation": name, "description": relation.description, "templates": list(relation.templates)}
    assert read_facts(wrote("own.yaml", yaml.safe_dump({**written, "facts": facts}))) == (relation,)
    own = [
        {**fact, "relation": name, "prompts": list(read.prompts)}
        for fact, read in zip(facts, relation.facts, strict=True)
    ]
    (read,) = read_facts(wrote("own.jsonl", lines(*own)))
    assert read.facts == relation.facts


def test_a_json_line_may_hold_a_line_separator(wrote) -> None:
    (relation,) = read_facts(wrote("own.jsonl", lines(changed(prompts=["One\u2028The capital of France is"]))))
    assert relation.facts[0].prompts == ("One\u2028The capital of France is",)


# ------------------------------------------------------------ what is refused


def test_a_missing_file_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match=r"There is no file .*none\.yaml\. Check the path; it is read from"):
        read_facts(tmp_path / "none.yaml")


def test_a_folder_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match=r"is a folder\. Give one file of facts in it"):
        read_facts(tmp_path)


def test_another_ending_is_refused(wrote) -> None:
    with pytest.raises(InputError, match=r"own\.csv: expected a name that ends in \.yaml, \.yml or \.jsonl"):
        read_facts(wrote("own.csv", "subject,answer"))


@pytest.mark.parametrize("name", ["own.yaml", "own.jsonl"])
def test_other_encodings_are_refused(wrote, name) -> None:
    with pytest.raises(InputError, match=r"line 2: expected UTF-8, found the byte 0xe9\. Save the file as UTF-8"):
        read_facts(wrote(name, b"# caf\xc3\xa9\nBogot\xe9"))


BAD_YAML = {
    "empty": ("", "own.yaml is empty. Expected a relation with `relation`, `templates` and `facts`."),
    "nothing but a comment": ("# none yet\n", "own.yaml is empty."),
    "a tab": ("relation: capital\n\tfacts: []\n", "own.yaml, line 2: expected YAML, found: "),
    "a colon": (
        CAPITALS.replace('"Q: What is the capital of {subject}? A:"', "In brief: Q: {subject}"),
        "own.yaml, line 5: expected YAML, found: mapping values are not allowed here. Indent with spaces",
    ),
    "a brace first": (
        CAPITALS.replace("- The capital of {subject} is", "- {subject} has"),
        "line 4: expected YAML, found: ",
    ),
    "an impossible date": (CAPITALS.replace("Paris", "2020-13-45"), "own.yaml: expected YAML, found: month must be"),
    "a text": ("The capital of France is Paris", "own.yaml: expected the keys relation, facts, description, templates"),
    "no relation": (CAPITALS.replace("relation:", "name:"), "expected the key `relation`, found name, description"),
    "no facts": (CAPITALS.replace("facts:", "fact:"), "expected the key `facts`, found relation, description"),
    "an unknown key": ("colour: red\n" + CAPITALS, "found the key `colour`. Remove it."),
    "no answer": (
        CAPITALS.replace("France, answer:", "France, anser:"),
        "own.yaml (capital), fact 1: expected the key `answer`, found subject, anser. Add it.",
    ),
    "an unknown key of a fact": (
        CAPITALS.replace("France,", "France, continent: Europe,"),
        "fact 1: expected only subject, answer, prompts, target, found the key `continent`. Remove it.",
    ),
    "a fact that is a text": (
        CAPITALS.replace("{subject: France, answer: Paris}", "France"),
        "fact 1: expected the keys subject, answer, prompts, target, found 'France'.",
    ),
    "no subject in a template": (
        CAPITALS.replace("The capital of {subject} is", "The capital is"),
        "(capital), template 1: expected {subject} where the subject goes, found none in 'The capital is'. Add it.",
    ),
    "another slot": (
        CAPITALS.replace("The capital of {subject} is", "The {relation} of {subject} is"),
        "template 1: expected no braces but those of {subject}, found 'The {relation} of {subject} is'.",
    ),
    "a template read as a mapping": (
        CAPITALS.replace('"Q: What is the capital of {subject}? A:"', "Capital of {subject}:"),
        "`templates` 2: expected text, found {'Capital of {subject}': None} (dict). Put it in quotes: YAML reads",
    ),
    "a space at the end": (
        CAPITALS.replace("? A:", "? A: "),
        "fact 1: ' Paris' brings its own space, found a prompt that ends with one: 'Q: What is the capital of France?",
    ),
    "a template twice": (
        CAPITALS.replace('"Q: What is the capital of {subject}? A:"', "The capital of {subject} is"),
        "`templates`: expected different texts, found 'The capital of {subject} is' twice.",
    ),
    "no templates in the list": (
        "relation: capital\ntemplates: []\nfacts: [{subject: France, answer: Paris}]",
        "own.yaml (capital), `templates`: expected a list with at least one entry, found [].",
    ),
    "no facts in the list": (
        "relation: capital\ntemplates: ['{subject}:']\nfacts: []",
        "own.yaml (capital), `facts`: expected a list with at least one entry, found [].",
    ),
    "neither templates nor prompts": (
        "relation: capital\nfacts: [{subject: France, answer: Paris}]",
        "fact 1: expected `prompts`, since its relation has no `templates`. Add either.",
    ),
    "no prompts in the list": (
        CAPITALS.replace("[日本の首都は]", "[]"),
        "fact 2, `prompts`: expected a list with at least",
    ),
    "a slot in a fact's own prompt": (
        CAPITALS.replace("日本の首都は", "'{subject}:'"),
        "fact 2, `prompts`: expected the subject itself, found {subject}. Put 'Japan' there.",
    ),
    "a bare no": (
        CAPITALS.replace("answer: Paris", "answer: no"),
        "fact 1, `answer`: expected text, found False (bool). Put it in quotes: YAML reads a bare no,",
    ),
    "a number": (CAPITALS.replace("subject: France", "subject: 7"), "fact 1, `subject`: expected text, found 7 (int)."),
    "an empty answer": (
        CAPITALS.replace("answer: Paris", "answer: ''"),
        "fact 1, `answer`: expected text, found an empty one.",
    ),
    "spaces around an answer": (
        CAPITALS.replace("answer: Paris", "answer: ' Paris'"),
        "fact 1, `answer`: expected no space or line break around the text, found ' Paris'.",
    ),
    "a relation twice": (
        "".join(f"- {{relation: king, facts: [{{subject: {s}, answer: x, prompts: [p]}}]}}\n" for s in "ab"),
        "own.yaml, entry 2: king came before. Put all its facts under one entry.",
    ),
}


@pytest.mark.parametrize("case", BAD_YAML)
def test_bad_yaml_is_refused(wrote, case) -> None:
    text, message = BAD_YAML[case]
    with pytest.raises(InputError, match=re.escape(message)) as raised:
        read_facts(wrote("own.yaml", text))
    assert "own.yaml" in str(raised.value)
    assert "\n" not in str(raised.value)


BAD_JSONL = {
    "empty": (" \n\n", "own.jsonl is empty. Expected one fact a line, with relation, subject, answer and prompts."),
    "not JSON": (
        lines(LINE) + "\n{relation: capital}",
        "own.jsonl, line 2: expected one fact in JSON, found what is not",
    ),
    "deep nesting": ("[" * 100_000, "own.jsonl, line 1: expected one fact in JSON"),
    "a list": ("[1]", "line 1: expected the keys relation, subject, answer, prompts, target, found [1]."),
    "no prompts": (
        lines({key: value for key, value in LINE.items() if key != "prompts"}),
        "line 1: expected the key `prompts`, found relation, subject, answer. Add it.",
    ),
    "an unknown key": (lines(LINE, changed(source="x")), "line 2: expected only relation, subject, answer, prompts"),
    "prompts that are a text": (
        lines(changed(prompts="The capital of France is")),
        "line 1, `prompts`: expected a list with at least one entry, found 'The capital of France is'.",
    ),
    "an empty list": (lines(changed(prompts=[])), "line 1, `prompts`: expected a list with at least one entry"),
    "a number": (lines(changed(answer=7)), "line 1, `answer`: expected text, found 7 (int). Put it in quotes"),
    "null": (lines(changed(target=None)), "line 1, `target`: expected text, found None (NoneType)."),
    "only a subject with two answers": (
        lines(LINE, changed(answer="Lyon", prompts=["France's capital is"])),
        "expected at least one fact, found none that can be asked.",
    ),
    "a fact of PARAREL without a pattern": (
        lines({"sub_label": "Lille", "obj_label": "Nord", "uuid": "x"}),
        "own.jsonl, line 1: expected a `pattern` such as '[X] was born in [Y].' for this fact of PARAREL, found none.",
    ),
    "a fact of PARAREL without an answer": (
        lines({"sub_label": "Lille", "obj_label": "", "pattern": "[X] is in [Y]."}),
        "own.jsonl, line 1, `answer`: expected text, found an empty one.",
    ),
    "only patterns that go on after the answer": (
        lines({"sub_label": "Lille", "obj_label": "Nord", "pattern": "[X] is in [Y], I think."}),
        "expected at least one fact, found none that can be asked.",
    ),
}


@pytest.mark.parametrize("case", BAD_JSONL)
def test_bad_jsonl_is_refused(wrote, case) -> None:
    text, message = BAD_JSONL[case]
    with pytest.raises(InputError, match=re.escape(message)) as raised:
        read_facts(wrote("own.jsonl", text))
    assert "own.jsonl" in str(raised.value)


# ------------------------------------------------------------ files in the wild


@pytest.mark.parametrize("turn", [0, 1, 2])
def test_a_subject_with_two_answers_is_left_out_and_counted(wrote, turn) -> None:
    """Whatever their order: neither answer is taken, and the note says where the first two are."""
    rows = [LINE, changed(answer="Lyon"), changed(subject="Italy", answer="Rome", prompts=["Italy:"])]
    rows = rows[turn:] + rows[:turn]
    file = wrote("own.jsonl", lines(*rows))
    (relation,) = read_facts(file)
    assert [fact.subject for fact in relation.facts] == ["Italy"]
    places = [n for n, row in enumerate(rows, 1) if row["subject"] == "France"]
    first, second = (rows[n - 1]["answer"] for n in places)
    assert relation.left_out == (
        f"1 subject has several answers and is left out: France has {first} ({file}, line {places[0]}) and "
        f"{second} ({file}, line {places[1]}).",
    )


def test_of_yaml_as_well_and_several_subjects_are_one_note(wrote) -> None:
    more = "".join(f"  - {{subject: {s}, answer: {a}}}\n" for s in ("Peru", "Chad") for a in ("Lima", "Oslo", "Lima"))
    (relation,) = read_facts(wrote("own.yaml", CAPITALS + more))
    assert [fact.subject for fact in relation.facts] == ["France", "Japan"]
    (note,) = relation.left_out
    assert note.startswith("2 subjects have several answers and are left out: Peru has Lima (")
    assert note.endswith("), ….")


def test_lines_of_pararel_are_asked_by_the_patterns_beside_them(wrote) -> None:
    """As its two files are, one after the other; a pattern that goes on after its answer asks nothing."""
    patterns = ["[X] is the capital of [Y].", "[X],  the capital of [Y] .", "[X], [Y]'s capital.", "[Y] has [X]."]
    facts = [{"sub_label": s, "obj_label": o, "uuid": "1"} for s, o in (("Lille", "Nord"), ("Topeka", " Kansas"))]
    (relation,) = read_facts(wrote("P1376.jsonl", lines(*({"pattern": p, "lemma": "x"} for p in patterns), *facts)))
    assert relation.name == "P1376"
    assert relation.facts[0] == Fact("P1376", "Lille", "Nord", ("Lille is the capital of", "Lille,  the capital of"))
    assert (relation.facts[1].answer, relation.facts[1].target) == ("Kansas", " Kansas")
    (note,) = relation.left_out
    assert note == '2 of 4 patterns do not end with the answer, such as "[X], [Y]\'s capital.".'


def test_a_row_of_pararel_may_have_its_pattern_and_relation(wrote) -> None:
    row = {"sub_label": "Lille", "obj_label": "Nord", "predicate_id": "P36"}
    asking = [{**row, "pattern": "[X] is in [Y]."}, {**row, "template": "[X] lies in [Y]."}]
    odd = {**row, "sub_label": "Rumbek", "pattern": "[X] of [Y] is far."}
    (relation,) = read_facts(wrote("own.jsonl", lines(*asking, odd)))
    assert relation.facts == (Fact("P36", "Lille", "Nord", ("Lille is in", "Lille lies in")),)
    assert relation.left_out == ("1 fact is left out: no pattern that ends with the answer asks for them.",)


def test_lines_of_counterfact(wrote) -> None:
    row = {
        "case_id": 0,
        "requested_rewrite": {
            "prompt": "The mother tongue of {} is",
            "relation_id": "P103",
            "target_new": {"str": "English", "id": "Q1860"},
            "target_true": {"str": "French", "id": "Q150"},
            "subject": "Danielle Darrieux",
        },
        "paraphrase_prompts": [
            "Shayna does this. Danielle Darrieux, a native ",
            "Danielle Darrieux spoke the language",
        ],
        "neighborhood_prompts": ["The mother tongue of Thomas is"],
    }
    (relation,) = read_facts(wrote("counterfact.jsonl", lines(row)))
    prompts = (
        "The mother tongue of Danielle Darrieux is",
        "Shayna does this. Danielle Darrieux, a native",
        "Danielle Darrieux spoke the language",
    )
    assert (relation.name, relation.facts) == ("P103", (Fact("P103", "Danielle Darrieux", "French", prompts),))


# ------------------------------------------------------------ the real model


@pytest.mark.real
def test_the_real_model_knows_some_shipped_facts(real_model) -> None:
    """For the first fact of each relation, the answer's first token is on top after most paraphrases."""
    for name in relations():
        fact = shipped(name).facts[0]
        right = _on_top(real_model, fact.prompts, fact.target)
        assert sum(right) >= 4, (fact.subject, fact.answer, right)


def _on_top(model, prompts: Sequence[str], target: str) -> list[bool]:
    """Whether the model continues each prompt with the target's first token; it reads no padding after a prompt."""
    asked, told = ([model.tokenizer(prompt + end).input_ids for prompt in prompts] for end in ("", target))
    assert all(whole[: len(ids)] == ids for whole, ids in zip(told, asked, strict=True))
    ends = [len(ids) - 1 for ids in asked]
    padded = torch.tensor([[*ids, *[0] * (max(ends) + 1 - len(ids))] for ids in asked])
    with torch.inference_mode():
        last = model.module(padded).logits[torch.arange(len(ends)), ends].argmax(-1).tolist()
    return [token == whole[len(ids)] for token, whole, ids in zip(last, told, asked, strict=True)]
