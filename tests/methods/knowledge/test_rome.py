"""ROME: its closed form by hand, its descent against plain runs, and what it refuses."""

import pytest
import torch

import unembed
from builders.facts import FACT, TEXTS, logits, model_of
from builders.random_models import build
from unembed.errors import InputError
from unembed.methods.knowledge import rome as rome_module
from unembed.methods.knowledge.editing import Value, editor, suppress, update
from unembed.methods.knowledge.neurons import Neuron
from unembed.methods.knowledge.rome import Rome, direction, located, rome, second_moment
from unembed.methods.knowledge.weight_edits import applied, weight_edits
from unembed.models.model import Model, value_rows
from unembed.models.prompts import tokenize
from unembed.runs.activations import activations


def test_one_key_without_slack_is_the_papers_closed_form() -> None:
    """`u = C^-1 k / (k^T C^-1 k)`, so that `k . u = 1`."""
    random = torch.Generator().manual_seed(0)
    samples = torch.randn(200, 12, generator=random, dtype=torch.float64)
    c, k = samples.T @ samples / 200, torch.randn(12, generator=random, dtype=torch.float64)
    u = direction(k[None], c, ridge=0.0, slack=1e-9)
    expected = torch.linalg.solve(c, k)
    expected = expected / (k @ expected)
    assert torch.allclose(u, expected, rtol=0, atol=1e-6)
    assert float(k @ u) == pytest.approx(1.0, abs=1e-6)


def test_the_direction_is_the_least_squares_solution() -> None:
    """The gradient of `mean_j (k_j . u - 1)^2 + slack * u^T C u` is zero there."""
    random = torch.Generator().manual_seed(1)
    samples = torch.randn(50, 9, generator=random, dtype=torch.float64)
    c, keys = samples.T @ samples / 50, torch.randn(4, 9, generator=random, dtype=torch.float64)
    u = direction(keys, c, ridge=0.3, slack=0.2).requires_grad_()
    ridged = c + 0.3 * c.diagonal().mean() * torch.eye(9, dtype=torch.float64)
    loss = (keys @ u - 1).square().mean() + 0.2 * u @ ridged @ u
    (slope,) = torch.autograd.grad(loss, u)
    assert float(slope.abs().max()) < 1e-12


def test_the_second_moment_is_that_of_single_runs() -> None:
    model = model_of("gpt2")
    rows = []
    for text in TEXTS:
        seen = []
        handle = model.blocks[1].down_projection.register_forward_pre_hook(
            lambda _, args, seen=seen: seen.append(args[0])
        )
        logits(model, tokenize(model, text))
        handle.remove()
        rows.append(seen[0][0][1:].detach())
    keys = torch.cat(rows)
    assert torch.allclose(second_moment(model, 1, TEXTS), keys.T @ keys / len(keys), rtol=0, atol=1e-6)


def test_a_remembered_second_moment_is_not_taken_for_an_edited_model() -> None:
    model = model_of("gpt2")
    plain = second_moment(model, 2, TEXTS)
    with applied(model, suppress(model, [Neuron(0, n) for n in range(48)])):
        assert not torch.allclose(second_moment(model, 2, TEXTS), plain, rtol=0, atol=1e-3)
    assert second_moment(model, 2, TEXTS) is plain


def test_the_subject_is_found_by_its_last_token() -> None:
    model = model_of("gpt2")
    assert located(model, "France is a new Rome the", "new Rome") == ((5, 6, 9, 10, 8, 2), 4)
    assert located(model, "Rome is Rome of", "Rome")[1] == 2
    assert located(model, "the capital of France", "france")[1] == 3
    with pytest.raises(InputError, match="Expected the subject 'Paris' in every prompt"):
        located(model, "the capital", "Paris")
    with pytest.raises(InputError, match="Expected the subject '' in every prompt"):
        located(model, "the capital", "")
    with pytest.raises(InputError, match="no fast tokenizer"):
        located(unembed.wrap(build("gpt2")), "the capital", "capital")


def with_delta(model: Model, text: str, place: int, delta: torch.Tensor, layer: int) -> torch.Tensor:
    """Log probabilities of a plain run, with a vector added to what the down projection gives at one position."""
    tokens = tokenize(model, text)

    def add(_, args, out):
        change = torch.zeros(len(tokens), model.d_model, dtype=out.dtype)
        change[place] = delta
        return out + change.reshape(out.shape)

    handle = model.blocks[layer].down_projection.register_forward_hook(add)
    found = logits(model, tokens).log_softmax(-1)
    handle.remove()
    return found


FAMILIES = ("gpt2", "llama", "gemma2", "phi", "gpt_neo", "opt")


