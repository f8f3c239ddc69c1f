"""Results as data (`payloads/`), in a terminal (`terminal/`), without a script (`html/`).

A view renders a payload and computes nothing.
"""
