"""Bulk: a run over all active stocks, or over those of an index."""

from analysis.engine import TECHNICAL_RATING
from analysis.models import Index, Person, Source, Stock
from analysis.models.stocks import StockQuerySet
from analysis.services.limits import Refused
from analysis.services.runs import submit_run
from analysis.services.submit import Submission

ALL = "All active stocks"


def bulk_stocks(index: Index | None) -> StockQuerySet:
    """The active stocks of an index, or of all when there is none."""
    return Stock.objects.active().filter(memberships__index=index) if index else Stock.objects.active()


def submit_bulk(
    index: Index | None, *, requested_by: Person | None = None, strategy: str = TECHNICAL_RATING.key
) -> list[Submission]:
    """Submit an analysis of all those stocks, in one job or several. Raise Refused if there are none or no room."""
    tickers = list(bulk_stocks(index).values_list("pk", flat=True))
    if not tickers:
        raise Refused(f"“{index}” has no active stocks." if index else "There are no active stocks.")
    return submit_run(
        tickers,
        source=Source.BULK,
        requested_by=requested_by,
        strategy=strategy,
        description=index.name if index else ALL,
    )