@pytest.mark.parametrize("model_type", FAMILIES)
def test_the_descent_reads_what_plain_runs_give(model_type: str) -> None:
    """Every prompt after every prefix, an answer of two tokens, and the last row; to 1e-5, for softmaxes in float32."""
    model = model_of(model_type)
    prompts = ["the capital of France is", "a new France"]
    delta = 3 * torch.randn(32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rome_module, "PREFIXES", ("", "Paris is of ", "not read here"))
        found = rome_module._problem(model, prompts, "France", "Rome new", 1).log_probabilities(delta)
    rows = []
    for prefix, shift in (("", 0), ("Paris is of ", 3)):
        for prompt, place in zip(prompts, (3, 2), strict=True):
            rows += list(with_delta(model, prefix + prompt + " Rome", place + shift, delta, 1)[-2:])
    rows.append(with_delta(model, "France is a", 0, delta, 1)[-1])
    assert torch.allclose(found, torch.stack(rows), rtol=0, atol=1e-5)
    assert not torch.allclose(found[0], logits(model, tokenize(model, prompts[0]))[-1].log_softmax(-1), atol=1e-3)


@pytest.mark.parametrize("model_type", FAMILIES)
def test_rome_makes_the_subject_write_what_the_descent_found(model_type: str) -> None:
    """With one key and next to no slack, the edited down projection gives exactly `delta` more there."""
    model = model_of(model_type)
    seen: list[torch.Tensor] = []
    inner = rome_module._descend
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rome_module, "_descend", lambda *args: seen.append(inner(*args)) or seen[-1])
        patch.setattr(rome_module, "PREFIXES", ("",))
        patch.setattr(rome_module, "CONTEXTS", ())
        edit = rome(model, ["the capital of France is"], "France", "Rome", texts=TEXTS, how=Rome(layer=1, slack=1e-9))
    (_, found) = next(activations(model, 1, [tokenize(model, "the capital of France")]))
    written = [found[-1] @ value_rows(model.blocks[1]).clone()]
    with applied(model, weight_edits(model, [edit], "")):
        written.append(found[-1] @ value_rows(model.blocks[1]).clone())
    assert torch.allclose(written[1] - written[0], seen[0], rtol=0, atol=1e-5)
    assert float(seen[0].norm()) > 0.1


def test_the_descent_lowers_its_loss_and_stays_within_its_limit() -> None:
    model = model_of("llama")
    problem = rome_module._problem(model, ["the capital of France is"], "France", "Rome new", 1)
    delta = rome_module._descend(problem, Rome(decay=0.01), lambda *_: None)
    assert 0 < float(delta.norm()) <= rome_module.LIMIT * problem.size * (1 + 1e-6)
    found = problem.log_probabilities(delta)
    plain = problem.log_probabilities(torch.zeros_like(delta))
    both = [(row, token) for row, token in zip(range(4), (8, 10) * 2, strict=True)]
    assert sum(float(found[i].detach()) for i in both) > sum(float(plain[i]) for i in both)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"by": Rome(layer=3)}, "no layer 3: expected 0 to 2"),
        ({"prompts": []}, "no prompt"),
        ({"prompts": ["the capital of Rome is"]}, "Expected the subject 'France'"),
        ({"to": ""}, "The new answer is empty"),
        ({"to": " Paris "}, "'Paris' is the answer already"),
        ({"to": "Xyzzy"}, "'Xyzzy' is not in the vocabulary"),
        ({"by": Value([])}, "no neuron to edit"),
        ({"by": Value([Neuron(0, 48)])}, "no neuron 48"),
        ({"texts": ["the"]}, "A second moment needs a text"),
    ],
)
def test_bad_updates_are_refused(words: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        update(model_of("gpt2"), FACT, **{"to": "Rome", "texts": TEXTS, **words})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"method": "memit"}, "Expected a method of value or rome, found 'memit'"),
        ({"method": "rome", "neurons": [Neuron(0, 1)]}, "takes no neurons"),
        ({"method": "rome", "strength": 1.0}, "no strength"),
        ({"method": "value", "neurons": [Neuron(0, 1)], "layer": 1}, "a layer belongs to ROME"),
    ],
)
def test_an_editor_refuses_what_belongs_to_another(words: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        editor(**words)


def test_an_editor_in_words() -> None:
    assert editor("rome", layer=2) == Rome(layer=2)
    assert editor("value", [Neuron(0, 1)]) == Value([Neuron(0, 1)], 0.05)
    assert editor("value", [Neuron(0, 1)], strength=0.3) == Value([Neuron(0, 1)], 0.3)


def test_rome_refuses_a_mixture() -> None:
    with pytest.raises(InputError, match="Layer 0 is a mixture of experts, and ROME edits dense layers only"):
        update(model_of("mixtral"), FACT, "Rome", texts=TEXTS)
