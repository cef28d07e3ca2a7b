"""Outgoing: how a message leaves this machine, by e-mail or to a notification service, in a process of its own."""
