"""Faults that jobs must survive, against real processes."""
