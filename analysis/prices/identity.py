"""Identity: whether a source's answer is about the same security as the stored bars and may replace them.

It may not if it names another currency or type, has other closes, or lacks many of the stored sessions, until it has
been confirmed.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Self

import numpy as np

from analysis.engine.bars import Floats
from analysis.prices.instruments import InstrumentKind
from analysis.prices.port import PriceError, PriceErrorKind, StockMetadata

FEWEST_SHARED = 5  # sessions
FEWEST_STEPS = 3  # a young stock may have had a split and a dividend within a few sessions
STEP = 0.005  # of the factor between two closes of a session and those of the next, from which it is another one
MOST_LOST = 0.1  # share of the stored sessions that an answer for all may lack
MOST_STEPS = 0.2  # share of the sessions; a history of five years has up to sixty dividends and splits, which is 0.05
NEEDED = 3
"""Answers in a row that have to say the same before it is believed: the first, and two that confirm it."""


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """Another currency or type (the value of an `InstrumentKind`) than before, said by so many answers in a row.

    Instead, `has_other_prices` is true if the closes have nothing in common with the stored ones, and `lacks_sessions`
    if many of the stored sessions are missing.
    """

    currency: str = ""
    kind: str = ""
    times: int = 1
    has_other_prices: bool = False
    lacks_sessions: bool = False

    @property
    def is_believed(self) -> bool:
        return self.times >= NEEDED

    def as_dict(self) -> dict[str, str | int]:
        """Return the change for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, str | int]) -> Self | None:
        """Return the change of which `as_dict` made this; None for an empty one."""
        if not stored:
            return None
        return cls(
            str(stored["currency"]),
            str(stored["kind"]),
            int(stored["times"]),
            bool(stored.get("has_other_prices")),
            bool(stored.get("lacks_sessions")),
        )


class IdentityChanged(PriceError):
    """An answer that may be about another security than the stored bars; it is not used until it is confirmed."""

    def __init__(self, ticker: str, before: StockMetadata, change: IdentityChange) -> None:
        missing = NEEDED - change.times
        answers = "the next answer says" if missing == 1 else f"the next {missing} answers say"
        message = (
            f"The answer for {ticker} {describe_change(before, change)}: it is not used unless {answers} the same."
        )
        super().__init__(PriceErrorKind.BAD_DATA, message, permanent=False)
        self.change = change


def find_identity_change(
    before: StockMetadata, now: StockMetadata, earlier: IdentityChange | None
) -> IdentityChange | None:
    """Return the change of an answer that names another currency or type than before; None if it does not.

    `earlier` is the change of the answer before it.
    """
    is_other = _differs(before.currency, now.currency) or _differs(before.kind, now.kind)
    if not is_other:
        return None
    return _count(IdentityChange(now.currency, now.kind), earlier)


def find_other_prices(before: Floats, now: Floats, earlier: IdentityChange | None) -> IdentityChange | None:
    """Return the change if closes of the same sessions, shape (n,) each, have nothing in common; None if they do.

    A new adjustment changes all closes between two splits or dividends by one factor. Another security's differ by
    another factor in most sessions. Fewer than five shared sessions tell nothing.
    """
    if len(before) < FEWEST_SHARED:
        return None
    factor = now / before
    steps = np.abs(factor[1:] / factor[:-1] - 1.0) > STEP
    is_other = np.count_nonzero(steps) >= FEWEST_STEPS and np.mean(steps) > MOST_STEPS
    return _count(IdentityChange(has_other_prices=True), earlier) if is_other else None


def find_lost_sessions(lost: int, stored: int, earlier: IdentityChange | None) -> IdentityChange | None:
    """Return the change if an answer for all of so many stored sessions lacks many of them; None if it does not."""
    return _count(IdentityChange(lacks_sessions=True), earlier) if lost > MOST_LOST * stored else None


def _count(change: IdentityChange, earlier: IdentityChange | None) -> IdentityChange:
    """Return the change with the number of answers in a row that have said it."""
    is_same = earlier is not None and replace(earlier, times=1) == change
    return replace(change, times=1 + (earlier.times if earlier and is_same else 0))


def describe_change(before: StockMetadata, change: IdentityChange) -> str:
    """Return the change as the end of a sentence about an answer."""
    if change.has_other_prices:
        return "has closes that have nothing in common with the stored ones"
    if change.lacks_sessions:
        return "lacks many of the stored sessions"
    parts = []
    if _differs(before.currency, change.currency):
        parts.append(f"has prices in {change.currency}, and those before were in {before.currency}")
    if _differs(before.kind, change.kind):
        was, now = (InstrumentKind(kind).label.lower() for kind in (before.kind, change.kind))
        parts.append(f"names the type {now}, and those before named {was}")
    return ", and ".join(parts)


def _differs(before: str, now: str) -> bool:
    return bool(before and now and before != now)
