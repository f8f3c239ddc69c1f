"""What a row about a family of models says: where things are, never how they compute.

The one notion that covers sequential and parallel blocks, sandwich norms, mixtures of experts and cross-attention is
`writes`: the modules whose output is added to the residual stream,

    resid_post = resid_pre + attention write (+ cross-attention write) + MLP write.

An encoder-decoder is two rows: the decoder's holds the encoder's.
"""

from dataclasses import dataclass
from typing import Any, Literal

from unembed.errors import ModelError
from unembed.models.reprs import Brief

FrozenInHeads = Literal["norm scale", "sink", "gate"]
"""What is frozen between heads and W_O. A sink is what one more score of a head, the same for every query, takes of
each row of its pattern."""


@dataclass(frozen=True, kw_only=True)
class Require:
    """A configuration value without which a row does not describe the model."""

    attribute: str
    value: Any
    otherwise: str

    def check(self, config: Any) -> None:
        """Raise `ModelError` when `config` has another value."""
        found = getattr(config, self.attribute, self.value)
        if found != self.value:
            raise ModelError(
                f"{config.model_type} with {self.attribute}={found} is not supported ({self.otherwise}).\n"
                f"Expected {self.attribute}={self.value}."
            )


@dataclass(frozen=True, kw_only=True)
class CrossAttention:
    """Where the cross-attention of a decoder is, by which it reads the encoder's states. Paths start at a block."""

    attention: str
    """It attends as `Family.attention` does, and is called with the encoder's states; its output is the write."""
    value_projection: str
    """W_V, on the encoder's states."""
    output_projection: str
    """W_O."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Family(Brief):
    """Where the parts of one model type are. Paths in the first group start at the model, the others at a block."""

    model_type: str
    """`config.model_type` of the models this row describes."""
    blocks: str
    """The list of blocks."""
    final_norm: str | None
    """The norm before the unembedding; None where there is none (post-LN models end with their last block's)."""
    embedding: str | None
    """The token embedding; its output is the first term of the stream. None where no module gives it (Whisper's encoder
    makes it of sound): it is what enters the first block, without the position embedding, then."""
    embedding_scale: str | float | None = None
    """A number that the model multiplies the output of `embedding` by, where the module does not do it itself; or the
    attribute of the model that holds it."""
    embedding_norm: str | None = None
    """A norm of the stream before the first block."""
    position_embedding: str | None = None
    """A learned position embedding that is added to the stream, where there is one."""
    computed_positions: bool = False
    """Whether positions are added to the stream that no module gives: what enters the first block, without the
    embedding (CTRL)."""
    token_type_embedding: str | None = None
    """An embedding of which text of a pair a token stands in."""
    adds_position_first: bool = False
    """Whether the position's embedding is added before that of the text: the order decides what is rounded."""
    embedding_projection: str | None = None
    """A layer that makes the stream of narrower embeddings, after their norm (ALBERT, ELECTRA)."""
    may_lack: tuple[str, ...] = ()
    """The fields above whose part some models of this type do without."""

    attention: str
    """The module that attends: it calls `transformers`' attention interface, or the row says how it is reached else
    (`inner_attention`, `whole_attention`)."""
    attention_input_norm: str | None = None
    """The norm through which attention reads the stream; None where it reads the stream itself."""
    output_projection: str | None
    """W_O: its input is the concatenated `z` of the heads; None where no block attends."""
    down_projection: str | None
    """W_out of a dense MLP: its input is the neuron activations; None where there is no MLP."""
    experts: str | None = None
    """The stacked experts of a mixture; a block without them is dense."""
    mixers: tuple[str, ...] = ()
    """What writes in the place of attention where a block has no `output_projection`: the first of these that it has,
    or nothing."""
    mixing_class: str | None = None
    """The class of the first of `mixers`, where it stands under the name that attention has in other blocks."""
    mixer_matrices: tuple[str | None, ...] = ()
    """The output matrix of each of `mixers`, where what it takes from each token is told apart (value_path.py)."""
    whole_mlp: str | None = None
    """What computes the MLP write of a block as one term, where it has neither `down_projection` nor `experts`."""
    may_lack_mlp: bool = False
    """Whether some blocks have neither `down_projection` nor `experts`, so that no MLP writes."""
    shared_experts: str | None = None
    """W_out of the experts that every token goes through beside the chosen ones (DeepSeek); a block without is as it
    is."""
    gates_shared: bool = False
    """Whether what these write is multiplied by a gate of each token (Qwen2-MoE)."""
    frozen_in_heads: tuple["FrozenInHeads", ...] = ()
    """What multiplies `z` before W_O reads it: a gate (Qwen3-Next), the scale of a norm (BitNet), or a sink (Granite
    with sliding windows)."""
    value_projection: str | None = None
    """W_V as a plain layer; needed of encoders only, through which a readout is pulled back."""
    writes: tuple[str, str]
    """The attention write and the MLP write. Where one is a norm, the block has a post-norm."""
    write_scale: float = 1.0
    """What a block multiplies the output of both `writes` by before it adds them to the stream (Granite)."""
    cross_attention: CrossAttention | None = None
    """Between attention and MLP, in a decoder that reads an encoder."""
    attention_beside: tuple[str, ...] = ()
    mlp_beside: tuple[str, ...] = ()
    """Other modules whose output is added in the same place, where what is written there is one term: a mixer beside
    attention (Falcon-H1), per-layer embeddings beside an MLP (Gemma 4)."""
    stream_scale: str | None = None
    """The number of a block by which it multiplies the stream at its end (Gemma 4)."""
    stream_norms: tuple[str, ...] = ()
    """Post-LN: the norm that the stream goes through after each write, in the order of the writes."""
    entering_norm: str | None = None
    """A norm that the stream goes through as it enters a block (MiniMax); in the first, that of the embeddings
    (RWKV)."""
    middle: str | None = None
    """The module through which the MLP reads the stream; named where one of the next two is set."""
    gains: bool = False
    """Whether blocks multiply stream or writes by fixed vectors or numbers of each layer, or add a vector: gains.py."""
    gated_reads: bool = False
    """Whether a gate is in what attention and MLP read the stream through (A.X K2)."""
    skipped: tuple[str, ...] = ()
    """Classes of blocks that no prompt of text alone goes through (Mllama): they are not counted."""

    inner_attention: str | None = None
    """A method `(query, key, value, mask) -> (z, pattern)` of `attention`, for a model that bypasses the interface."""
    whole_attention: "WholeAttention | None" = None
    """For a model that bypasses the interface and has no inner method either."""
    observed_attention: bool = False
    """Whether it bypasses the interface and is only watched as it runs: of such a model no versions can be made."""
    shared_blocks: "SharedBlocks | None" = None
    """In a model whose layers call the same blocks again (ALBERT); `blocks` is the list of their groups then."""
    logit_softcap: str | None = None
    """The configuration value `c` of a soft-cap `c * tanh(logit / c)` after the unembedding."""
    parallel: bool | str = False
    """Whether attention and MLP of a block read the same stream; or the configuration value that says so."""
    writes_meet_first: bool = False
    """Whether a parallel block adds its two writes to each other before it adds them to the stream: the order decides
    what is rounded."""
    requires: tuple[Require, ...] = ()
    code: str | None = None
    """The module of this package that teaches `transformers` the model type; None where it knows it."""
    runs_in: str | None = None
    """The dtype these models are loaded in unless told otherwise, where the file's is for storage only."""

    bidirectional: bool = False
    """Whether every position reads all others, also those after it: so in encoders."""
    encoder: "Encoder | None" = None
    """Whose states the cross-attention reads."""
    of_class: tuple[tuple[str, "Family"], ...] = ()
    """Other rows for the blocks of some classes, by their name: what these write stands elsewhere (OLMo Hybrid)."""
    inferred: bool = False
    """Whether nobody wrote it: the structure was inferred (docs/any-model.md)."""
    loader: str = "AutoModelForCausalLM"
    """The class of `transformers` that loads the module."""
    pretrained_as: str | None = None
    """Another class of `transformers` whose folders hold the same language model, beside other heads."""
    unread: tuple[str, ...] = ()
    """How names of tensors begin that folders carry and no logit reads: of other heads."""
    heads: str | None = "num_attention_heads"
    """The configuration value that counts query heads; None where no block attends."""
    context: str = "max_position_embeddings"
    """The configuration value that limits the length of a prompt, where there is one."""
    first_position: str | None = None
    """The configuration value after which positions are counted, where tokens take none up to it (RoBERTa)."""
    logit_scale: str | None = None
    """A switch of the configuration: what enters the unembedding is multiplied by `1 / sqrt(d_model)`."""
    unembedding_scale: float = 1.0
    """What the normed stream is multiplied by before the unembedding (MiniCPM)."""
    logit_multiplier: float = 1.0
    """What the logits are multiplied by after it (Cohere)."""
    logit_bias: str | None = None
    """A buffer that is added to the logits."""
    prefix: "Prefix | None" = None
    """Another modality that the model reads within its prompt."""
    prediction_head: "HeadRow | None" = None
    """What stands between the last stream and the unembedding in a masked language model."""
    other_head: "OtherHead | None" = None
    """What some models of this type have in its place."""

    @property
    def gates_heads(self) -> bool:
        """Whether something multiplies `z` before W_O reads it."""
        return bool(self.frozen_in_heads)

    @property
    def bypasses_interface(self) -> bool:
        """Whether its attention is reached without `transformers`' interface: it may know by itself what it masks."""
        return self.inner_attention is not None or self.whole_attention is not None or self.observed_attention


@dataclass(frozen=True, kw_only=True, repr=False)
class WholeAttention(Brief):
    """How an attention is opened that makes heads, scores and mixes in one piece (DeBERTa): hooks.py."""

    split: str
    """A method `(x, heads)` that splits a projection into heads: called first for query, key and value, in this order.
    """
    pattern: str
    """The switch among its arguments by which it gives the pattern as well."""
    anew: tuple[str, ...]
    """Arguments that it makes by itself where they are None: of the length of what it reads."""


@dataclass(frozen=True, kw_only=True, repr=False)
class SharedBlocks(Brief):
    """Blocks that several layers call, as `shared.py` gives each layer its own. Three configuration values count."""

    inside: str
    """The list of blocks of a group, from the group."""
    layers: str
    """How many groups are called one after the other."""
    groups: str
    """How many groups there are: the layers are divided among them in order."""
    blocks: str
    """How many blocks a group has."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Encoder(Brief):
    """The encoder of an encoder-decoder: a row of its own, and what it reads."""

    path: str
    """From the model to the encoder. The paths of `row` start there."""
    row: Family
    reads: Literal["text", "audio"]
    context: str | None = None
    """The configuration value that limits the length of a source."""


@dataclass(frozen=True, kw_only=True, repr=False)
class HeadRow(Brief):
    """Where the prediction head of a masked language model is (prediction_head.py). Paths start at the model."""

    dense: str
    activation: str
    """The module, or the name by which `transformers` knows it (`gelu`)."""
    norm: str
    unembeds: str | None = None
    """The module that gives the logits, where no layer of its own makes them: it multiplies by the weight of the
    embedding and adds its parameter `bias` (DeBERTa)."""


@dataclass(frozen=True, kw_only=True, repr=False)
class OtherHead(Brief):
    """Another prediction head of the same model type, and the configuration value of the models that have it."""

    attribute: str
    value: Any
    head: HeadRow


@dataclass(frozen=True, kw_only=True, repr=False)
class Prefix(Brief):
    """A GPT that reads another modality in its own prompt, in the place of placeholder tokens, by self-attention.

    It is the GPT of its text configuration, deeper inside the module.
    """

    text: str = "text_config"
    """The GPT's part of the configuration."""
    path: str = "model.language_model."
    """What stands for `model.` in the GPT's row."""
    reads: Literal["image", "audio"] = "image"
    inputs: str = "pixel_values"
    """What the module is called with beside the token ids."""
    token: str = "image_token_id"
    """The configuration value that names the placeholder."""
    loader: str = "AutoModelForImageTextToText"
