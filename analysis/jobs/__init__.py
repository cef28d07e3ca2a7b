"""Jobs: what a person, a schedule or a command can do with them."""
