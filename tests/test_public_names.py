"""The public names of `unembed`: each resolves, and nothing at the top of the package hides one once it is imported."""

import pkgutil

import unembed


def test_nothing_at_the_top_has_the_name_of_a_function() -> None:
    top = {module.name for module in pkgutil.iter_modules(unembed.__path__)}
    assert not top & set(unembed.__all__)


def test_every_public_name_resolves() -> None:
    for name in unembed.__all__:
        assert getattr(unembed, name) is not None
