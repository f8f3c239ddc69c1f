"""The small Parti: captions, pictures by the rules, what is trained on, and what the shipped checkpoint can do."""

import struct
import zlib
from itertools import chain

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from builders.parti import FOLDER, SAMPLE, recoloured, values_from
from unembed.errors import InputError
from unembed.toys.parti.captions import COLOURS, RELATIONS, SHAPES, Caption, Thing, captions, read_caption
from unembed.toys.parti.evaluation import evaluate, paint
from unembed.toys.parti.pictures import BACKGROUND, CELLS, cells, draw, object_positions, pixels, png
from unembed.toys.parti.training import build, examples, hide_tokens, save, seen_words, train
from unembed.toys.parti.vocabulary import HIDDEN, IDS, START, TOKENS, make_tokenizer

HELD_OUT, TRAINED = captions(held_out=True), captions(held_out=False)


# ------------------------------------------------------------ captions


def test_all_captions_of_two_objects_that_differ() -> None:
    every = {caption.text for caption in HELD_OUT + TRAINED}
    assert len(every) == len(HELD_OUT) + len(TRAINED) == 30 * 29 * 4
    assert all(caption.first != caption.second for caption in HELD_OUT + TRAINED)


def test_held_out_captions_are_enough_and_of_every_kind() -> None:
    assert len(HELD_OUT) == 414
    assert {caption.relation for caption in HELD_OUT} == set(RELATIONS)
    assert {thing for caption in HELD_OUT for thing in (caption.first, caption.second)} == {
        Thing(colour, shape) for colour in COLOURS for shape in SHAPES
    }


def test_a_caption_is_read_back() -> None:
    assert all(read_caption(caption.text) == caption for caption in HELD_OUT)
    expected = Caption(Thing("red", "circle"), "left of", Thing("blue", "square"))
    assert read_caption("  A red  CIRCLE left of a blue square\n") == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Expected a caption such as"),
        ("a red circle", "Expected a caption such as"),
        ("a red circle beside a blue square", "left of, right of, above, below"),
        ("a pink circle above a blue square", "red, green, blue, yellow, purple, black"),
        ("a red circle above a blue hexagon", "circle, square, triangle, diamond, cross"),
        ("the red circle above a blue square", "Expected a caption such as"),
        ("a red circle above a blue square below", "Expected a caption such as"),
        ("a red circle above a red circle", "two objects that differ"),
    ],
)
def test_what_is_no_caption(text, told) -> None:
    with pytest.raises(InputError, match=told):
        read_caption(text)


# ------------------------------------------------------------ pictures


def test_a_picture_by_hand() -> None:
    picture = draw(read_caption("a red circle left of a blue cross"))
    legend = {
        ".": "<background>",
        "r": "<red-full>",
        "1": "<red-circle-top-left>",
        "2": "<red-circle-top-right>",
        "3": "<red-circle-bottom-left>",
        "4": "<red-circle-bottom-right>",
        "b": "<blue-full>",
    }
    drawn = ["........", "........", "1r2...b.", "rrr..bbb", "3r4...b.", "........", "........", "........"]
    assert list(picture) == [legend[letter] for letter in "".join(drawn)]


def test_another_picture_by_hand() -> None:
    picture = draw(read_caption("a black triangle below a green diamond"))
    names = [
        *["top-left", "top", "top-right", "left", "full", "right", "bottom-left", "bottom", "bottom-right"],
        *["", "top", "", "left", "full", "right", "bottom-left", "full", "bottom-right"],
    ]
    expected = ["<background>"] * 64
    for index, name in enumerate(names):
        row, column = divmod(index % 9, 3)
        colour, shape, top = ("green", "diamond", 0) if index < 9 else ("black", "triangle", 5)
        if name:
            token = f"<{colour}-{name}>" if name == "full" else f"<{colour}-{shape}-{name}>"
            expected[8 * (top + row) + 2 + column] = token
    assert list(picture) == expected


@pytest.mark.parametrize(
    ("relation", "side"), [("left of", (0, -1)), ("right of", (0, 1)), ("above", (-1, 0)), ("below", (1, 0))]
)
def test_where_the_first_object_lies(relation, side) -> None:
    caption = Caption(Thing("red", "square"), relation, Thing("blue", "circle"))
    first, second = (torch.tensor([divmod(at, 8) for at in place]) for place in object_positions(caption))
    assert (first - second).sign().unique(dim=0).tolist() == [list(side)]
    seen = cells(draw(caption))
    assert {seen[8 * row + column].colour for row, column in first.tolist()} == {"red"}
    assert {seen[8 * row + column].colour for row, column in second.tolist()} == {"blue"}


