"""Damaged GGUF files: each is refused in one sentence."""

import numpy as np
import pytest

from builders.gguf_files import D_MLP, D_MODEL, leftovers, refusal, write_gguf
from unembed.loading import weights


class TestDamagedGguf:
    @pytest.mark.parametrize("keep", [5, 40, 700, 2000, -50])
    def test_truncated(self, gguf, cache, keep):
        gguf.write_bytes(gguf.read_bytes()[:keep])
        assert "tiny.gguf is truncated or damaged" in refusal(gguf)
        assert leftovers(cache) == []

    def test_endless_array(self, gguf):
        whole, key = gguf.read_bytes(), b"tokenizer.ggml.token_type"
        start = whole.index(key) + len(key) + 8
        gguf.write_bytes(whole[:start] + (1 << 50).to_bytes(8, "little") + whole[start + 8 :])
        assert "truncated or damaged" in refusal(gguf)

    def test_absurd_depth(self, gguf):
        whole, key = gguf.read_bytes(), b"llama.block_count"
        start = whole.index(key) + len(key) + 4
        gguf.write_bytes(whole[:start] + (1 << 24).to_bytes(4, "little") + whole[start + 4 :])
        assert "16,777,216 layers" in refusal(gguf)

    def test_not_gguf(self, tmp_path):
        file = tmp_path / "x.gguf"
        file.write_bytes(b"PK\x03\x04 a zip")
        assert "is not a GGUF file" in refusal(file)
        assert "b'PK\\x03\\x04'" in refusal(file)
        file.write_bytes(b"")
        assert "begins with b''" in refusal(file)

    def test_a_missing_tensor_is_not_invented(self, tmp_path):
        file = write_gguf(tmp_path / "x.gguf", drop="blk.1.attn_v")
        assert "the first is model.layers.1.self_attn.v_proj.weight" in refusal(file)

    def test_an_unknown_tensor_is_not_ignored(self, tmp_path):
        file = write_gguf(tmp_path / "x.gguf", extra="blk.0.attn_sub_norm")
        assert "part of the file would be ignored" in refusal(file)

    def test_a_changed_shape(self, gguf):
        whole, key = gguf.read_bytes(), b"llama.feed_forward_length"
        start = whole.index(key) + len(key) + 4
        gguf.write_bytes(whole[:start] + (D_MLP * 2).to_bytes(4, "little") + whole[start + 4 :])
        assert "not in their shape" in refusal(gguf)

    def test_absurd_number_of_heads(self, gguf):
        whole, key = gguf.read_bytes(), b"llama.attention.head_count"
        start = whole.index(key) + len(key) + 4
        gguf.write_bytes(whole[:start] + (7).to_bytes(4, "little") + whole[start + 4 :])
        assert "not a multiple of the number of attention heads (7)" in refusal(gguf)

    def test_nan(self, gguf, cache):
        whole = bytearray(gguf.read_bytes())
        last = len(whole) - D_MODEL * D_MLP // 32 * 20  # the scale of the last matrix's first block of 32
        whole[last : last + 2] = np.float16(np.nan).tobytes()
        gguf.write_bytes(whole)
        assert "hold NaN or infinity, the first is model.layers.1.mlp.down_proj.weight" in refusal(gguf)
        assert leftovers(cache) == []

    def test_unknown_architecture(self, gguf):
        gguf.write_bytes(gguf.read_bytes().replace(b"llama", b"xlama"))
        assert "architecture xlama is not supported" in refusal(gguf)

    def test_damaged_tokenizer(self, gguf):
        gguf.write_bytes(gguf.read_bytes().replace(b"h e", b"h f"))
        assert "cannot read the tokenizer" in refusal(gguf)

    def test_a_flipped_bit_is_another_model(self, gguf):
        first = weights.resolve(str(gguf))
        whole = bytearray(gguf.read_bytes())
        whole[-1] ^= 1
        gguf.write_bytes(whole)
        assert weights.resolve(str(gguf)) != first
