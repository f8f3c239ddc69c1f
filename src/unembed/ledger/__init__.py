"""One run taken apart into terms that sum."""
