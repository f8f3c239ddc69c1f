"""Rotary embeddings that choose their factors by the length of a run, as configurations of small models say them."""

from typing import Any


def dynamic() -> dict[str, Any]:
    """Dynamic NTK; it switches at the context of the model."""
    return {"rope_type": "dynamic", "rope_theta": 100.0, "factor": 4.0}


def longrope(switch: int) -> dict[str, Any]:
    """Longrope for heads of 8 dimensions, which switches at a length."""
    return {
        "rope_type": "longrope",
        "rope_theta": 100.0,
        "short_factor": [1.0, 1.2, 1.4, 1.6],
        "long_factor": [3.0, 5.0, 7.0, 9.0],
        "original_max_position_embeddings": switch,
        "factor": 4.0,
        "partial_rotary_factor": 1.0,
    }
