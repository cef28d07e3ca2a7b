"""Source bars: the stored bars of some stocks from one source, and new ones from it."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zlib import crc32

from analysis import histories
from analysis.database_faults import find_fault
from analysis.models import Job, PriceHistory, QuietStock, Stock
from analysis.prices.exchanges import Exchange
from analysis.prices.faulty_sessions import current_faulty_sessions
from analysis.prices.identity import IdentityChange, IdentityChanged
from analysis.prices.incremental import NO_CHANGES, NO_DAYS, refresh_histories
from analysis.prices.instruments import Instrument
from analysis.prices.missing_sessions import MissingSession, first_due, track_missing
from analysis.prices.port import Finding, History, PriceError, PriceErrorKind, PriceSource
from analysis.prices.sessions import last_closed_session, sessions_between, sessions_late, today
from analysis.request_pace import is_paced
from analysis.worker.quiet_stocks import (
    FREE_REQUESTS,
    LATE_SESSIONS,
    is_nothing_new,
    quiet_stocks,
    record_news,
    record_nothing_new,
)

logger = logging.getLogger(__name__)

COMPARED_AFTER = timedelta(days=28)


class SourceBars:
    """The bars of a job's stocks at one source: stored ones, and fetched ones or the errors of fetching."""

    def __init__(self, source: PriceSource, job: Job, now: datetime, stocks: Mapping[str, Stock]) -> None:
        self.source = source
        self.is_paced = is_paced(source.name)
        self._job = job
        self._now = now
        self._stocks = stocks
        self._histories: dict[str, PriceHistory] = {}
        self._quiet: dict[str, QuietStock] = {}

    def read_stored(self, rows: Collection[PriceHistory]) -> None:
        """Take the stored rows of this source. One query, of the stocks that it had nothing new for."""
        self._histories = {row.stock_id: row for row in rows}
        if self.is_paced:
            self._quiet = quiet_stocks(list(self._stocks), self.source.name)

    def history_of(self, ticker: str) -> PriceHistory | None:
        """Return the bars of a stock; None if there are none."""
        return self._histories.get(ticker)

    def expected_day(self, ticker: str) -> date:
        """Return the newest session that the analysis can be about."""
        exchange = self._exchange_of(ticker)
        return last_closed_session(exchange, histories.moment_of(exchange, self._job.as_of, self._now))

    def is_fresh(self, ticker: str) -> bool:
        """Return whether the stored bars reach from the analysis' first day to the expected one, and are still valid.

        They are not if their source is known to have changed them since. If the source had nothing newer at the last
        requests of several days, they count as fresh, too.
        """
        history = self._histories.get(ticker)
        if history is None or self.has_changed(ticker) or not self._is_long(history):
            return False
        return self.reaches_expected_day(ticker) or self._is_left_alone(ticker, has_error=False)

    def may_bring_more(self, ticker: str) -> bool:
        """Return whether a request may bring other bars than the stored ones: a file that is as before does not."""
        history = self._histories.get(ticker)
        if history is None or self.is_fresh(ticker):
            return history is None
        return self.is_paced or self.has_changed(ticker) or not self._is_long(history)

    def has_changed(self, ticker: str) -> bool:
        """Return whether there may be other bars at the source than those that are stored, if any are."""
        history = self._histories.get(ticker)
        return history is None or self.source.has_changed(ticker, history.fetched_at)

    def reaches_expected_day(self, ticker: str) -> bool:
        """Return whether there are bars up to the newest session that the analysis can be about."""
        history = self._histories.get(ticker)
        return history is not None and history.last_session >= self.expected_day(ticker)

    def describe_quiet(self, ticker: str) -> Finding | None:
        """Return the finding that old bars are used because the source has had no newer ones; None if they are not."""
        if not self._is_left_alone(ticker, has_error=False):
            return None
        return Finding("requested_less", self._quiet[ticker].sentence, "info")

    def known_error(self, ticker: str) -> PriceError | None:
        """Return the last answer for a stock that the source need not be asked for today; None otherwise."""
        return self._quiet[ticker].error if self._is_left_alone(ticker, has_error=True) else None

    def refresh(self, stock: Stock, *, learns: bool = True) -> PriceError | None:
        """Update a stock's stored bars from the source, with as few requests as that takes, or return its error.

        `learns` is whether the stock takes over what the source says of the instrument. An answer that cannot be stored
        is the stock's error, and no matter of others.
        """
        try:
            return self._refresh(stock, learns=learns)
        except Exception as error:
            if find_fault(error):
                raise
            logger.exception("The prices of %s from %s cannot be stored", stock.pk, self.source.name)
            message = f"The prices from {self.source.name} cannot be stored ({type(error).__name__})."
            return PriceError(PriceErrorKind.BAD_DATA, message, permanent=False)

    def _refresh(self, stock: Stock, *, learns: bool) -> PriceError | None:
        ticker, since, before = stock.pk, self._first_day(stock.pk), self._histories.get(stock.pk)
        missing = before.read_missing() if before else ()
        day = today(stock.instrument.exchange, self._now)
        due = first_due(missing, day)
        is_long = before is not None and self._is_long(before)
        is_whole = before is None or not is_long or _is_comparison_due(before, day)
        if before and is_long:  # a backfill has asked for more: it stays
            since = before.requested_since
        answer = self._request(stock, since, min(since, before.first_session) if before and is_whole else due)
        error = answer if isinstance(answer, PriceError) else None
        if isinstance(answer, IdentityChanged):
            rows = PriceHistory.objects.filter(stock=stock, source=self.source.name)
            rows.update(identity_change=answer.change.as_dict())
        if isinstance(answer, History):
            still_missing = self._track(stock, missing, answer, due or answer.bars.last_session)
            row = histories.row_of(ticker, self.source.name, answer, since, self._now, still_missing)
            row.fetched_whole_on = day if before is None or is_whole else before.fetched_whole_on
            row.about = {**before.about, **row.about} if before else row.about
            histories.store([row], {ticker: histories.learn_about(stock, answer) if learns else {}})
            self._histories[ticker] = row
        self._record_news(stock, before, error)
        return error

    def _request(self, stock: Stock, first_day: date, include: date | None) -> History | PriceError:
        """Return the history to store, or the source's error; one that raises instead has failed, too."""
        ticker, before, stored = stock.pk, self._histories.get(stock.pk), self._readable_history(stock.pk)
        change = IdentityChange.from_dict(before.identity_change) if before else None
        known: dict[str, Instrument] = {ticker: replace(stock.instrument, isin=stock.isin)}
        try:
            return refresh_histories(
                self.source,
                [ticker],
                {ticker: stored} if stored else {},
                first_day=first_day,
                now=self._now,
                instruments=known,
                include={ticker: include} if include else NO_DAYS,
                identity_changes={ticker: change} if change else NO_CHANGES,
            )[ticker]
        except Exception as error:
            logger.exception("The price source %s raised for %s", self.source.name, ticker)
            sentence = f"The price source {self.source.name} failed unexpectedly ({type(error).__name__})."
            return PriceError(PriceErrorKind.UNAVAILABLE, sentence, permanent=False)

    def _track(
        self, stock: Stock, missing: tuple[MissingSession, ...], answer: History, requested_since: date
    ) -> tuple[MissingSession, ...]:
        """Return the sessions that are missing after an answer; none for a source that is read whole each time."""
        if not self.source.is_incremental:
            return ()
        exchange = stock.instrument.exchange
        return track_missing(
            missing,
            answer.bars,
            exchange,
            faulty=current_faulty_sessions().of(self.source.name, exchange).values(),
            requested_since=requested_since,
            today=today(exchange, self._now),
        )

    def _record_news(self, stock: Stock, before: PriceHistory | None, error: PriceError | None) -> None:
        if not self.is_paced or self._job.as_of:
            return
        ticker, exchange, quiet = stock.pk, stock.instrument.exchange, self._quiet.get(stock.pk)
        after = self._histories.get(ticker)
        is_newer = after is not None and (before is None or after.last_session > before.last_session)
        is_late = after is not None and self._is_later_than_others(after, exchange)
        if is_nothing_new(error, is_newer=is_newer, is_late=is_late):
            day = today(exchange, self._now)
            self._quiet[ticker] = record_nothing_new(quiet, ticker, self.source.name, error, day)
        elif quiet and error is None:
            record_news(self._quiet.pop(ticker))

    def _is_later_than_others(self, history: PriceHistory, exchange: Exchange) -> bool:
        """Return whether a stock has had no session for long while the source has given those of its exchange.

        A source that is late for a whole exchange is requested as usual. One query, of a late stock.
        """
        if sessions_late(exchange, history.last_session, self._now) < LATE_SESSIONS:
            return False
        later = sessions_between(exchange, history.last_session + timedelta(days=1), today(exchange, self._now))
        others = PriceHistory.objects.filter(source=self.source.name, last_session__gte=later[LATE_SESSIONS - 1])
        return others.filter(stock__exchange=self._stocks[history.stock_id].exchange).exists()

    def _is_left_alone(self, ticker: str, *, has_error: bool) -> bool:
        """Return whether the source had nothing new at the last requests, and is not requested again today.

        A job of this stock alone, or one that is run again, requests it always.
        """
        quiet = self._quiet.get(ticker)
        if quiet is None or bool(quiet.error_message) is not has_error:
            return False
        if quiet.requests <= FREE_REQUESTS or self._job.total <= 1 or self._job.parent_id:
            return False
        return quiet.requested_on <= today(self._exchange_of(ticker), self._now) < quiet.next_request

    def _is_long(self, history: PriceHistory) -> bool:
        return history.requested_since <= self._first_day(history.stock_id) + histories.SLACK

    def _first_day(self, ticker: str) -> date:
        """Return the first day that any analysis of the job uses."""
        exchange = self._exchange_of(ticker)
        first_moment = histories.moment_of(exchange, self._job.since or self._job.as_of, self._now)
        return histories.first_day(exchange, first_moment)

    def _exchange_of(self, ticker: str) -> Exchange:
        return self._stocks[ticker].instrument.exchange

    def _readable_history(self, ticker: str) -> History | None:
        """Return the stored history to which new sessions can be joined; None if there is none, or a damaged one."""
        row = self._histories.get(ticker)
        try:
            history = row.as_history() if row else None
        except ValueError:
            logger.exception("The stored bars of %s are damaged; fetching them anew", ticker)
            return None
        if history and row and not row.about:  # stored by an earlier version
            return replace(history, metadata=replace(history.metadata, currency=self._stocks[ticker].currency))
        return history


def _is_comparison_due(history: PriceHistory, day: date) -> bool:
    """Return whether all stored sessions should be requested again, in which a dividend may have been named late.

    It is about once a month, on another day for each stock, and instead of the usual request; also after a clock that
    was ahead.
    """
    last = history.fetched_whole_on
    apart = COMPARED_AFTER + timedelta(days=crc32(history.stock_id.encode()) % 7)
    return last is None or last > day or day - last >= apart
