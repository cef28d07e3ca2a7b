"""Check: one invariant of the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant: `find` returns the keys of wrong rows, `repair` takes them and repairs each in a transaction.

    `is_passing` marks a state after an interruption that a worker repairs automatically.
    """

    name: str
    sentence: str
    remedy: str
    find: Callable[[], Sequence[Any]]
    repair: Callable[[Sequence[Any]], None]
    is_passing: bool = False
