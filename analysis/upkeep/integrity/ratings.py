"""Ratings: every completed result has one by some strategy, with a score or the reason why there is none."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef

from analysis.db import transactional
from analysis.models import Rating, Result, Stock
from analysis.models.results import ResultQuerySet
from analysis.upkeep.integrity.check import Check
from analysis.upkeep.integrity.stocks import set_last_results

BATCH = 200


def _unrated_results() -> ResultQuerySet:
    """Return the completed results without any rating; a result and its ratings are stored by one transaction."""
    return Result.objects.completed().filter(~Exists(Rating.objects.filter(result=OuterRef("pk"))))


def _find_unrated_results() -> list[int]:
    return list(_unrated_results().order_by().values_list("pk", flat=True))


def _repair_unrated_results(wrong: Sequence[int]) -> None:
    for start in range(0, len(wrong), BATCH):
        _delete_unrated_results(wrong[start : start + BATCH])


@transactional
def _delete_unrated_results(keys: Sequence[int]) -> None:
    """Delete the results with their evidence; the last result of their stocks is then the newest that is left."""
    tickers = Stock.objects.lock(set(Result.objects.filter(pk__in=keys).values_list("stock_id", flat=True)))
    still = list(_unrated_results().filter(pk__in=keys).values_list("pk", flat=True))
    Result.objects.filter(pk__in=still).delete()
    set_last_results(tickers)


RATINGS = Check(
    "ratings",
    "Completed results without a rating by any strategy.",
    "They were deleted; the next analysis of their stocks makes them anew.",
    _find_unrated_results,
    _repair_unrated_results,
)
