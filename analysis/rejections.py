"""Rejections: errors of requests that cannot be carried out, with a sentence for the user."""


class RequestRejected(Exception):
    """Rejection of a request that cannot be carried out; the message is a sentence for the user."""


class QuotaExceeded(RequestRejected):
    """Rejection of a request that can be repeated later: too many stocks or jobs are waiting now."""
