"""One forward pass, kept."""
