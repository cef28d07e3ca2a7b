"""Outgoing: sends messages by e-mail or to a notification service, in processes of their own."""
