"""Accounts: the user, risk settings, sessions, passwords and API tokens."""
