"""The four things that can go wrong, each with the exit code the command line gives it.

A message is written for a person: what was expected, what was found, what to do.
"""


class UnembedError(Exception):
    """Anything `unembed` refuses or cannot finish. Exit code 1."""

    exit_code = 1


class InputError(UnembedError):
    """The request itself cannot be met: empty prompt, unknown target, position out of range. Exit code 2."""

    exit_code = 2


class ModelError(UnembedError):
    """The model is missing, damaged, unsupported or does not agree with itself. Exit code 3."""

    exit_code = 3


class LedgerError(UnembedError):
    """A decomposition did not add up to the model's own number within its tolerance. Exit code 4."""

    exit_code = 4
