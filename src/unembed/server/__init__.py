"""The server of the page: asks over HTTP, answered one at a time. Only `app` and `guard` import starlette."""
