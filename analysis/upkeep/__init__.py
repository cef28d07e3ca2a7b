"""Upkeep: old rows are deleted, the database is checked, its statistics are refreshed."""
