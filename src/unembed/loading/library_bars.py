"""Other libraries' progress bars and warnings, kept from the terminal: their counts go to a progress callback."""

import contextlib
import importlib
import importlib.util
import warnings
from collections.abc import Iterator
from typing import Any

from unembed.progress import Progress


def bar(report: Progress, stage: str, unit: str) -> type[Any]:
    """A tqdm class that draws nothing and reports the fraction of bars that count in `unit`."""
    import io

    from tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options | {"file": io.StringIO(), "disable": False})

        def display(self, *args: object, **options: object) -> None:
            if self.total and self.unit == unit:
                report(stage, min(self.n / self.total, 1.0))

    return Bar


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers and huggingface_hub from writing bars and warnings; restores what was set."""
    from huggingface_hub.utils import logging as hub
    from transformers.utils import logging

    levels, bars = (logging.get_verbosity(), hub.get_verbosity()), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    hub.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(levels[0])
        hub.set_verbosity(levels[1])
        if bars:
            logging.enable_progress_bar()


@contextlib.contextmanager
def swapped(module: str, name: str, value: object) -> Iterator[None]:
    """`module.name` is `value` for a while; nothing happens where there is no such name."""
    place = importlib.import_module(module) if importlib.util.find_spec(module) else None
    if not hasattr(place, name):
        yield
        return
    before = getattr(place, name)
    setattr(place, name, value)
    try:
        yield
    finally:
        setattr(place, name, before)
