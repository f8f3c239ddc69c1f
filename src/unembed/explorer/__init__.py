"""What a page, a report and a notebook may ask, and the server that answers.

Only `http` and `guard` import starlette.
"""
