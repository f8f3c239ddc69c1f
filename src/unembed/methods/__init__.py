"""One module a published method; `circuits`, `heads` and `knowledge` are wings of several."""
