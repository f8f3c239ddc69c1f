"""The structure of a module that no row describes, found by walking one logit back over the operations of one run."""
