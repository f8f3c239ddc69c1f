"""Hooks and the attention interface: the only file that installs them.

Forward hooks watch or replace what a module takes and gives. Attention needs none: `transformers` calls attention
through an interface by name, where one registered function hands each call to the `Attend` of the current run. So
soft-caps, sinks, relative biases, grouped queries and sliding windows need no code here. A model that bypasses the
interface names an inner method in its row; that method is shadowed instead. One that attends in a single piece
(DeBERTa, whose scores of content and of position both need queries and keys) is stopped once it has split its
projections into heads, and run again from there with the heads that it is given.

Both belong to a module, not to a thread: runs of a process take turns (`one_at_a_time`).
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from typing import Any

from torch import Tensor, nn

from unembed.models.family import WholeAttention
from unembed.models.mixes import Mixes
from unembed.models.model import Model
from unembed.models.own_attention import OwnAttention, added

Eager = Callable[[Tensor, Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]]
"""The module's own attention: `(query, key, value, mask) -> (z, pattern)`, z as `batch query head d_head`. The mask is
all that hides keys or is added to the scores: also a relative position bias (T5)."""
Attend = Callable[[nn.Module, OwnAttention, Tensor, Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor | None]]
"""What runs in its place: `(module, eager, query, key, value, mask) -> (z, pattern)`; query, key and value are
`batch head position d_head`, as the scores read them (after norms and rotary embedding). The mask is in the form that
the model made it in (own_attention.py)."""

one_at_a_time = threading.RLock()
_FUSED, _EAGER, _SEEN = "unembed_fused", "unembed", "unembed_seen"
"""Names of the interface, in whose place a module was loaded with sdpa, or with anything else."""
_attend: ContextVar[Attend | None] = ContextVar("attend", default=None)


def on_output(stack: ExitStack, module: nn.Module, edit: Callable[[Tensor], Tensor | None]) -> None:
    """Show `edit` the output of a module until `stack` closes; what it returns, if anything, replaces the output."""
    stack.enter_context(module.register_forward_hook(partial(_edited_output, edit)))  # type: ignore[arg-type]


def _edited_output(edit: Callable[[Tensor], Tensor | None], _: nn.Module, args: object, out: Any) -> Any:
    new = edit(first_of(out))
    if new is None:
        return None
    return type(out)((new, *out[1:])) if isinstance(out, tuple | list) else new


def first_of(out: Any) -> Any:
    """What a module gives, which may be the first of several things (a list, in OpenAI GPT)."""
    return out[0] if isinstance(out, tuple | list) else out


def on_pass(stack: ExitStack, module: nn.Module, edit: Callable[[tuple[Any, ...], Any], Tensor | None]) -> None:
    """Show `edit` the positional arguments and the output of a module until `stack` closes; what it returns, if
    anything, replaces the output as a whole.
    """
    stack.enter_context(module.register_forward_hook(lambda _, args, out: edit(args, out)))  # type: ignore[arg-type]


def on_call(stack: ExitStack, module: nn.Module, edit: Callable[[tuple[Any, ...], dict[str, Any]], Any]) -> None:
    """Show `edit` the arguments of a module until `stack` closes; positional ones it returns replace them."""
    hook = partial(_edited_arguments, edit)
    stack.enter_context(module.register_forward_pre_hook(hook, with_kwargs=True))  # type: ignore[arg-type]


def _edited_arguments(
    edit: Callable[[tuple[Any, ...], dict[str, Any]], Any], _: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    new = edit(args, kwargs)
    return None if new is None else (new, kwargs)


def on_keywords(stack: ExitStack, module: nn.Module, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Give a module the keyword arguments that `edit` makes of its own until `stack` closes."""

    def hook(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return args, edit(kwargs)

    stack.enter_context(module.register_forward_pre_hook(hook, with_kwargs=True))  # type: ignore[arg-type]


def around(stack: ExitStack, module: nn.Module, before: Callable[[], None], after: Callable[[], None]) -> None:
    """Call `before` when a module starts and `after` when it ends, in whatever way, until `stack` closes."""
    stack.enter_context(module.register_forward_pre_hook(lambda *_: before()))
    stack.enter_context(module.register_forward_hook(lambda *_: after(), always_call=True))


@contextmanager
def attending(model: Model, attend: Attend) -> Iterator[None]:
    """Hand every attention of the model's blocks to `attend` in this context; an image encoder keeps its own."""
    mine = {part.attention for block in model.blocks for part in (block, block.cross) if part is not None}
    with ExitStack() as stack:
        if model.family.inner_attention is not None:
            _shadow_inner(model, model.family.inner_attention, stack)
        elif model.family.whole_attention is not None:
            _shadow_whole(model, model.family.whole_attention, stack)
        elif model.family.observed_attention:
            _observe(model, stack)
        else:
            _switch_interface(model, stack)
        token = _attend.set(partial(_hand_over, attend, mine))
        stack.callback(_attend.reset, token)
        yield


def _hand_over(
    attend: Attend, mine: set[nn.Module], module: nn.Module, eager: OwnAttention, *args: Any
) -> tuple[Tensor, Tensor | None]:
    return attend(module, eager, *args) if module in mine else eager(*args)


def _switch_interface(model: Model, stack: ExitStack) -> None:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask, sdpa_mask

    for name, mask in ((_FUSED, sdpa_mask), (_EAGER, eager_mask)):
        AttentionInterface.register(name, partial(_attention, name == _FUSED))
        AttentionMaskInterface.register(name, mask)
    loaded = [(config, config._attn_implementation) for config in _configurations(model.module)]
    for config, name in loaded:
        stack.callback(setattr, config, "_attn_implementation", name)
        config._attn_implementation = _FUSED if name in ("sdpa", _FUSED) else _EAGER


def _configurations(module: nn.Module) -> list[Any]:
    """Each configuration that a part of the module reads; the stacks of T5 have one each."""
    found = {id(config): config for config in (getattr(part, "config", None) for part in module.modules())}
    return [config for config in found.values() if hasattr(config, "_attn_implementation")]


def _attention(
    fused: bool,
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None = None,
    **kwargs: Any,
) -> Any:
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    own, mask = sys.modules[type(module).__module__].eager_attention_forward, attention_mask
    # As sdpa_attention_forward has it: these make no mask where a flag says the same.
    said = kwargs.get("is_causal")
    causal = fused and bool(getattr(module, "is_causal", True) if said is None else said)
    bias = kwargs.pop("position_bias", None)
    if bias is not None:
        mask = added(mask, query, key.shape[2], causal=causal and query.shape[2] > 1)
    eager = OwnAttention(
        partial(own, module, **kwargs),
        fused=partial(sdpa_attention_forward, module, **kwargs) if fused else None,
        causal=causal and bias is None,
    )
    attend, mask = _attend.get(), _added((query.shape[2], key.shape[2]), bias, mask)
    return eager(query, key, value, mask) if attend is None else attend(module, eager, query, key, value, mask)


def _added(scores: tuple[int, int], *parts: Tensor | None) -> Tensor | None:
    """The sum of what is added to the scores. In a walk, which brings its own, parts of another shape are left out."""
    fitting = [x for x in parts if x is not None and x.shape[-1] == scores[1] and x.shape[-2] in (1, scores[0])]
    return sum(fitting[1:], fitting[0]) if fitting else None


def _shadow_inner(model: Model, name: str, stack: ExitStack) -> None:
    for module in (block.attention for block in model.blocks):
        own = getattr(type(module), name).__get__(module)
        stack.enter_context(_shadowed(module, name, partial(_shadow, module, own)))


@contextmanager
def _shadowed(module: nn.Module, name: str, method: Callable[..., Any]) -> Iterator[None]:
    """Call `method` in the place of a method of one module in this context."""
    before = vars(module).get(name)  # the shadow of an outer run, if there is one
    setattr(module, name, method)
    try:
        yield
    finally:
        delattr(module, name) if before is None else setattr(module, name, before)


def _shadow(
    module: nn.Module, own: Callable[..., Any], query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Any:
    attend, eager = _attend.get(), OwnAttention(partial(_heads_last, own), whole=True)
    call = eager if attend is None else partial(attend, module, eager)
    z, pattern = call(query, key, value, mask)
    return z.transpose(1, 2), pattern


def _heads_last(
    own: Callable[..., Any], query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor]:
    """`Eager` from an inner method, whose z is `batch head query d_head`."""
    z, pattern = own(query, key, value, mask)
    return z.transpose(1, 2), pattern


def _shadow_whole(model: Model, row: WholeAttention, stack: ExitStack) -> None:
    for module in (block.attention for block in model.blocks):
        stack.enter_context(_shadowed(module, "forward", partial(_opened, module, row)))


class _HeadsFound(Exception):  # noqa: N818  # no error: it ends the first part of an attention
    """An attention has split its projections: what it would do now, it does in `_attended`."""


def _opened(
    module: nn.Module, row: WholeAttention, hidden: Tensor, mask: Tensor | None, *_: Any, **given: Any
) -> tuple[Tensor, Tensor | None]:
    """What an attention in one piece gives, its heads handed to the `Attend` of the run."""
    given = given | dict.fromkeys(row.anew) | {row.pattern: True}
    own = partial(type(module).forward, module, **given)
    found: list[Tensor] = []

    def split(x: Tensor, heads: int) -> Tensor:
        found.append(getattr(type(module), row.split)(module, x, heads))
        if len(found) == 3:
            raise _HeadsFound
        return found[-1]

    with _shadowed(module, row.split, split), suppress(_HeadsFound):
        own(hidden, mask)
    query, key, value = (x.unflatten(0, (len(hidden), -1)) for x in found)
    attend, inner = _attend.get(), partial(_attended, module, row, partial(own, hidden[:, :0]))
    eager = OwnAttention(inner, whole=True)
    call = eager if attend is None else partial(attend, module, eager)
    z, pattern = call(query, key, value, mask)
    return z.flatten(-2), pattern


def _attended(
    module: nn.Module,
    row: WholeAttention,
    own: Callable[..., Any],
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """`Eager` from an attention in one piece. It is given no positions to project (`own`), and gets heads instead."""
    heads = iter([x.flatten(0, 1) for x in (query, key, value)])

    def split(x: Tensor, count: int) -> Tensor:
        # After these three come other projections, of the embeddings of positions: they are the module's own.
        known = next(heads, None)
        return getattr(type(module), row.split)(module, x, count) if known is None else known

    with _shadowed(module, row.split, split):
        z, pattern = own(mask)
    return z.unflatten(-1, (query.shape[1], -1)), pattern


def _observe(model: Model, stack: ExitStack) -> None:
    for config in _configurations(model.module):  # a fused attention holds no pattern to be seen
        stack.callback(setattr, config, "_attn_implementation", config._attn_implementation)
        config._attn_implementation = "eager"
    for block in (block for block in model.blocks if block.attends):
        own = type(block.attention).forward.__get__(block.attention)
        watched = partial(_watched, block.attention, own, block.heads, model.kv_heads)
        stack.enter_context(_shadowed(block.attention, "forward", watched))


def _watched(module: nn.Module, own: Callable[..., Any], heads: int, kv_heads: int, *args: Any, **kwargs: Any) -> Any:
    """What an attention gives, while what it mixes is seen and told to the `Attend` of the run."""
    with Mixes() as mixes:
        out = own(*args, **kwargs)
    attend = _attend.get()
    if attend is not None and mixes.found is not None:
        query, key, value, pattern, z = (x if x.ndim == 4 else x.unflatten(0, (-1, heads)) for x in mixes.found)
        value = value.expand(-1, kv_heads, -1, -1) if value.shape[1] == 1 else value
        given = (z.transpose(1, 2), pattern)
        attend(module, OwnAttention(lambda *_: given, whole=True), query, key, value, None)
    return out


def through_interface(module: nn.Module, run: Callable[[], object]) -> set[nn.Module]:
    """The parts of a module that attend by the interface, as one run shows."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    found: set[nn.Module] = set()

    def attention(part: nn.Module, *args: Any, **kwargs: Any) -> Any:
        found.add(part)
        return sys.modules[type(part).__module__].eager_attention_forward(part, *args, **kwargs)

    AttentionInterface.register(_SEEN, attention)
    AttentionMaskInterface.register(_SEEN, eager_mask)
    with one_at_a_time, ExitStack() as stack:
        for config in _configurations(module):
            stack.callback(setattr, config, "_attn_implementation", config._attn_implementation)
            config._attn_implementation = _SEEN
        run()
    return found


@contextmanager
def frozen(model: Model) -> Iterator[None]:
    """No gradient by the weights in this context."""
    with one_at_a_time:
        wanted = [parameter for parameter in model.module.parameters() if parameter.requires_grad]
        try:
            for parameter in wanted:
                parameter.requires_grad_(False)
            yield
        finally:
            for parameter in wanted:
                parameter.requires_grad_(True)


def replaced(stack: ExitStack, module: nn.Module, forward: Callable[..., Any]) -> None:
    """Let a module give what `forward` gives, and compute nothing itself, until `stack` closes."""
    stack.enter_context(_shadowed(module, "forward", forward))
