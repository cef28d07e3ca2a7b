"""Pages: what the pages show, as values that templates read."""
