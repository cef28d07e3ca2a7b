"""Check: one thing that must never be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """`find` returns the keys of what is wrong; `repair` is given them and mends each in a transaction.

    `is_passing` says that it is the state after a stop in the middle of work, and that a worker mends it.
    """

    name: str
    sentence: str
    remedy: str
    find: Callable[[], Sequence[Any]]
    repair: Callable[[Sequence[Any]], None]
    is_passing: bool = False
