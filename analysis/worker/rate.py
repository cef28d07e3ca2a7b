"""Rate: ratings of the latest results by a strategy that has come into use, from stored bars, without a request."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis import histories, queue
from analysis.background import BackgroundSlice
from analysis.db import transactional
from analysis.engine.assessment import Assessment
from analysis.engine.evidence import merge_evidence, to_evidence
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy
from analysis.models import PriceHistory, Rating, RawData, Result, Stock
from analysis.prices.port import PriceError
from analysis.ratings import RATE_LATEST, rating_of, unrated_stocks
from analysis.timing import TIMING
from analysis.worker.assess import rate_bars

logger = logging.getLogger(__name__)

STOCKS_AT_ONCE = 50
NOT_STORED = "The prices of that session are not stored any more; analyse the stock again."


@dataclass(frozen=True, slots=True)
class LateRating:
    """A rating of an earlier result, not yet saved, with the evidence that it adds."""

    row: Rating
    evidence: Mapping[str, Any] = field(default_factory=dict)


def rate_latest(strategy: str) -> None:
    """Rate the latest results that have no rating by a strategy. A queue call.

    It ends early when a stock waits, and queues a message for the rest.
    """
    turn = BackgroundSlice(TIMING.slice.total_seconds())
    while tickers := list(unrated_stocks(strategy).order_by("pk").values_list("pk", flat=True)[:STOCKS_AT_ONCE]):
        rate_stocks(tickers, STRATEGIES[strategy])
        if turn.is_over():
            queue.enqueue(RATE_LATEST, strategy)
            return


def rate_stocks(tickers: Sequence[str], strategy: Strategy) -> int:
    """Rate the latest results of these stocks by a strategy, but those that it has rated; return how many."""
    stocks = unrated_stocks(strategy.key).filter(pk__in=tickers).select_related("last_result__job")
    stored = PriceHistory.objects.filter(stock__in=tickers).defer("traded")
    by_source = {(history.stock_id, history.source): history for history in stored}
    ratings = {}
    for stock in stocks:
        result = stock.last_result
        assert result  # noqa: S101  # it has a latest result without a rating
        ratings[stock.pk] = _rate(stock, result, by_source.get((stock.pk, result.price_source)), strategy)
    return _save_ratings(ratings)


def _rate(stock: Stock, result: Result, history: PriceHistory | None, strategy: Strategy) -> LateRating:
    """Return the rating that the analysis of the result would have given; if it cannot, a row with the reason."""
    try:
        if history:
            return _rate_history(stock, result, history, strategy)
        reason = NOT_STORED
    except (PriceError, ValueError) as error:  # a ValueError of damaged bars
        reason = f"Not rated: {error}"
    except Exception as error:
        logger.exception("%s by %s", stock.pk, strategy.key)
        reason = f"Internal error ({type(error).__name__}): {error}"
    return LateRating(Rating(result=result, strategy=strategy.key, no_score_reason=reason[:300]))


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
    evidence = to_evidence([found.assessment]) if isinstance(found.assessment, Assessment) else {}
    return LateRating(rating_of(result.pk, strategy.key, found.assessment, found.caution), evidence)


@transactional
def _save_ratings(ratings: Mapping[str, LateRating]) -> int:
    """Store ratings of results that are still the latest of their stocks, with their evidence; return how many."""
    Stock.objects.lock(ratings)
    latest = dict(Stock.objects.filter(pk__in=ratings).values_list("pk", "last_result"))
    still = [rating for ticker, rating in ratings.items() if latest.get(ticker) == rating.row.result_id]
    Rating.objects.bulk_create([rating.row for rating in still], ignore_conflicts=True)
    further = {rating.row.result_id: rating.evidence for rating in still if rating.evidence}
    raw_data = list(RawData.objects.filter(pk__in=further).select_for_update())
    for raw in raw_data:
        raw.evidence = merge_evidence(raw.evidence, further[raw.pk])
    RawData.objects.bulk_update(raw_data, ["evidence"])
    return len(still)
