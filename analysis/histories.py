"""Price histories: the stored bars of a stock that an analysis uses, and the storing of a source's response."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db.models import Q

from analysis.db import transactional
from analysis.engine.bars import Bars
from analysis.models import PriceHistory, Stock
from analysis.prices.arrow import checksum, pack_bars, pack_traded
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.exchanges import UNKNOWN_EXCHANGE, Exchange
from analysis.prices.faulty_sessions import current_faulty_sessions
from analysis.prices.instruments import Instrument, exchange_of, instrument_of
from analysis.prices.missing_sessions import MissingSession
from analysis.prices.port import History, PriceError, PriceErrorKind
from analysis.prices.quality import check_bars
from analysis.prices.sessions import last_closed_session

HISTORY = timedelta(days=5 * 365 + 2)
YEARS_OF_RECORD = 5
SLACK = timedelta(days=7)  # so that a history that is short of a weekend is not fetched again
BEFORE_ANY_CLOSE = time(1)  # and after midnight, which is assumed as the close if none is known


type StockValues = Mapping[str, str | int | date | None]
"""Values of a stock's fields, by their names."""


def moment_of(exchange: Exchange, as_of: date | None, now: datetime) -> datetime:
    """Return the moment of an analysis: now, or just after `as_of` has closed on the stock's exchange."""
    if not as_of:
        return now
    next_day = as_of + timedelta(days=1)
    return min(now, datetime.combine(next_day, BEFORE_ANY_CLOSE, ZoneInfo(exchange.timezone)))


def first_day(exchange: Exchange, moment: datetime) -> date:
    """Return the first day that an analysis at this moment uses: five years before the latest closed session.

    It depends on the session, not on the clock, so that every run about a session uses the same bars.
    """
    return last_closed_session(exchange, moment) - HISTORY


def select_bars(bars: Bars, exchange: Exchange, moment: datetime, as_of: date | None = None) -> Bars:
    """Return the bars of HISTORY before the analysis, and none after `as_of`."""
    bars = bars.until(as_of) if as_of else bars
    return bars[int(np.searchsorted(bars.session, np.datetime64(first_day(exchange, moment), "D"))) :]


def stored_history(stock: Stock) -> PriceHistory | None:
    """Return the stored history of the source of the newest result, or else of the first source that has one."""
    order = settings.PRICE_ORDER.names(stock.pk, stock.instrument.exchange, settings.PRICE_SOURCE)
    used = [stock.last_result.price_source] if stock.last_result else []
    stored = {history.source: history for history in stock.histories.all()}
    return next((stored[source] for source in (*used, *order) if source in stored), None)


def usable_bars(history: PriceHistory, now: datetime) -> CheckedBars:
    """Return the stored bars that an analysis of today uses, after the quality gate.

    Raise PriceError if none are recent enough or they do not pass it, ValueError if the stored bars are damaged.
    """
    return _bars_since(history, first_day(history.stock.instrument.exchange, now), now)


def bars_of_record(history: PriceHistory, now: datetime) -> CheckedBars:
    """Return the stored bars that track records use, after the quality gate: of this year and the five before.

    They begin on the same day for a year, so that those of an evening continue those of the one before. Raise as
    `usable_bars` does.
    """
    session = last_closed_session(history.stock.instrument.exchange, now)
    return _bars_since(history, date(session.year - YEARS_OF_RECORD, 1, 1), now)


def _bars_since(history: PriceHistory, first: date, now: datetime) -> CheckedBars:
    instrument, bars = history.stock.instrument, history.unpack()
    bars = bars[int(np.searchsorted(bars.session, np.datetime64(first, "D"))) :]
    if not len(bars):
        message = f"The stored bars of {instrument.ticker} end on {history.last_session}, more than five years ago."
        raise PriceError(PriceErrorKind.NO_DATA, message, permanent=False)
    return check_history(history, bars, instrument, now)


