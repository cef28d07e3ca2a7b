"""Check: one thing that must never be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """`find` returns the keys of what is wrong; `repair` is given them and mends each in a transaction."""

    name: str
    sentence: str
    remedy: str
    find: Callable[[], Sequence[Any]]
    repair: Callable[[Sequence[Any]], None]
