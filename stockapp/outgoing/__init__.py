"""Outgoing: messages by e-mail or to a notification service, sent in processes of their own."""
