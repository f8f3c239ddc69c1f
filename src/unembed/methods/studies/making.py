"""making: a part of a study, from its questions to the bytes of its file; the same here and on a worker."""

from collections.abc import Callable, Generator, Sequence

from unembed.errors import ModelError, UnembedError
from unembed.methods.studies.answers import Answer
from unembed.methods.studies.asked import Asked
from unembed.methods.studies.parts import own_values, packed
from unembed.methods.studies.plan import Plan, answers_of

Tell = Callable[[int], None]
"""Called with the tokens of the prompts that were answered since."""
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
"""What torch says of a device or a machine that is full."""


def made_here(plan: Plan, tell: Tell) -> Generator[tuple[int, bytes], None, None]:
    """The parts that a plan has left to make, one after the other, each with its number."""
    for index in plan.todo:
        yield index, make_part(plan, index, tell)


def make_part(plan: Plan, index: int, tell: Tell) -> bytes:
    """A part as the bytes of its file.

    Raises:
        ModelError: torch could not go on.
    """
    return packed(_answers(plan, plan.parts[index], tell), plan.schema)


def _answers(plan: Plan, rows: Sequence[int], tell: Tell) -> list[Answer]:
    """The rows of a part, in its order."""
    answered: dict[int, Answer] = {}
    questions: list[Asked] = []
    for index in rows:
        one = plan.questions[index]
        if isinstance(one, str):
            answered[index] = {"error": one}
        else:
            questions.append(one)
    for batch in plan.batches(questions):
        for one, answer in zip(batch, _surely(plan, batch), strict=True):
            answered[one.number] = answer | {"length": one.length}
        tell(sum(one.length for one in batch))
    return [
        {"row": plan.prompts.numbers[index], **own_values(plan.prompts.rows[index], plan.own), **answered[index]}
        for index in rows
    ]


def _surely(plan: Plan, batch: Sequence[Asked]) -> list[Answer]:
    """An answer to each question, if only why there is none: what fails together is asked apart."""
    try:
        return list(answers_of(plan.model, batch, plan.task))
    except (UnembedError, MemoryError, RuntimeError) as error:
        if not isinstance(error, UnembedError | MemoryError) and not _is_of_memory(error):
            raise ModelError(f"torch could not go on: {next(iter(str(error).splitlines()), '')}") from error
        if len(batch) == 1:
            return [{"error": str(error) if isinstance(error, UnembedError) else "out of memory: shorten the prompt"}]
    middle = len(batch) // 2
    return [*_surely(plan, batch[:middle]), *_surely(plan, batch[middle:])]


def _is_of_memory(error: RuntimeError) -> bool:
    return any(said in str(error).lower() for said in _OUT_OF_MEMORY)
