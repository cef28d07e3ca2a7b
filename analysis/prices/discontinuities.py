"""Discontinuities: sessions whose prices cannot be compared with those before, as after an unadjusted split."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats, Sessions
from analysis.prices.exchanges import Exchange
from analysis.prices.port import Finding, Severity
from analysis.prices.sessions import sessions_between
from analysis.prices.trading_calendar import trading_calendar_of

LONG_GAP = 5  # sessions
OPEN_UP, OPEN_DOWN = 1.27, 0.79
"""An open beyond these shares of the previous close is no usual night: one of 118,175 measured sessions had it.

Bonuses of 1:1, 1:2 and 1:3 and large demergers do. Where prices move by at most 20 % a day, a bonus of 1:4 cannot be
told from a bad day.
"""
CLOSE_UP, CLOSE_DOWN = 1.5, 0.55  # of the previous close
SMALL_PRICE = 2.0  # below it one tick is a jump: only changes as large as those of the close count
HUNDREDFOLD = (70.0, 140.0)  # pence for pounds, within the session's own change
THIN_WITHIN, THIN_SHARE = 40, 2 / 3  # bars, and the share of sessions with one, below which they are few


@dataclass(frozen=True, slots=True)
class Discontinuities:
    """Where the prices of some bars cannot be compared with those of the session before, shape (n,) each."""

    jumps: Booleans
    hundredfolds: Booleans
    gaps: Booleans

    @property
    def breaks(self) -> Booleans:
        """Return the sessions before which no trade and no return should reach back."""
        return self.jumps | self.hundredfolds | self.gaps

    @property
    def price_breaks(self) -> Booleans:
        """Return the sessions at which the price changed in a way that trading does not explain."""
        return self.jumps | self.hundredfolds


def find_discontinuities(bars: Bars, exchange: Exchange, unadjusted: Collection[date] = ()) -> Discontinuities:
    """Return the discontinuities of bars that are sorted and priced.

    `unadjusted` are sessions with a split for which the source has not adjusted prices: a jump of any size.
    """
    session = _ratio_to_previous(bars.close, bars.close)
    overnight = _ratio_to_previous(bars.open, bars.close)
    hundredfolds = _is_hundredfold(session)
    wide = _is_beyond(session, CLOSE_UP, CLOSE_DOWN) | _is_beyond(overnight, CLOSE_UP, CLOSE_DOWN)
    is_small = np.roll(bars.close, 1) < SMALL_PRICE
    jumps = wide | (_is_beyond(overnight, OPEN_UP, OPEN_DOWN) & ~is_small)
    jumps |= np.isin(bars.session, np.array(sorted(unadjusted), dtype="datetime64[D]"))
    return Discontinuities(jumps & ~hundredfolds, hundredfolds, _long_gaps(bars, exchange))


def find_thin_stretch(bars: Bars, exchange: Exchange) -> Finding | None:
    """Return the finding about the latest stretch in which many sessions have no bar; None without any.

    Long gaps have a finding of their own. Nothing is known where holidays are not.
    """
    calendar = trading_calendar_of(exchange)
    if len(bars) <= THIN_WITHIN or (calendar.known_from is None and exchange.has_holidays):
        return None
    missed = np.maximum(np.diff(np.searchsorted(calendar.sessions, bars.session)) - 1, 0)
    missed[missed > LONG_GAP] = 0
    total = np.concatenate([[0], np.cumsum(missed)])
    within = total[THIN_WITHIN:] - total[:-THIN_WITHIN]
    starts = np.flatnonzero(THIN_SHARE * (THIN_WITHIN + within) > THIN_WITHIN)
    if not len(starts):
        return None
    breaks = np.flatnonzero(np.diff(starts) > THIN_WITHIN)
    first, last = int(starts[breaks[-1] + 1 if len(breaks) else 0]), int(starts[-1]) + THIN_WITHIN
    count = last - first + 1
    sessions = count + int(total[last] - total[first])
    message = (
        f"Only {count:,} of {sessions:,} sessions from {bars.session[first]} to {bars.session[last]} have a bar: an "
        f"average of 20 bars spans about {20 * sessions / count:.0f} sessions there."
    )
    return Finding("thin", message, "warning", bars.session[last].astype(object))


def describe_discontinuities(
    found: Discontinuities, session: Sessions, read_splits: Callable[[], Mapping[date, float]]
) -> list[Finding]:
    """Return one finding for each kind; `read_splits` returns those that the source knows, by session, if needed."""
    splits = read_splits() if found.jumps.any() else {}
    known = [day for day in session[found.jumps].astype(object) if _split_near(day, splits)]
    what = "at about 100 times or a hundredth of the price before, as when pence and pounds are mixed"
    findings = [
        finding_about(
            "gap", "warning", session[found.gaps], "gap", f"of more than {LONG_GAP} sessions", "the last before"
        ),
        finding_about("hundredfold", "warning", session[found.hundredfolds], "session", what),
        finding_about("jump", "warning", session[found.jumps], "price jump", _explain_jumps(known, splits)),
    ]
    return [finding for finding in findings if finding]


def finding_about(
    code: str, severity: Severity, sessions: Sessions, noun: str, what: str, when: str = "the last on"
) -> Finding | None:
    """Return one finding about all these sessions; None without any."""
    count = len(sessions)
    if not count:
        return None
    last = sessions[-1].astype(object)
    if count == 1:
        return Finding(code, f"1 {noun} {what}, {when.removeprefix('the last ')} {last}.", severity, last)
    return Finding(code, f"{count:,} {noun}s {what}, {when} {last}.", severity, last)


def _explain_jumps(known: list[date], splits: Mapping[date, float]) -> str:
    if known:
        ratio = _split_near(known[-1], splits)
        return f"at which prices are not adjusted for a split (the source names one of {ratio:g} for {known[-1]})"
    return "that may be a split, bonus or demerger for which prices are not adjusted"


def _split_near(day: date, splits: Mapping[date, float]) -> float:
    """Return the ratio of a split within a day of this session; 0 without one."""
    return next((splits[near] for offset in (0, -1, 1) if (near := day + timedelta(days=offset)) in splits), 0.0)


def _ratio_to_previous(prices: Floats, close: Floats) -> Floats:
    ratio = np.ones_like(prices)
    ratio[1:] = prices[1:] / close[:-1]
    return ratio


def _is_beyond(ratio: Floats, up: float, down: float) -> Booleans:
    return (ratio > up) | (ratio < down)


def _is_hundredfold(ratio: Floats) -> Booleans:
    least, most = HUNDREDFOLD
    return ((ratio > least) & (ratio < most)) | ((ratio > 1 / most) & (ratio < 1 / least))


def _long_gaps(bars: Bars, exchange: Exchange) -> Booleans:
    days = np.diff(bars.session).astype(np.int64)
    gaps = np.zeros(len(bars), dtype=np.bool_)
    for row in np.flatnonzero(days > LONG_GAP + 1).tolist():
        before, after = bars.session[row : row + 2].tolist()
        missed = sessions_between(exchange, before + timedelta(days=1), after - timedelta(days=1))
        gaps[row + 1] = len(missed) > LONG_GAP
    return gaps
