"""Selected: the kept positions of a batch, which the recorders of its prompts share."""

from jaxtyping import Float
from torch import Tensor


class Selected:
    """The kept positions of all prompts of a batch, selected once for the recorders of all of them."""

    def __init__(self) -> None:
        self._seen: tuple[Tensor, int] | None = None
        self._found: Tensor | None = None

    def rows(self, x: Tensor, batch: int, length: int, rows: Tensor) -> Float[Tensor, "batch query *rest"] | None:
        """Of what a hook saw, whether or not the model has flattened the batch; None of what has other axes."""
        if x.is_inference() or (x.shape[:2] != (batch, length) and x.shape[0] != batch * length):
            return None
        if self._seen is None or self._seen[0] is not x or self._seen[1] != x._version or self._found is None:
            inner = x.shape[2:] if x.shape[:2] == (batch, length) else x.shape[1:]
            found = x.reshape(batch, length, *inner).index_select(1, rows.to(x.device))
            self._seen, self._found = (x, x._version), found  # a sum in place makes another version of it
        return self._found

    def clear(self) -> None:
        """Let go of what was seen last."""
        self._seen = self._found = None
