"""Jobs: the acts of a person, a schedule or a command on them, from submission to removal."""
