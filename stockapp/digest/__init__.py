"""The digest: after a scheduled job, what changed for the stocks that a user watches, sent to whoever wants it."""
