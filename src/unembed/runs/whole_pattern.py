"""whole_pattern: the pattern of one head at every position of a run that keeps some."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from unembed.models.hooks import attending, one_at_a_time
from unembed.models.own_attention import OwnAttention
from unembed.runs.run import Run


@torch.no_grad()
def whole_pattern(run: Run, layer: int, head: int) -> Float[Tensor, "query key"]:
    """The attention of one layer is called as in the run, and of its patterns those of one head are kept.

    Args:
        run: recorded with `keep="all"`.
        layer: a block.
        head: of its attention.

    Raises:
        InputError: a run of its stream only; or the stream before the block must be made again (`Run.before`), and the
            module's weights were edited since.
    """
    found: list[Tensor] = []

    def attend(
        module: nn.Module, eager: OwnAttention, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, None]:
        mixes = []
        for z, pattern in eager.parts(query, key, value, mask):
            mixes.append(z)
            found.append(pattern[0, head].clone())  # a view would keep the patterns of all heads
        return torch.cat(mixes, 1), None

    stream, call, attention = run.attention_input(layer), run.calls[layer], run.model.blocks[layer].attention
    with one_at_a_time, attending(run.model, attend):
        attention(stream[None], *call.attention_args, **call.attention_kwargs)
    return torch.cat(found)
