"""Pages: the values that the templates of pages read."""
