"""Merging: stored bars and those of a later answer, in one adjustment, with findings about what has changed."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from analysis.engine.bars import Bars, Booleans
from analysis.prices.exchanges import Exchange
from analysis.prices.port import Finding
from analysis.prices.sessions import are_sessions

CLOSE_TOLERANCE = 1e-4  # relative; closes that differ by more were adjusted or corrected in between
SHARES_TOLERANCE = 0.01  # relative; volumes are whole shares
MOST_NAMED = 5  # sessions in a sentence
READJUSTED, IDENTITY_CHANGED, CORRECTED, KEPT_BAR = "readjusted", "identity_changed", "corrected", "kept_bar"
CODES_OF_EVENTS = frozenset({READJUSTED, IDENTITY_CHANGED, CORRECTED, KEPT_BAR})
"""The codes of findings about what an answer has changed: no later answer has it changed again."""


@dataclass(frozen=True, slots=True)
class Readjustment:
    """A difference between stored and fetched bars, as after a split or dividend: all bars must be fetched again.

    `session` is the last one whose close differs, None if no session is in both; `identity` is not empty if it is
    about another security now, and says by what.
    """

    session: date | None
    identity: str = ""

    def to_finding(self) -> Finding:
        """Return the finding that informs users."""
        if self.identity:
            message = f"The source {self.identity}: after three such answers the whole history was fetched again."
            return Finding(IDENTITY_CHANGED, message, "warning")
        why = f"its close of {self.session} is another than before" if self.session else "no session was in both"
        message = f"The source has adjusted its prices anew ({why}): the whole history was fetched again."
        return Finding(READJUSTED, message, "info", self.session)


@dataclass(frozen=True, slots=True)
class MergedBars:
    """Stored bars in which fetched ones have taken the place of those of their days, with findings about both."""

    bars: Bars
    findings: tuple[Finding, ...] = ()


def merge_bars(stored: Bars, fetched: Bars, exchange: Exchange) -> MergedBars | Readjustment:
    """Return the stored bars with those of the fetched days replaced, or a Readjustment if all prices have changed.

    Both are sorted and not empty. A new adjustment changes all sessions before it, so that it is one if the earliest
    shared close differs; other closes that differ were corrected. A stored session that was not fetched again is kept.
    """
    before, now = shared_closes(stored, fetched)
    differs = _differ(before, now)
    if not len(differs) or differs[0]:
        return Readjustment(before.session[differs][-1].astype(object) if len(differs) else None)
    start = int(np.searchsorted(stored.session, fetched.session[0]))
    lost = lost_bars(stored[start:], fetched, exchange)
    return MergedBars(
        _concatenate(stored[:start], _with_bars(fetched, lost)),
        (*_describe_corrections(before.select(differs), now.select(differs)), *_describe_lost(lost)),
    )


def replace_bars(stored: Bars, fetched: Bars, exchange: Exchange, readjustment: Readjustment) -> MergedBars:
    """Return bars that were fetched whole after a Readjustment, with the stored sessions that they lack.

    These are adjusted like the sessions around them, and left out where those do not agree. If the oldest close is the
    same, nothing was adjusted anew: the others were corrected.
    """
    before, now = shared_closes(stored, fetched)
    lost, found = lost_bars(stored, fetched, exchange), [readjustment.to_finding()]
    if len(before):
        lost = _adjust_like_neighbours(lost, before, now)
        differs = _differ(before, now)
        if not differs[0]:
            found = _describe_corrections(before.select(differs), now.select(differs))
    return MergedBars(_with_bars(fetched, lost), (*found, *_describe_lost(lost)))


def shared_closes(stored: Bars, fetched: Bars) -> tuple[Bars, Bars]:
    """Return the bars of the sessions that have a close in both, oldest first."""
    stored, fetched = stored.select(stored.close > 0), fetched.select(fetched.close > 0)
    _, old, new = np.intersect1d(stored.session, fetched.session, return_indices=True)
    return stored.select(old), fetched.select(new)


def lost_bars(stored: Bars, fetched: Bars, exchange: Exchange) -> Bars:
    """Return the stored bars, of sessions or with a volume, whose day has no close among the fetched ones."""
    priced = fetched.session[fetched.close > 0]
    is_lost = (stored.close > 0) & ~np.isin(stored.session, priced)
    if is_lost.any():
        is_lost &= (stored.volume > 0) | are_sessions(exchange, stored.session)
    return stored.select(is_lost)


def _with_bars(fetched: Bars, kept: Bars) -> Bars:
    """Return fetched bars together with stored ones that take the place of rows without a close."""
    if not len(kept):
        return fetched
    joined = _concatenate(fetched.select(~np.isin(fetched.session, kept.session)), kept)
    return joined.select(np.argsort(joined.session, kind="stable"))


def _differ(before: Bars, now: Bars) -> Booleans:
    """Return for each of the same sessions whether its close is another now."""
    return np.abs(now.close / before.close - 1.0) > CLOSE_TOLERANCE


def _describe_corrections(before: Bars, now: Bars) -> list[Finding]:
    days, old, new = before.session.tolist(), before.close.tolist(), now.close.tolist()
    if len(days) > MOST_NAMED:
        message = f"The source has corrected {len(days):,} closes, from {days[0]} to {days[-1]}."
        return [Finding(CORRECTED, message, "info", days[-1])]
    return [
        Finding(CORRECTED, f"The source has corrected the close of {day} from {was:.6g} to {is_:.6g}.", "info", day)
        for day, was, is_ in zip(days, old, new, strict=True)
    ]


def _describe_lost(lost: Bars) -> list[Finding]:
    if not len(lost):
        return []
    days, kept = lost.session.tolist(), "the stored one is" if len(lost) == 1 else "the stored ones are"
    named = ", ".join(map(str, days))
    if len(days) > MOST_NAMED:
        named = f"{len(days):,} sessions, from {days[0]} to {days[-1]}"
    message = f"The source has no bar any more of {named}: {kept} kept."
    return [Finding(KEPT_BAR, message, "warning", lost.last_session)]


def _adjust_like_neighbours(lost: Bars, before: Bars, now: Bars) -> Bars:
    """Return stored bars in the prices and shares of the sessions next to them, without those between two that differ.

    `before` and `now` are the stored and the fetched bars of the same sessions, at least one.
    """
    place = np.searchsorted(before.session, lost.session)
    earlier, later = np.maximum(place - 1, 0), np.minimum(place, len(before) - 1)
    prices = now.close / before.close
    have_traded = (before.volume > 0) & (now.volume > 0)
    shares = np.divide(now.volume, before.volume, out=np.ones(len(before)), where=have_traded)
    are_corrected = np.abs(shares[later] / shares[earlier] - 1.0) > SHARES_TOLERANCE
    factor, shares_factor = prices[later], np.where(are_corrected, 1.0, shares[later])
    scaled = Bars(
        lost.session,
        lost.open * factor,
        lost.high * factor,
        lost.low * factor,
        lost.close * factor,
        lost.volume * shares_factor,
    )
    return scaled.select(np.abs(prices[later] / prices[earlier] - 1.0) <= CLOSE_TOLERANCE)


def _concatenate(*parts: Bars) -> Bars:
    columns = ("session", "open", "high", "low", "close", "volume")
    return Bars(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))