def check_history(history: PriceHistory, bars: Bars, instrument: Instrument, now: datetime) -> CheckedBars:
    """Return some bars of a stored history after the quality gate. Raise PriceError if they do not pass it."""
    return check_bars(
        bars,
        instrument=instrument,
        now=now,
        adjusted=history.adjusted,
        unadjusted=history.unadjusted_sessions(),
        read_splits=history.read_splits,
        faulty=current_faulty_sessions().of(history.source, instrument.exchange),
        tracked=[one.session for one in history.read_missing()],
    )


def obstacle_to_plan(checked: CheckedBars) -> str:
    """Return why no plan should be made of these bars, as the installation is set; empty if one may be."""
    return checked.obstacle_to_plan(settings.MAX_PRICE_AGE_SESSIONS)


def of_first_source(source: str) -> Q:
    """Return the condition of histories that are of their stock's first source.

    That is `source`, or for an exchange with another order of sources the first one there.
    """
    if source != settings.PRICE_ORDER.default[0]:
        return Q(source=source)
    condition = Q(source=source) & ~Q(stock__exchange__in=list(settings.PRICE_ORDER.by_exchange))
    for code, order in settings.PRICE_ORDER.by_exchange.items():
        condition |= Q(source=order[0], stock__exchange=code)
    return condition


def learn_about(stock: Stock, history: History) -> StockValues:
    """Return the values of a stock's fields that a response of its source changes, and set them, unsaved.

    A source is more reliable than the form of a ticker or a list, but it only fills in a name. Its exchange counts
    where the form of the ticker does not tell.
    """
    reported = history.metadata
    placed = exchange_of(stock.pk)
    values: dict[str, str | int | date | None] = {
        "name": stock.name or reported.name[:200],
        "currency": reported.currency or stock.currency or placed.currency,
        "kind": instrument_of(stock.pk, kind=reported.kind or stock.kind).kind.value,
        "exchange": placed.code if placed is not UNKNOWN_EXCHANGE else reported.exchange or stock.exchange,
    }
    if reported.decimals is not None:
        values["source_decimals"] = reported.decimals
    if history.traded:
        values["last_split"] = max(history.splits, default=None)
    changed = _set_values(stock, values)
    if len(closes := history.bars.close[history.bars.close > 0]):
        changed |= _set_values(stock, {"decimals": stock.instrument.decimals_at(float(closes[-1]))})
    return changed


def _set_values(stock: Stock, values: StockValues) -> dict[str, str | int | date | None]:
    changed = {name: value for name, value in values.items() if value != getattr(stock, name)}
    for name, value in changed.items():
        setattr(stock, name, value)
    return changed


def row_of(
    ticker: str, source: str, history: History, since: date, now: datetime, missing: Iterable[MissingSession] = ()
) -> PriceHistory:
    """Return a source's response as a row, not yet saved, with the sessions that it lacks."""
    packed = pack_bars(history.bars)
    return PriceHistory(
        stock_id=ticker,
        source=source,
        bars=packed,
        first_session=history.bars.first_session,
        last_session=history.bars.last_session,
        requested_since=since,
        bar_count=len(history.bars),
        adjusted=history.adjusted,
        findings=[finding.as_dict() for finding in history.findings],
        missing=[one.as_dict() for one in missing],
        fetched_at=now,
        checksum=checksum(packed),
        traded=pack_traded(history.traded) if history.traded else None,
        about=history.metadata.as_dict(),
    )


@transactional
def store(histories: Sequence[PriceHistory], learned: Mapping[str, StockValues]) -> None:
    """Replace the stocks' histories, and store the values of `learn_about` by ticker.

    A price confirms an unconfirmed stock.
    """
    for ticker, values in learned.items():
        if values:
            Stock.objects.filter(pk=ticker).update(**values)
    priced = Stock.objects.unconfirmed().filter(pk__in=[history.stock_id for history in histories])
    priced.update(is_confirmed=True, refusals=0, named_by=None)
    PriceHistory.objects.bulk_create(
        histories,
        update_conflicts=True,
        unique_fields=["stock", "source"],
        update_fields=[
            "bars", "traded", "first_session", "last_session", "requested_since", "bar_count", "adjusted", "findings",
            "missing", "identity_change", "fetched_whole_on", "fetched_at", "checksum", "about",
        ],
    )  # fmt: skip
