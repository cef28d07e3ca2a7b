"""Stocks: their last result against their results, their price histories against the stored bars."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from analysis.db import transactional
from analysis.models import PriceHistory, Result, Stock
from analysis.prices.arrow import checksum
from analysis.upkeep.integrity.check import Check

BATCH = 200


def _with_wrong_last_result() -> QuerySet[Stock]:
    """Return the stocks whose last result is not their newest success, which is the one of the latest session."""
    newest = Result.objects.completed().filter(stock=OuterRef("pk")).order_by("-day").values("pk")[:1]
    differs = ~Q(last_result=F("newest"))
    one_is_none = Q(last_result=None, newest__isnull=False) | Q(last_result__isnull=False, newest=None)
    both = Q(last_result__isnull=False, newest__isnull=False)
    return Stock.objects.annotate(newest=Subquery(newest)).filter(one_is_none | both & differs)


def _find_wrong_last_results() -> list[str]:
    return list(_with_wrong_last_result().values_list("pk", flat=True))


def _repair_last_results(wrong: Sequence[str]) -> None:
    for start in range(0, len(wrong), BATCH):
        set_last_results(wrong[start : start + BATCH])


@transactional
def set_last_results(tickers: Sequence[str]) -> None:
    """Lock these stocks and set their last result to their newest success."""
    Stock.objects.lock(tickers)
    newest = Result.objects.completed().filter(stock=OuterRef("pk")).order_by("-day").values("pk")[:1]
    Stock.objects.filter(pk__in=tickers).update(last_result=Subquery(newest))


def _find_wrong_histories() -> list[int]:
    return [history.pk for history in _read_histories() if not _is_consistent(history)]


def _read_histories() -> Iterator[PriceHistory]:
    return PriceHistory.objects.order_by("pk").defer("findings").iterator(chunk_size=BATCH)


def _is_consistent(history: PriceHistory) -> bool:
    return checksum(bytes(history.bars)) == history.checksum and _describe_bars(history) == (
        history.first_session,
        history.last_session,
        history.bar_count,
    )


def _describe_bars(history: PriceHistory) -> tuple[date, date, int] | None:
    """Return the first and last session and the number of the stored bars; None if they are unreadable or empty."""
    try:
        bars = history.unpack()
    except ValueError:
        return None
    return (bars.first_session, bars.last_session, len(bars)) if len(bars) else None


def _repair_histories(wrong: Sequence[int]) -> None:
    for pk in wrong:
        _repair_history(pk)


@transactional
def _repair_history(pk: int) -> None:
    """Correct the description of the bars; delete damaged ones, because their source still has them."""
    history = PriceHistory.objects.select_for_update().filter(pk=pk).first()
    if history is None or _is_consistent(history):
        return
    described = _describe_bars(history)
    if described is None or checksum(bytes(history.bars)) != history.checksum:
        history.delete()
        return
    history.first_session, history.last_session, history.bar_count = described
    history.save(update_fields=["first_session", "last_session", "bar_count"])


STOCK_CHECKS = (
    Check(
        "last_results",
        "Stocks whose last result is not their newest success.",
        "They name their newest success now.",
        _find_wrong_last_results,
        _repair_last_results,
    ),
    Check(
        "price_histories",
        "Price histories that do not say what their stored bars are, or whose bars are damaged.",
        "They say it now; damaged ones were removed, and the next analysis fetches them again.",
        _find_wrong_histories,
        _repair_histories,
    ),
)
