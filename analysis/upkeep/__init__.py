"""Upkeep: deletion of old rows, checks of the database, and its planner statistics."""
