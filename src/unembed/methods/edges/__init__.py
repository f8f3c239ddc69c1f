"""Circuits on the graph of a model: which edges between its parts carry a difference between two prompts."""
