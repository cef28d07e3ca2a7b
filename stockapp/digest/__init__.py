"""Digest: the changes of a scheduled run among a user's watched stocks, sent to subscribers."""
