"""A name becomes a model that was checked against its own logits."""
