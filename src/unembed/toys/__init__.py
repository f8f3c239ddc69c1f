"""Models made for this package (and `parti/`), and what each must show."""
