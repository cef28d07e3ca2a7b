"""Rejections: why a request cannot be carried out, as a sentence for the user."""


class RequestRejected(Exception):
    """The request cannot be carried out; the message is a sentence for the user."""


class QuotaExceeded(RequestRejected):
    """The request can be repeated later: too many stocks or jobs are waiting now."""
