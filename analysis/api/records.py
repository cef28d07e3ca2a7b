"""Track record: the performance of each strategy's signals beside their baseline, as last computed."""

from datetime import date, datetime
from typing import Any

from ninja import Router, Schema

from analysis.api.problems import READ_PROBLEMS, Problem
from analysis.engine.strategies import STRATEGIES
from analysis.models import StrategyRecord
from stockapp.accounts.requests import Request

router = Router(tags=["Track record"])


class RecordOut(Schema):
    """One strategy's record.

    `summary` has a side each for longs and shorts, with counts, rates, the interval of the hit rate and the baseline,
    or a message where there are too few cases; and mean returns by verdict and horizon.
    """

    strategy: str
    name: str
    price_source: str
    as_of: date | None
    stocks: int
    left_out: int
    computed_at: datetime | None
    is_refreshing: bool
    summary: dict[str, Any] | None


@router.get("/track-record", response={200: list[RecordOut], READ_PROBLEMS: Problem})
def get_track_record(request: Request) -> Any:
    """Return every strategy with its record; one that was never computed has no summary."""
    stored = {record.strategy: record for record in StrategyRecord.objects.defer("partial")}
    records = ((strategy, stored.get(key, StrategyRecord(strategy=key))) for key, strategy in STRATEGIES.items())
    return [
        RecordOut(
            strategy=strategy.key,
            name=strategy.name,
            price_source=record.price_source,
            as_of=record.as_of,
            stocks=record.stocks,
            left_out=record.left_out,
            computed_at=record.computed_at,
            is_refreshing=record.is_refreshing,
            summary=record.summary,
        )
        for strategy, record in records
    ]
