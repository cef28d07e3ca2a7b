"""Bars: the stored bars of claimed stocks, and new ones from their sources."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from django.conf import settings

from analysis import clock, histories
from analysis.models import Job, JobDetail, PriceHistory
from analysis.prices.exchanges import Exchange
from analysis.prices.incremental import refresh_histories
from analysis.prices.instruments import Instrument
from analysis.prices.port import History, PriceError, PriceErrorKind, PriceSource
from analysis.prices.registry import source_for, source_named
from analysis.prices.sessions import last_closed_session
from analysis.request_pace import YAHOO_PACER, is_paced
from analysis.timing import TIMING

logger = logging.getLogger(__name__)

PASSING = (PriceErrorKind.RATE_LIMITED, PriceErrorKind.UNAVAILABLE, PriceErrorKind.TIMEOUT)
"""Errors of a source that may pass without a change."""


class BarLoader:
    """The bars of a job's stocks: stored ones, read in one query, and fetched ones or the errors of fetching."""

    def __init__(self, job: Job, details: Sequence[JobDetail]) -> None:
        self.job = job
        self.details = details
        self._stocks = {detail.stock_id: detail.stock for detail in details}
        self.now = clock.now()
        self._errors: dict[str, PriceError] = {}
        self._configured = source_named(
            job.price_source,
            csv_folder=settings.CSV_PRICES_DIR or Path(),
            cache_folder=settings.DATA_DIR / "yfinance",
            yahoo_url=settings.YAHOO_URL,
            pacer=YAHOO_PACER,
            seconds=TIMING.ticker_timeout.total_seconds(),
        )
        sources = {detail.stock_id: self.source_of(detail.stock_id).name for detail in details}
        stored = PriceHistory.objects.defer("traded").filter(stock_id__in=sources, source__in=set(sources.values()))
        self._histories = {row.stock_id: row for row in stored if row.source == sources[row.stock_id]}

    def source_of(self, ticker: str) -> PriceSource:
        return source_for(ticker, self._configured)

    def is_paced(self, detail: JobDetail) -> bool:
        """Return whether its source is requested over the network, at the installation's pace."""
        return is_paced(self.source_of(detail.stock_id).name)

    def expected_day(self, ticker: str) -> date:
        """Return the newest session that the analysis can be about."""
        exchange = self._exchange_of(ticker)
        return last_closed_session(exchange, histories.moment_of(exchange, self.job.as_of, self.now))

    def history_of(self, ticker: str) -> PriceHistory:
        """Return the bars to analyse. Raise the PriceError for which there are none."""
        if error := self._errors.get(ticker):
            raise error
        return self._histories[ticker]

    def split_by_freshness(self) -> tuple[list[JobDetail], list[JobDetail]]:
        """Return the stocks whose stored bars suffice, and those that have to be fetched."""
        fresh = {detail.stock_id for detail in self.details if self._is_fresh(detail.stock_id)}
        return (
            [detail for detail in self.details if detail.stock_id in fresh],
            [detail for detail in self.details if detail.stock_id not in fresh],
        )

    def fetch(self, detail: JobDetail) -> PriceError | None:
        """Update a stock's stored bars from its source, with as few requests as that takes.

        Return the error of a paced source that may pass; any other error is raised by `history_of`.
        """
        ticker, source = detail.stock_id, self.source_of(detail.stock_id)
        since, joinable = self._first_day(ticker), self._joinable_history(ticker)
        instrument = replace(detail.stock.instrument, isin=detail.stock.isin)
        answer = _request_history(source, instrument, joinable, since, self.now)
        if isinstance(answer, PriceError):
            self._errors[ticker] = answer
            return answer if answer.kind in PASSING and self.is_paced(detail) else None
        if joinable:
            since = self._histories[ticker].requested_since
        row = histories.row_of(ticker, source.name, answer, since, self.now)
        histories.store([row], {ticker: histories.learn_about(detail.stock, answer)})
        self._histories[ticker] = row
        return None

    def _is_fresh(self, ticker: str) -> bool:
        """Return whether the stored bars reach from the analysis' first day to the expected one, and are still valid.

        They are not if their source is known to have changed them since.
        """
        history = self._histories.get(ticker)
        return (
            history is not None
            and history.last_session >= self.expected_day(ticker)
            and self._is_long(history)
            and not self.source_of(ticker).has_changed(ticker, history.fetched_at)
        )

    def _is_long(self, history: PriceHistory) -> bool:
        return history.requested_since <= self._first_day(history.stock_id) + histories.SLACK

    def _first_day(self, ticker: str) -> date:
        """Return the first day that any analysis of the job uses."""
        exchange = self._exchange_of(ticker)
        first_moment = histories.moment_of(exchange, self.job.since or self.job.as_of, self.now)
        return histories.first_day(exchange, first_moment)

    def _exchange_of(self, ticker: str) -> Exchange:
        return self._stocks[ticker].instrument.exchange

    def _joinable_history(self, ticker: str) -> History | None:
        """Return the stored history if new sessions can be joined to it: it is long enough and can be read."""
        row = self._histories.get(ticker)
        if row is None or not self._is_long(row):
            return None
        try:
            return row.as_history()
        except ValueError:
            logger.exception("The stored bars of %s are damaged; fetching them anew", ticker)
            return None


def _request_history(
    source: PriceSource, instrument: Instrument, joinable: History | None, since: date, now: datetime
) -> History | PriceError:
    """Return the history to store, or the source's error; one that raises instead of returning it has failed, too."""
    ticker = instrument.ticker
    try:
        stored = {ticker: joinable} if joinable else {}
        known = {ticker: instrument}
        return refresh_histories(source, [ticker], stored, first_day=since, now=now, instruments=known)[ticker]
    except Exception as error:
        logger.exception("The price source %s raised for %s", source.name, ticker)
        sentence = f"The price source {source.name} failed unexpectedly ({type(error).__name__})."
        return PriceError(PriceErrorKind.UNAVAILABLE, sentence, permanent=False)
