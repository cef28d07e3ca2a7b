"""Bars: those of claimed stocks, from the first of their sources that has them."""

import logging
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path

from django.conf import settings

from analysis import clock
from analysis.engine.bars import Bars
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy
from analysis.models import Job, JobDetail, PriceHistory
from analysis.prices.identity import IdentityChanged
from analysis.prices.port import AWAY, DoubtfulError, Finding, PriceError, PriceErrorKind, PriceSource
from analysis.prices.registry import source_named
from analysis.prices.two_sources import LastSession
from analysis.ratings import strategies_in_use
from analysis.request_pace import YAHOO_PACER
from analysis.timing import TIMING
from analysis.worker.source_bars import SourceBars

logger = logging.getLogger(__name__)

PASSING = (PriceErrorKind.RATE_LIMITED, *AWAY)
"""Errors of a source that may pass without a change."""


class BarLoader:
    """The bars of a job's stocks, each from one source: the first in its order that is not unavailable."""

    def __init__(self, job: Job, details: Sequence[JobDetail]) -> None:
        self.job = job
        self.details = details
        self.now = clock.now()
        self._stocks = {detail.stock_id: detail.stock for detail in details}
        self._errors: dict[str, PriceError] = {}
        self._unused: dict[str, PriceError] = {}  # odd answers of the first source, of stocks that another has
        self._orders = {
            ticker: settings.PRICE_ORDER.names(ticker, stock.instrument.exchange, job.price_source)
            for ticker, stock in self._stocks.items()
        }
        self._chosen = {ticker: order[0] for ticker, order in self._orders.items()}
        self._bars = {
            name: SourceBars(
                _source_named(name),
                job,
                self.now,
                {ticker: self._stocks[ticker] for ticker, order in self._orders.items() if name in order},
            )
            for name in {name for order in self._orders.values() for name in order}
        }
        stored = PriceHistory.objects.defer("traded").filter(stock_id__in=self._orders, source__in=self._bars)
        rows = [row for row in stored if row.source in self._orders[row.stock_id]]
        for name, bars in self._bars.items():
            bars.read_stored([row for row in rows if row.source == name])

    @property
    def strategy(self) -> Strategy:
        """Return the strategy of the job."""
        return STRATEGIES[self.job.strategy]

    @cached_property
    def strategies(self) -> list[Strategy]:
        """Return the strategies to rate by: that of the job, and all that are in use."""
        return strategies_in_use(self.strategy.key)

    def source_name_of(self, ticker: str) -> str:
        """Return the name of the source whose bars are used, or whose error is."""
        return self._chosen[ticker]

    def is_paced(self, detail: JobDetail) -> bool:
        """Return whether its first source is requested over the network, at the installation's pace."""
        return self._first(detail.stock_id).is_paced

    def expected_day(self, ticker: str) -> date:
        """Return the newest session that the analysis can be about."""
        return self._first(ticker).expected_day(ticker)

    def history_of(self, ticker: str) -> PriceHistory:
        """Return the bars to analyse. Raise the PriceError for which there are none."""
        if error := self._errors.get(ticker):
            raise error
        history = self._bars[self._chosen[ticker]].history_of(ticker)
        assert history  # noqa: S101  # a stock is ready with bars or with an error
        return history

    def findings_about_sources(self, ticker: str, bars: Bars) -> list[Finding]:
        """Return the findings about the source of the bars, and about others and where their last session differs."""
        if self.job.since:
            return []
        quiet = self._bars[self._chosen[ticker]].describe_quiet(ticker)
        found = [quiet] if quiet else []
        found += [] if self.job.as_of else self._compare_sources(ticker, bars)
        if unused := self._unused.get(ticker):
            instead = f"The prices are those of {self.history_of(ticker).get_source_display()} instead."
            answer = unused.message.partition("; stale:")[0].removesuffix(".")  # newer bars are used
            found.append(Finding("answer_not_used", f"{answer}. {instead}", "warning"))
        return found

    def _compare_sources(self, ticker: str, bars: Bars) -> list[Finding]:
        """Return the findings about sources whose last session differs from that of the bars that are analysed.

        Only the latest session of both is compared: what is before may be adjusted at one and not yet at the other.
        """
        used, chosen = LastSession.of(self.history_of(ticker).get_source_display(), bars), self._chosen[ticker]
        found: list[Finding | None] = []
        for name in self._orders[ticker]:
            other = self._bars[name].history_of(ticker)
            if name == chosen or other is None or other.last_session != bars.last_session:
                continue
            try:
                found.append(used.compare(LastSession.of(other.get_source_display(), other.unpack())))
            except ValueError:
                logger.exception("The stored bars of %s are damaged and not compared", other)
        return [finding for finding in found if finding]

    def split_by_freshness(self) -> tuple[list[JobDetail], list[JobDetail]]:
        """Return the stocks that can be analysed without a request, and those that have to be fetched."""
        fresh = {detail.stock_id for detail in self.details if self._needs_no_request(detail.stock_id)}
        return (
            [detail for detail in self.details if detail.stock_id in fresh],
            [detail for detail in self.details if detail.stock_id not in fresh],
        )

    def fetch(self, detail: JobDetail, *, is_last_try: bool = False) -> PriceError | None:
        """Update a stock's stored bars from its sources, with as few requests as that takes.

        Where a source is unavailable, the next one's bars are used if they reach the newest session or, at the last
        try, a later one than is stored. Return the error of a paced source that may pass; any other error is raised by
        `history_of`.
        """
        ticker = detail.stock_id
        error = self._first(ticker).refresh(detail.stock)
        if error is None:
            self._errors.pop(ticker, None)
            self._chosen[ticker] = self._orders[ticker][0]
            self._read_others(detail)
            return None
        self._errors[ticker] = error
        if self._may_be_replaced(ticker, error) and self.use_other_source(ticker, is_last_try=is_last_try):
            return None
        passing = self._errors[ticker]
        return passing if passing.kind in PASSING and self._has_paced_source(ticker) else None

    def _may_be_replaced(self, ticker: str, error: PriceError) -> bool:
        """Return whether another source may answer: the first is away, or answers oddly for a stock that it knows.

        One that limits requests for a moment is waited for.
        """
        return error.kind in AWAY or (_is_odd(error) and self._first(ticker).history_of(ticker) is not None)

    def use_other_source(self, ticker: str, *, is_last_try: bool = False) -> bool:
        """Use the bars of the first other source of a stock that has current ones, and return whether there are any.

        At the last try those that are newer than the stored ones of the first source are enough.
        """
        first = self._first(ticker)
        for name in self._orders[ticker][1:]:
            bars, error = self._bars[name], None
            if bars.may_bring_more(ticker):
                error = bars.refresh(self._stocks[ticker], learns=first.history_of(ticker) is None)
            if error is None and (bars.reaches_expected_day(ticker) or (is_last_try and self._is_newer(ticker, name))):
                replaced = self._errors.pop(ticker, None)
                if replaced and _is_odd(replaced):
                    self._unused[ticker] = replaced
                self._chosen[ticker] = name
                return True
            if error and bars.is_paced:
                self._errors[ticker] = error if error.kind in PASSING else _join_errors(self._errors.get(ticker), error)
        return False

    def _is_newer(self, ticker: str, name: str) -> bool:
        """Return whether another source has later sessions of a stock than what is stored of the first."""
        first, other = self._first(ticker).history_of(ticker), self._bars[name].history_of(ticker)
        return other is not None and (first is None or other.last_session > first.last_session)

    def _read_others(self, detail: JobDetail) -> None:
        """Read a stock's files beside the first source, so that both can be compared."""
        for name in self._orders[detail.stock_id][1:]:
            bars = self._bars[name]
            if not bars.is_paced and bars.has_changed(detail.stock_id):
                bars.refresh(detail.stock, learns=False)

    def _needs_no_request(self, ticker: str) -> bool:
        first = self._first(ticker)
        error = first.known_error(ticker)
        if error is None:
            return first.is_fresh(ticker)
        self._errors[ticker] = error
        if self._may_be_replaced(ticker, error):
            self.use_other_source(ticker, is_last_try=True)
        return True

    def _first(self, ticker: str) -> SourceBars:
        return self._bars[self._orders[ticker][0]]

    def _has_paced_source(self, ticker: str) -> bool:
        return any(self._bars[name].is_paced for name in self._orders[ticker])


def _is_odd(error: PriceError) -> bool:
    """Return whether a source has answered, but with nothing that can be used for a stock that it knows."""
    return isinstance(error, DoubtfulError | IdentityChanged)


def _join_errors(first: PriceError | None, final: PriceError) -> PriceError:
    """Return the error of a stock that no source has: the last one says so for good, so that no other try is made."""
    if first is None:
        return final
    return PriceError(PriceErrorKind.NO_DATA, f"{first.message} {final.message}", permanent=False)


def _source_named(name: str) -> PriceSource:
    return source_named(
        name,
        csv_folder=settings.CSV_PRICES_DIR or Path(),
        cache_folder=settings.DATA_DIR / "yfinance",
        yahoo_url=settings.YAHOO_URL,
        pacer=YAHOO_PACER,
        seconds=TIMING.ticker_timeout.total_seconds(),
    )
