"""prompted: a method about a prompt takes a recorded run, or a model and a prompt.

    explain(run, " Paris")                            the run brings its model
    explain(model, "The capital of France is", " Paris")

Such a method is written once, for a `Prompt`; the decorator makes it callable in both ways.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload, runtime_checkable

from unembed.errors import InputError
from unembed.models.blanks import Blank, asked_position
from unembed.models.chat import is_chat, roles
from unembed.models.model import Model
from unembed.models.prompts import Given, absolute_position, tokenize
from unembed.models.refusals import asked_of
from unembed.models.targets import Before
from unembed.runs.record import record
from unembed.runs.run import Run

AnyPrompt = Given | Run
"""Text, messages of a chat, token ids, or a recorded run."""
P = ParamSpec("P")
R = TypeVar("R", covariant=True)


@dataclass(frozen=True)
class Prompt:
    """What a method is asked about: tokens that a model reads. Made by `prompt_of`."""

    model: Model
    tokens: tuple[int, ...]
    text: str | None
    """As it was written; None where it was given as token ids."""
    run: Run | None = None
    """The recorded run, where one was given."""
    messages: Sequence[Mapping[str, Any]] | None = None
    """Of a chat, where it was given as messages."""

    @property
    def written(self) -> str | tuple[int, ...]:
        """The text, where there is one; else the token ids."""
        return self.tokens if self.text is None else self.text

    @property
    def asked(self) -> int:
        """The position that a question is about unless it says another: the last one, or a masked model's blank.

        Raises:
            InputError: a masked language model whose prompt has no blank.
        """
        return asked_position(self.model, self.tokens) if self.run is None else self.run.asked

    @property
    def roles(self) -> tuple[str | None, ...]:
        """Of each token of a chat whose words it holds ("user", "template"); empty for other prompts."""
        if self.run is not None:
            return self.run.roles
        return () if self.messages is None else roles(self.model, self.messages, self.tokens)

    @property
    def context(self) -> Before:
        """What a target where it is asked follows, or fills: the prompt as it was written, or a blank in it."""
        return Blank(self.text, self.tokens, self.asked) if self.model.fills_blanks else self.written

    def place(self, position: int | None = None) -> int:
        """A position counted from the start (negative counts from the end); None is where it is asked.

        Raises:
            InputError: out of range, or a masked language model whose prompt has no blank.
        """
        return self.asked if position is None else absolute_position(position, len(self.tokens))

    def recorded(self, positions: Sequence[int] | None = None, *, keep: str = "all") -> Run:
        """The run that was given, if it keeps these positions (None: all) and what `keep` says; else a new one.

        Raises:
            InputError: a position outside the prompt.
            ModelError: the run gave numbers that are not finite.
        """
        length = len(self.tokens)
        wanted = range(length) if positions is None else [absolute_position(p, length) for p in positions]
        if self.run is not None and self.run.keeps(wanted) and (keep == "stream" or self.run.has_parts):
            return self.run
        if self.run is not None and self.run.messages:  # rendered again they may differ: a template may write the date
            again = record(self.model, self.tokens, positions=positions, keep=keep)
            return replace(again, messages=self.run.messages, roles=self.run.roles)
        return record(self.model, self.messages or self.written, positions=positions, keep=keep)

    def followed_by(self, tokens: Sequence[int]) -> "Prompt":
        """The prompt with more tokens after it: itself if there are none.

        Raises:
            InputError: it is longer than the model reads, or a masked language model's, which nothing follows.
        """
        if len(tokens) and self.model.fills_blanks:
            raise InputError(
                f"A blank of {self.model.name} holds one token, but the target has {len(tokens) + 1}: give a target of "
                "one token."
            )
        return prompt_of(self.model, (*self.tokens, *tokens)) if len(tokens) else self


def prompt_of(model: Model, prompt: AnyPrompt) -> Prompt:
    """What a prompt says: a run brings its model, and must be of this one.

    Raises:
        InputError: a bad prompt; a run of another model, of another source, or from before its weights were edited.
    """
    if isinstance(prompt, Run):
        prompt.check_made_by(model)
        return Prompt(prompt.model, prompt.tokens, prompt.text, prompt, prompt.messages or None)
    messages: Any = prompt if is_chat(prompt) else None
    return Prompt(model, tokenize(model, prompt), prompt if isinstance(prompt, str) else None, messages=messages)


def _other(model: Model, prompt: AnyPrompt) -> Prompt:
    """The prompt that is compared with another: a run of it may be of another source."""
    return prompt_of(replace(model, source=prompt.model.source) if isinstance(prompt, Run) else model, prompt)


@runtime_checkable
class Prompted(Protocol[P, R]):
    """A method about one prompt."""

    __name__: str

    @overload
    def __call__(self, run: Run, /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, model: Model, prompt: AnyPrompt, /, *args: P.args, **kwargs: P.kwargs) -> R: ...


@runtime_checkable
class PromptedByTwo(Protocol[P, R]):
    """A method about two prompts."""

    __name__: str

    @overload
    def __call__(self, run: Run, other: AnyPrompt, /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(
        self, model: Model, prompt: AnyPrompt, other: AnyPrompt, /, *args: P.args, **kwargs: P.kwargs
    ) -> R: ...


def prompted(method: Callable[Concatenate[Prompt, P], R]) -> Prompted[P, R]:
    """Make a method of a `Prompt` callable as `method(run, ...)` and as `method(model, prompt, ...)`."""
    return _callable_both_ways(method, prompts=1)


def prompted_by_two(method: Callable[Concatenate[Prompt, Prompt, P], R]) -> PromptedByTwo[P, R]:
    """The same of two prompts: `method(run, other, ...)` and `method(model, prompt, other, ...)`."""
    return _callable_both_ways(method, prompts=2)


def _callable_both_ways(method: Callable[..., Any], *, prompts: int) -> Any:
    @wraps(method)
    def ask(*args: Any, **kwargs: Any) -> Any:
        first = args[0] if args else None
        if isinstance(first, Run):
            model, given = first.model, args
        elif isinstance(first, Model) and len(args) > prompts:
            model, given = first, args[1:]
        else:
            found = ", ".join(type(x).__name__ for x in args[:2]) or "nothing"
            other = ", and the other prompt" if prompts == 2 else ""
            raise InputError(
                f"{method.__name__} takes a recorded run, or a model and a prompt{other}; found {found}.\n"
                f"Write {method.__name__}(run, ...) or {method.__name__}(model, prompt, ...)."
                + ("\nA model is loaded by its name: model = unembed.load(...)." if isinstance(first, str) else "")
            )
        if len(given) < prompts:
            raise InputError(f"{method.__name__} compares two prompts, found one: give the other after the run.")
        asked_of(model, method.__name__)
        others = (_other(model, each) for each in given[1:prompts])
        return method(prompt_of(model, given[0]), *others, *given[prompts:], **kwargs)

    ask.__signature__ = _signature(method, prompts)  # type: ignore[attr-defined]  # what help() and notebooks show
    return ask


def _signature(method: Callable[..., Any], prompts: int) -> inspect.Signature:
    """With the model before the prompts, each text, ids or a run."""
    own = inspect.signature(method)
    named = list(own.parameters.values())
    first = inspect.Parameter("model", inspect.Parameter.POSITIONAL_ONLY, annotation=Model)
    asked = [p.replace(kind=p.POSITIONAL_ONLY, annotation=AnyPrompt) for p in named[:prompts]]
    return own.replace(parameters=[first, *asked, *named[prompts:]])
