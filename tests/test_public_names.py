"""The public names of `unembed`: each resolves, and no module of the package hides one once it is imported."""

import pkgutil

import unembed


def test_no_module_has_the_name_of_a_function() -> None:
    modules = {module.name for module in pkgutil.iter_modules(unembed.__path__)}
    assert not modules & set(unembed.__all__)


def test_every_public_name_resolves() -> None:
    for name in unembed.__all__:
        assert getattr(unembed, name) is not None
