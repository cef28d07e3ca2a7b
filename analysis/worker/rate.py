"""Rate: ratings of the latest results by a strategy that has come into use, from stored bars, without a request."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import DatabaseError, DataError, IntegrityError

from analysis import histories, queue
from analysis.background import BackgroundSlice
from analysis.db import transactional
from analysis.engine.assessment import Assessment
from analysis.engine.evidence import merge_evidence, to_evidence
from analysis.engine.plan import NoPlan, make_plan
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy
from analysis.models import PriceHistory, Rating, RawData, Result, Stock
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.instruments import Instrument
from analysis.prices.port import PriceError
from analysis.ratings import RATE_LATEST, rating_of, unrated_stocks
from analysis.timing import TIMING
from analysis.worker.assess import rate_bars

logger = logging.getLogger(__name__)

STOCKS_AT_ONCE = 50
NOT_STORED = "The prices of that session are not stored any more; analyse the stock again."


@dataclass(frozen=True, slots=True)
class LateRating:
    """A rating of an earlier result, not yet saved, with the evidence that it adds; `updated_at` is the result's."""

    row: Rating
    updated_at: datetime
    evidence: Mapping[str, Any] = field(default_factory=dict)


def rate_latest(strategy: str) -> None:
    """Rate the latest results that have no rating by a strategy. A queue call.

    It ends early when a stock waits, and queues a message for the rest.
    """
    turn = BackgroundSlice(TIMING.slice.total_seconds())
    while tickers := list(unrated_stocks(strategy).order_by("pk").values_list("pk", flat=True)[:STOCKS_AT_ONCE]):
        if not rate_stocks(tickers, STRATEGIES[strategy]) or turn.is_over():
            queue.enqueue(RATE_LATEST, strategy)
            return


def rate_stocks(tickers: Sequence[str], strategy: Strategy) -> int:
    """Rate the latest results of these stocks by a strategy, but those that it has rated; return how many."""
    ratings = find_ratings(tickers, strategy)
    try:
        return save_ratings(ratings)
    except (DataError, IntegrityError):
        return save_each(ratings)


def find_ratings(tickers: Sequence[str], strategy: Strategy) -> dict[str, LateRating]:
    """Return the ratings that latest results of these stocks lack, by ticker."""
    stocks = unrated_stocks(strategy.key).filter(pk__in=tickers).select_related("last_result__job")
    stored = PriceHistory.objects.filter(stock__in=tickers).defer("traded")
    by_source = {(history.stock_id, history.source): history for history in stored}
    ratings = {}
    for stock in stocks:
        result = stock.last_result
        assert result  # noqa: S101  # it has a latest result without a rating
        ratings[stock.pk] = _rate(stock, result, by_source.get((stock.pk, result.price_source)), strategy)
    return ratings


def save_each(ratings: Mapping[str, LateRating]) -> int:
    """Store ratings stock by stock, and where the database refuses one, a row with that reason; return how many."""
    saved = 0
    for ticker, rating in ratings.items():
        try:
            saved += save_ratings({ticker: rating})
        except (DataError, IntegrityError) as error:
            logger.exception("The database refuses the rating of %s by %s", ticker, rating.row.strategy)
            saved += save_ratings({ticker: LateRating(_unrated_row(rating.row, error), rating.updated_at)})
    return saved


def _unrated_row(row: Rating, error: Exception) -> Rating:
    reason = f"Internal error ({type(error).__name__}): {error}"
    return Rating(result_id=row.result_id, strategy=row.strategy, no_score_reason=reason[:300])


def _rate(stock: Stock, result: Result, history: PriceHistory | None, strategy: Strategy) -> LateRating:
    """Return the rating that the analysis of the result would have given; if it cannot, a row with the reason."""
    row = Rating(result=result, strategy=strategy.key, no_score_reason=NOT_STORED)
    try:
        if history:
            return _rate_history(stock, result, history, strategy)
    except (PriceError, ValueError) as error:  # a ValueError of damaged bars
        row.no_score_reason = f"Not rated: {error}"[:300]
    except DatabaseError:  # it may pass
        raise
    except Exception as error:
        logger.exception("%s by %s", stock.pk, strategy.key)
        row = _unrated_row(row, error)
    return LateRating(row, result.updated_at)


def _rate_history(stock: Stock, result: Result, history: PriceHistory, strategy: Strategy) -> LateRating:
    instrument, job = stock.instrument, result.job
    as_of = result.day if job.since else job.as_of
    moment = histories.moment_of(instrument.exchange, as_of, result.started_at)
    bars = histories.select_bars(history.unpack(), instrument.exchange, moment, as_of).until(result.day)
    if not len(bars):
        raise ValueError(NOT_STORED)
    checked = histories.check_history(history, bars, instrument, moment)
    if checked.bars.last_session != result.day:
        raise ValueError(NOT_STORED)
    found = rate_bars(checked, [strategy], instrument)[strategy.key]
    if not isinstance(found.assessment, Assessment):
        return LateRating(rating_of(result.pk, strategy.key, found.assessment, found.weekly), result.updated_at)
    assessment = _in_prices_of(result, found.assessment, checked, instrument)
    row = rating_of(result.pk, strategy.key, assessment, found.weekly, found.caution)
    return LateRating(row, result.updated_at, to_evidence([assessment]))


def _in_prices_of(result: Result, assessment: Assessment, checked: CheckedBars, instrument: Instrument) -> Assessment:
    """Return the assessment with its plan in the prices of the result, if the bars were adjusted since."""
    close = result.close
    if assessment.plan is None or close is None or close == assessment.close:
        return assessment
    atr = float(checked.series.atr[-1]) * close / assessment.close
    plan = make_plan(assessment.verdict, close, atr, assessment.strategy, instrument.decimals_at(close))
    if isinstance(plan, NoPlan):
        return replace(assessment, plan=None, no_trade_reason=plan.reason)
    return replace(assessment, plan=plan)


@transactional
def save_ratings(ratings: Mapping[str, LateRating]) -> int:
    """Store ratings of results that are still the latest of their stocks, with their evidence; return how many.

    A result that was computed again meanwhile may rest on other bars: it is rated anew.
    """
    Stock.objects.lock(ratings)
    rows = Stock.objects.filter(pk__in=ratings).values_list("pk", "last_result", "last_result__updated_at")
    latest = {ticker: tuple(result) for ticker, *result in rows}
    still = [
        rating for ticker, rating in ratings.items() if latest.get(ticker) == (rating.row.result_id, rating.updated_at)
    ]
    stored = Rating.objects.filter(result__in=[rating.row.result_id for rating in still])
    rated = set(stored.values_list("result", "strategy"))
    still = [rating for rating in still if (rating.row.result_id, rating.row.strategy) not in rated]
    Rating.objects.bulk_create([rating.row for rating in still])
    further = {rating.row.result_id: rating.evidence for rating in still if rating.evidence}
    raw_data = list(RawData.objects.filter(pk__in=further).select_for_update())
    for raw in raw_data:
        raw.evidence = merge_evidence(raw.evidence, further[raw.pk])
    RawData.objects.bulk_update(raw_data, ["evidence"])
    return len(still)