def test_a_picture_tells_its_caption_but_for_the_order_of_its_objects() -> None:
    assert len({draw(caption) for caption in HELD_OUT + TRAINED}) == 30 * 29 * 4 // 2


def test_the_code_book() -> None:
    assert len(CELLS) == 1 + 6 * 18
    assert set(chain.from_iterable(map(draw, HELD_OUT + TRAINED))) == {cell.token for cell in CELLS}


def test_pixels_of_each_shape() -> None:
    picture = draw(read_caption("a red square above a blue diamond"))
    image = pixels(picture, 4)
    red = {(row, column) for row, line in enumerate(image) for column, rgb in enumerate(line) if rgb == image[0][8]}
    assert red == {(row, column) for row in range(12) for column in range(8, 20)}
    blue = [[rgb == image[26][14] for rgb in line[8:20]] for line in image[20:]]
    assert [sum(line) for line in blue] == [2, 4, 6, 8, 10, 12, 12, 10, 8, 6, 4, 2]
    assert blue == [line[::-1] for line in blue] == blue[::-1]


def test_a_png_holds_the_pixels() -> None:
    picture = draw(TRAINED[0])
    data = png(picture, 5)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, place = {}, 8
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place : place + 8])
        found[kind] = data[place + 8 : place + 8 + size]
        assert struct.unpack(">I", data[place + 8 + size : place + 12 + size])[0] == zlib.crc32(kind + found[kind])
        place += 12 + size
    assert list(found) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", found[b"IHDR"]) == (40, 40, 8, 2, 0, 0, 0)
    raw = zlib.decompress(found[b"IDAT"])
    lines = [raw[start : start + 121] for start in range(0, len(raw), 121)]
    assert {line[0] for line in lines} == {0}
    read = [[tuple(line[start : start + 3]) for start in range(1, 121, 3)] for line in lines]
    assert read == pixels(picture, 5)


def test_what_is_no_picture() -> None:
    with pytest.raises(InputError, match="64 image tokens, found 3"):
        pixels([BACKGROUND.token] * 3)
    with pytest.raises(InputError, match="found 'red'"):
        pixels(["red"] * 64)


# ------------------------------------------------------------ training


def test_held_out_captions_are_never_trained_on() -> None:
    every = examples()
    kept = [[TOKENS[i] for i in row[mask.bool()]] for row, mask in zip(every.words, every.mask, strict=True)]
    trained = {" ".join(words[:-1]) for words in kept}
    assert {words[-1] for words in kept} == {"</s>"}
    assert trained == {caption.text for caption in TRAINED}
    assert not trained & {caption.text for caption in HELD_OUT}
    assert [TOKENS[i] for i in every.pictures[7]] == list(draw(TRAINED[7]))


def test_a_batch_keeps_captions_and_pictures_together() -> None:
    every = examples()
    batch = every.draw(20, torch.Generator().manual_seed(0))
    for words, mask, picture in zip(batch.words, batch.mask, batch.pictures, strict=True):
        text = " ".join(TOKENS[i] for i in words[mask.bool()][:-1])
        assert [TOKENS[i] for i in picture] == list(draw(read_caption(text)))


def test_previous_tokens_are_hidden_at_a_rate_drawn_for_each_picture() -> None:
    pictures = examples().pictures
    previous = hide_tokens(pictures, torch.Generator().manual_seed(0))
    assert (previous[:, 0] == IDS[START]).all()
    hidden = previous[:, 1:] == IDS[HIDDEN]
    assert torch.equal(previous[:, 1:][~hidden], pictures[:, :-1][~hidden])
    shares = hidden.float().mean(1).sort().values
    # Uniform from 0 to 1: the distance to its distribution is at most 1.95 / sqrt(3066) in 999 of 1000 draws
    # (Kolmogorov), and a share of 63 tokens is off by some 0.03.
    assert (shares - torch.linspace(0, 1, len(shares))).abs().max() < 0.07


