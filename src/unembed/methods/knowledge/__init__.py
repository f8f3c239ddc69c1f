"""Facts, the neurons that store them, and reversible edits of both."""
