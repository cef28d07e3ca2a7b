"""Stock page: a stock's summary with its reasons, the quality of its bars and its runs."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from analysis.engine.assessment import IndicatorReading
from analysis.engine.bars import Bars
from analysis.engine.evidence import StrategyEvidence, read_evidence
from analysis.engine.indicators.indicator import IndicatorKind
from analysis.engine.strategies import STRATEGIES
from analysis.histories import check_history, stored_history, usable_bars
from analysis.models import PriceHistory, RawData, Result
from analysis.pages.comparison import Comparison
from analysis.pages.listing import PriceEvent, StockListing
from analysis.pages.reruns import RunDifference, reruns_of
from analysis.pages.stock_summary import StockSummary
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.port import PriceError, PriceErrorKind
from analysis.prices.sessions import local_time
from stockapp.accounts.models import Person

SHOWN_RESULTS = 30
SESSIONS = 10


@dataclass(frozen=True)
class SessionRow:
    """One row of the table beside the chart."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float
    change_percent: float | None
    change_sessions: int = 1
    events: tuple[PriceEvent, ...] = ()

    @property
    def change_span(self) -> str:
        """Return a phrase if the change spans more than one session: “over 2 sessions”; else empty."""
        return f"over {self.change_sessions} sessions" if self.change_sessions > 1 else ""


@dataclass(frozen=True)
class SignalCount:
    """The number of indicators of one kind by signal."""

    label: str
    up: int
    down: int
    neutral: int
    unavailable: int


@dataclass(frozen=True)
class StockRun:
    """One result of the stock: how it differs from the previous run of its session, and whether its job is visible.

    The result has been read with its rating by the reader's strategy.

    `split_factor` is how many of today's shares a share of that session has become.
    """

    result: Result
    rerun: RunDifference | None
    is_job_visible: bool
    split_factor: float = 1.0

    @property
    def close_today(self) -> float | None:
        """Return the close in prices of today's shares."""
        return self.result.close / self.split_factor if self.result.close else None

    @property
    def is_rescaled(self) -> bool:
        return self.split_factor != 1.0