def test_words_that_name_no_object_are_hidden_in_half_of_the_rows() -> None:
    words = torch.tensor(make_tokenizer()(["a red circle left of a blue square"] * 400)["input_ids"])
    rows = seen_words(words, torch.Generator().manual_seed(0)).tolist()
    apart = [True, True, True, False, False, True, True, True, False]
    assert {tuple(row) for row in rows} == {tuple(apart), (True,) * 9}
    assert 160 < rows.count(apart) < 240  # four standard deviations around a half


def test_a_seed_gives_the_same_weights_again() -> None:
    one, same, other = (train(seed=seed, steps=1).state_dict() for seed in (1, 1, 2))
    name = "model.decoder.layers.1.encoder_attn.v_proj.weight"
    assert torch.equal(one[name], same[name])
    assert not torch.equal(one[name], other[name])


# ------------------------------------------------------------ the checkpoint


@pytest.fixture(scope="module")
def parti():
    """The shipped module in single precision, and its tokenizer, as `transformers` reads them."""
    module = AutoModelForSeq2SeqLM.from_pretrained(FOLDER, dtype=torch.float32).eval()
    return module, AutoTokenizer.from_pretrained(FOLDER)


def test_the_folder_is_small_and_plain(parti) -> None:
    module, tokenizer = parti
    assert (FOLDER / "model.safetensors").stat().st_size < 2.1e6
    assert {x.dtype for x in load_file(FOLDER / "model.safetensors").values()} == {torch.float16}
    assert AutoModelForSeq2SeqLM.from_pretrained(FOLDER, dtype="auto").dtype == torch.float32
    assert type(module).__name__ == "MBartForConditionalGeneration"
    assert tokenizer.get_vocab() == IDS
    assert tokenizer("A red  circle")["input_ids"] == make_tokenizer()("a red circle")["input_ids"]
    assert tokenizer("a <red-full>")["input_ids"] == [IDS["a"], IDS["<red-full>"], IDS["</s>"]]


def test_it_paints_captions_that_were_held_out(parti) -> None:
    score = evaluate(*parti, SAMPLE)
    assert score.tokens >= 0.99
    assert score.images >= 0.95


def test_random_weights_paint_none() -> None:
    score = evaluate(build(0), make_tokenizer(), SAMPLE[:5])
    assert score.images == 0
    assert score.tokens < 0.9


def test_a_score_of_no_caption(parti) -> None:
    with pytest.raises(InputError, match="at least one"):
        evaluate(*parti, [])


def test_painting_is_the_likeliest_token_after_those_before(parti) -> None:
    module, tokenizer = parti
    texts = [SAMPLE[0].text, next(c.text for c in SAMPLE if c.relation == "below")]  # of different lengths
    painted = paint(module, tokenizer, texts)
    for text, tokens in zip(texts, painted, strict=True):
        ids = [IDS[START]]
        source = torch.tensor([[IDS[word] for word in (*text.split(), "</s>")]])
        for _ in range(64):
            with torch.no_grad():
                logits = module(input_ids=source, decoder_input_ids=torch.tensor([ids]), use_cache=False).logits
            ids.append(int(logits[0, -1].argmax()))
        assert [TOKENS[i] for i in ids[1:]] == list(tokens)


# ------------------------------------------------------------ injection: the first phrase's values of another caption


def test_the_values_of_the_first_phrase_carry_its_colour(parti) -> None:
    module, tokenizer = parti
    others = [recoloured(caption, number) for number, caption in enumerate(SAMPLE)]
    plain = paint(module, tokenizer, [caption.text for caption in SAMPLE])
    with values_from(module, tokenizer, [caption.text for caption in others]):
        patched = paint(module, tokenizer, [caption.text for caption in SAMPLE])
    colour, shape, second_changed = 0, 0, 0
    for caption, other, before, after in zip(SAMPLE, others, plain, patched, strict=True):
        first, second = object_positions(caption)
        seen, expected = cells(after), cells(draw(other))
        colour += all(seen[at].colour == expected[at].colour for at in first)
        shape += all(seen[at].part == expected[at].part for at in first)
        second_changed += any(before[at] != after[at] for at in second)
    assert colour >= 0.85 * len(SAMPLE)
    assert shape >= 0.95 * len(SAMPLE)
    assert second_changed <= 0.05 * len(SAMPLE)


def test_a_checkpoint_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    folder = tmp_path / "parti"

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(InputError, match=r"Cannot write .*No space left on device"):
        save(build(0), folder)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []
    save(build(0), folder)
    before = (folder / "model.safetensors").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        save(build(1), folder)
    assert (folder / "model.safetensors").read_bytes() == before
