"""Grouping: digits in lakh and crore or in thousands, by currency unless the user has chosen one of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

AUTO, INDIAN, WESTERN = "auto", "indian", "western"

_chosen: ContextVar[Callable[[], str]] = ContextVar("number_format", default=lambda: AUTO)


@contextmanager
def grouped_as(choice: Callable[[], str]) -> Iterator[None]:
    """Group digits as `choice` returns within this context; it is called when the first number is written."""
    token = _chosen.set(choice)
    try:
        yield
    finally:
        _chosen.reset(token)


def is_indian(currency: str = "") -> bool:
    """Return whether sums of a currency, or plain numbers, are grouped in lakh and crore."""
    choice = _chosen.get()()
    return choice == INDIAN or (choice == AUTO and currency == "INR")


def group_digits(digits: str, currency: str = "") -> str:
    """Return the digits of a non-negative number with commas: 1,23,45,678.90 or 12,345,678.90."""
    whole, point, fraction = digits.partition(".")
    if not is_indian(currency) or len(whole) <= 3:
        return f"{int(whole):,}{point}{fraction}"
    head, last_three = whole[:-3], whole[-3:]
    pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)]
    return f"{','.join(reversed(pairs))},{last_three}{point}{fraction}"
