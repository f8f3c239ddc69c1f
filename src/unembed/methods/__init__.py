"""One module a published method; `circuits`, `heads`, `knowledge` and `studies` are wings of several."""
