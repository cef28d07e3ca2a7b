"""The spacing of a price file's rows: one a session, in the whole file and in every stretch of it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np

from analysis.engine.bars import Booleans, Floats, Sessions
from analysis.prices.delimited_text import TableError
from analysis.prices.exchanges import Exchange
from analysis.prices.port import Finding
from analysis.prices.price_rows import PriceRows
from analysis.prices.trading_calendar import trading_calendar_of

SEVERAL_TIMES = 3  # days with several bars, from which they are no mistake of single days
NEWEST = 2  # days, on which bars that follow one another are likely hours of a session that is not over
SAME_PRICE = 0.05  # between the close of a part of a day and the opening of the next, as a logarithm
MOST_STAMPED = 0.1  # share of rows with a time, up to which a time is that at which the row was written
SKIPPING_RUN = 12  # rows in succession that leave out equally many sessions, as hardly any stock trades


@dataclass(frozen=True, slots=True)
class _Period:
    """A period of rows: the days between two, and how many in succession are no chance."""

    name: str
    least: int
    most: int
    run: int


_PERIODS = (
    _Period("weekly", 6, 8, 10),
    _Period("monthly", 26, 36, 5),
    _Period("quarterly", 85, 97, 4),
    _Period("yearly", 360, 370, 4),
)


def refuse_other_spacing(rows: PriceRows, exchange: Exchange) -> None:
    """Raise TableError unless rows are daily throughout; a few rows, gaps, or few trades, are no reason."""
    days = np.unique(rows.day)
    _refuse_parts_of_days(rows, days)
    spacing = np.diff(days).astype(np.int64)
    for period in _PERIODS:
        within = (spacing >= period.least) & (spacing <= period.most)
        if len(spacing) >= 4 and within.mean() >= 0.8:
            raise TableError(f"Its rows are {period.name}, and the analysis needs one a day. Download daily prices.")
        _refuse_run(days, within, period.run, period.name)
    calendar = trading_calendar_of(exchange)
    steps = np.diff(np.searchsorted(calendar.sessions, days))
    for step, name in {2: "second", 3: "third", 4: "fourth"}.items():
        _refuse_run(days, steps == step, SKIPPING_RUN, f"of every {name} session")


def drop_unfinished_rows(rows: PriceRows, exchange: Exchange) -> tuple[PriceRows, Finding | None]:
    """Return the rows without those that were written before the close of their session, and a finding about them.

    Those are the few rows with a time among others without one; a time that several of them share may be a label.
    """
    times, counts = np.unique(rows.minute, return_counts=True)
    stamped = np.flatnonzero((rows.minute > 0) & np.isin(rows.minute, times[counts == 1]))
    if exchange.is_round_the_clock or (rows.minute > 0).sum() > MOST_STAMPED * len(rows):
        return rows, None
    early = [row for row in stamped if rows.minute[row] < _minute_of_close(exchange, rows.day[row].astype(object))]
    if not early:
        return rows, None
    last = rows.day[early[-1]].astype(object)
    at = f"{time(*divmod(int(rows.minute[early[-1]]), 60)):%H:%M}"
    count = "1 row" if len(early) == 1 else f"{len(early):,} rows"
    message = f"{count} written before the close of the session left out, the last of {last} at {at}."
    return rows.select(~np.isin(np.arange(len(rows)), early)), Finding("unfinished_rows", message, "warning", last)


def _minute_of_close(exchange: Exchange, day: date) -> int:
    """Return the minute of the local day at which the session of a day closes; the usual one, if it is none."""
    calendar = trading_calendar_of(exchange)
    if not calendar.is_session(day):
        return int(calendar.usual_close.total_seconds()) // 60
    close: datetime = calendar.closes[calendar.count_until(day) - 1].astype(object)
    local = close.replace(tzinfo=UTC).astimezone(ZoneInfo(exchange.timezone))
    return (local.date() - day).days * 24 * 60 + local.hour * 60 + local.minute


def _refuse_parts_of_days(rows: PriceRows, days: Sessions) -> None:
    """Raise TableError if most days, or several, have more than one bar."""
    moments = np.unique(rows.day.astype("datetime64[m]").astype(np.int64) + rows.minute)
    if len(moments) >= 1.5 * len(days) and len(moments) > len(days) + 1:
        minutes = int(np.median(np.diff(moments)))
        raise TableError(f"Its rows are about {minutes:,} minutes apart, and the analysis needs one a day.")
    bars = set(zip(rows.day.tolist(), rows.close.tolist(), strict=True))
    if len(bars) >= 1.5 * len(days) and len(bars) > len(days) + 2:
        raise TableError(
            f"It has {len(bars):,} different rows for {len(days):,} days, and the analysis needs one a day."
        )
    split, partial = _find_split_days(rows)
    if len(split) >= SEVERAL_TIMES:
        raise TableError(
            f"It has several bars a day on {len(split):,} days, the last {split[-1]}, and the analysis needs one. Keep "
            "daily rows only."
        )
    newest = [day for day in partial if day in days[-NEWEST:].tolist()]
    if newest:
        raise TableError(
            f"It has several bars of parts of {newest[-1]}, and the analysis needs one a day. Keep daily rows only."
        )


def _find_split_days(rows: PriceRows) -> tuple[list[date], list[date]]:
    """Return the days with several bars, and those whose bars are certainly parts of the day.

    Three closes are several bars, or two at different times. Two without a time may correct each other, unless on most
    such days one opens where the other closed.
    """
    split, partial, pairs, halves = [], [], 0, []
    for day in np.unique(rows.day[1:][rows.day[1:] == rows.day[:-1]]):
        of_day = np.flatnonzero(rows.day == day)
        closes, minutes = len(np.unique(rows.close[of_day])), np.unique(rows.minute[of_day])
        follow = closes > 1 and _follow_one_another(rows.open[of_day], rows.close[of_day])
        if closes + (len(minutes) > 1) > 2:
            split.append(day.astype(object))
            partial += [split[-1]] if follow else []
        elif closes == 2:
            pairs += 1
            halves += [day.astype(object)] if follow else []
    if len(halves) >= SEVERAL_TIMES and 2 * len(halves) > pairs:
        split += halves
    return sorted(split), partial


def _follow_one_another(opens: Floats, closes: Floats) -> bool:
    """Return whether most of a day's rows open nearer to the close of the one before, or after, than to its opening."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a price may be 0
        apart = np.abs(np.log(opens[1:] / opens[:-1]))
        forwards, backwards = np.abs(np.log(opens[1:] / closes[:-1])), np.abs(np.log(opens[:-1] / closes[1:]))
    return any((step < np.minimum(apart, SAME_PRICE)).mean() > 0.5 for step in (forwards, backwards))


def _refuse_run(days: Sessions, within: Booleans, fewest: int, name: str) -> None:
    """Raise TableError if `within`, of the steps between days, is true that often in succession."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], within, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    long = np.flatnonzero(ends - starts >= fewest)
    if len(long):
        first, last = days[starts[long[0]]], days[ends[long[0]]]
        raise TableError(f"Its rows are {name} from {first} to {last}, and the analysis needs one a day.")
