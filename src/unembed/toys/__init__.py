"""Toys: models small enough to see through, what each must show, and how they were trained."""
