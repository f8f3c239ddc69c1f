"""The page: its shell, the static part that needs no script, and the self-contained report. It reads payloads only."""
