"""One module a published method; `circuits`, `graph`, `heads`, `knowledge` and `studies` are wings of several."""
