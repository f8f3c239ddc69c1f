"""Which words made a model say something: what its answer loses when they are gone, by runs without them."""
