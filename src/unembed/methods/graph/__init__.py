"""A graph that adds up: from words through heads and neurons to a logit."""
