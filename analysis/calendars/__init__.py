"""Calendars: the special days of exchanges, as they are stored, loaded from published lists and learned from prices."""
