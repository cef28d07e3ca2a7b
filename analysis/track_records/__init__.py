"""Track records: past signals of each strategy over all stored bars, computed in the background."""
