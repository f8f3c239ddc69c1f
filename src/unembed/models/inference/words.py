"""Sets of words, as they are read best."""


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())