@dataclass(frozen=True)
class StockPage:
    """The page of one stock for one user."""

    summary: StockSummary
    strategy_key: str = ""
    """The reader's strategy, which rates the stock."""
    reader: Person | None = None
    lacks_worker: bool = False
    """Whether the stock waits and no worker takes work."""

    @property
    def is_live(self) -> bool:
        """Return whether an analysis or a rating is to come, so that the page has to look for it."""
        return self.summary.is_live

    @property
    def change(self) -> float | None:
        """Return the change from the previous session's close, in the stock's currency; None if a close is missing."""
        result = self.summary.result
        if result is None or result.close is None or result.previous_close is None:
            return None
        return result.close - result.previous_close

    @cached_property
    def _stored_evidence(self) -> dict[str, Any]:
        raw_data = RawData.objects.filter(result=self.summary.result).first() if self.summary.result else None
        return raw_data.evidence if raw_data else {}

    @property
    def has_evidence(self) -> bool:
        return bool(self._stored_evidence)

    @cached_property
    def evidence(self) -> StrategyEvidence:
        """Return the signals of the latest result as the reader's strategy weighs them; empty if none are stored."""
        result, strategy = self.summary.result, STRATEGIES.get(self.strategy_key)
        if result is None or strategy is None or not self._stored_evidence:
            return StrategyEvidence()
        return read_evidence(self._stored_evidence, strategy, result.bar_count)

    @property
    def readings(self) -> tuple[IndicatorReading, ...]:
        """Return every indicator's reading, in the order of the strategy."""
        return self.evidence.readings

    @property
    def readings_up(self) -> list[IndicatorReading]:
        """Return the readings with signal +1, heaviest first."""
        return self._readings_with(1)

    @property
    def readings_down(self) -> list[IndicatorReading]:
        """Return the readings with signal -1, heaviest first."""
        return self._readings_with(-1)

    @property
    def readings_neutral(self) -> list[IndicatorReading]:
        """Return the readings with signal 0 or without one, heaviest first."""
        return self._readings_with(0, None)

    def _readings_with(self, *signals: int | None) -> list[IndicatorReading]:
        readings = [reading for reading in self.readings if reading.signal in signals]
        return sorted(readings, key=lambda reading: -reading.weight)

    @cached_property
    def signal_counts(self) -> list[SignalCount]:
        """Return the number of indicators by signal, for each kind."""
        signals: dict[IndicatorKind, list[int | None]] = {}
        for reading in self.readings:
            signals.setdefault(reading.kind, []).append(reading.signal)
        return [
            SignalCount(kind.group_label, each.count(1), each.count(-1), each.count(0), each.count(None))
            for kind, each in signals.items()
        ]

    @property
    def exchange(self) -> str:
        return self.summary.stock.instrument.exchange.name

    @property
    def strategy(self) -> str:
        """Return the name of the reader's strategy."""
        return STRATEGIES[self.strategy_key].name if self.strategy_key in STRATEGIES else self.strategy_key

    @cached_property
    def history(self) -> PriceHistory | None:
        return stored_history(self.summary.stock)

    @cached_property
    def listing(self) -> StockListing:
        return StockListing(self.summary.stock, self.history)

    @cached_property
    def checked(self) -> CheckedBars | PriceError | None:
        """Return the checked bars, or the error of the quality gate about them; None if none are stored."""
        if self.history is None:
            return None
        try:
            bars, instrument = self.history.unpack(), self.summary.stock.instrument
            return check_history(self.history, bars, instrument, self.summary.now)
        except PriceError as error:
            return error
        except ValueError as error:  # damaged, or written by another version
            return PriceError(PriceErrorKind.BAD_DATA, str(error), permanent=False)

    @property
    def bars(self) -> Bars | None:
        return self.checked.bars if isinstance(self.checked, CheckedBars) else None

    @property
    def price_error(self) -> str:
        return self.checked.message if isinstance(self.checked, PriceError) else ""

    @cached_property
    def sessions(self) -> list[SessionRow]:
        """Return the latest sessions, latest first."""
        if self.bars is None:
            return []
        last = self.bars[-SESSIONS - 1 :]
        columns = (last.session, last.open, last.high, last.low, last.close, last.volume)
        rows = zip(*(column.tolist() for column in columns), [None, *last.close[:-1].tolist()], strict=True)
        turnover = self.summary.stock.instrument.turnover
        events = self.listing.events_at(self.bars.session)
        spans = self.change_spans[-len(last) :]
        return [
            SessionRow(
                day, opened, high, low, close, volume, turnover(volume, close), _percent_above(before, close), span,
                events=tuple(event for event in events if event.day == day),
            )
            for (day, opened, high, low, close, volume, before), span in zip(rows, spans, strict=True)
        ][::-1][:SESSIONS]  # fmt: skip

    @cached_property
    def change_spans(self) -> list[int]:
        """Return by bar how many sessions of the exchange its change spans, at least 1; none without bars."""
        if not isinstance(self.checked, CheckedBars):
            return []
        return self.checked.change_spans(self.summary.stock.instrument.exchange)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Return the quality gate's findings about the bars of the result."""
        result = self.summary.result
        if result and not self.has_evidence:
            count = f"{result.finding_count} finding{'' if result.finding_count == 1 else 's'}"
            message = f"This verdict was filled in later: its reasons and its {count} were not kept."
            return [{"severity": "info", "message": message}]
        return list(self._stored_evidence.get("data_quality", []))

    @cached_property
    def analyzed(self) -> CheckedBars | None:
        """Return the bars that an analysis of today would use; None if there are none."""
        if self.history is None or self.bars is None:
            return None
        try:
            return usable_bars(self.history, self.summary.now)
        except PriceError:  # its latest bars are older than those that an analysis uses
            return None

    @cached_property
    def comparison(self) -> Comparison | None:
        """Return every strategy's assessment of the analysed bars; None if there are none."""
        if self.analyzed is None:
            return None
        return Comparison(self.summary.stock, self.analyzed, self.summary.profile, self.strategy_key)

    @cached_property
    def runs(self) -> list[StockRun]:
        """Return results with their ratings by the reader's strategy, newest first."""
        rated = self.summary.stock.results.with_rating(self.strategy_key).select_related("job")
        results = list(rated.newest_first()[:SHOWN_RESULTS])
        reruns, reader = reruns_of(self.summary.stock.pk, results, self.strategy_key), self.reader
        return [
            StockRun(
                result,
                rerun=reruns.get(result.day),
                is_job_visible=reader is not None and result.job.is_visible_to(reader),
                split_factor=self._split_factor_since(result),
            )
            for result in results
        ]

    def _split_factor_since(self, result: Result) -> float:
        """Return the factor of the splits after a result was computed: its bars were adjusted for earlier ones."""
        computed = local_time(self.summary.stock.instrument.exchange, result.completed_at).date()
        traded = self.listing.traded
        return traded.split_factor_after(max(result.day, computed)) if traded else 1.0

    @property
    def rerun(self) -> RunDifference | None:
        """Return the rerun of the newest success, if there is one."""
        return next((run.rerun for run in self.runs if run.result == self.summary.result), None)


def _percent_above(before: float | None, close: float) -> float | None:
    return 100 * (close / before - 1) if before else None
