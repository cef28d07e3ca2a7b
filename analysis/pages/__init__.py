"""Pages: the values that the templates of pages read, and the polls that keep a page current."""
