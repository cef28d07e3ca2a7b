"""Track record: each strategy's signals compared with entering on any other day, as last computed."""

from datetime import date, datetime
from typing import Any

from ninja import Router, Schema

from analysis.api.problems import READ_PROBLEMS, Problem
from analysis.engine.strategies import STRATEGIES
from analysis.engine.verdict import Side
from analysis.models import StrategyRecord
from analysis.pages.record_sentences import COMPARISON_FOLLOWS, describe_kind
from stockapp.accounts.requests import Request

router = Router(tags=["Track record"])


class SentenceOut(Schema):
    """The answer for the long and for the short signals of a strategy, from the adjusted tests alone."""

    long: str
    short: str


class RecordOut(Schema):
    """One strategy's record.

    `summary` has a side each for longs and shorts, with counts, rates and the baseline, or a message where there are
    too few trades; and mean returns by verdict and horizon. It describes and does not judge.

    `evidence` compares the signals with entering the same stocks on any other day: for each side in `kinds` the
    judgement, the effect of a trade with its 95 % interval, the smallest effect that would have been seen, p after the
    adjustment for all `looks`, and the effect in both parts of the history, all as shares of the entry price; the
    probability of overfitting; and the calibration of the verdicts. It is null until this version has computed it.
    """

    strategy: str
    name: str
    price_source: str
    as_of: date | None
    stocks: int
    left_out: int
    computed_at: datetime | None
    is_refreshing: bool
    sentence: SentenceOut | None
    summary: dict[str, Any] | None
    evidence: dict[str, Any] | None


@router.get("/track-record", response={200: list[RecordOut], READ_PROBLEMS: Problem})
def get_track_record(request: Request) -> Any:
    """Return every strategy with its record; one that was never computed has no sentence, summary and evidence."""
    stored = {record.strategy: record for record in StrategyRecord.objects.defer("partial")}
    return [_record_out(stored.get(key, StrategyRecord(strategy=key))) for key in STRATEGIES]


def _record_out(record: StrategyRecord) -> RecordOut:
    summary = record.unpack()
    return RecordOut(
        strategy=record.strategy,
        name=STRATEGIES[record.strategy].name,
        price_source=record.price_source,
        as_of=record.as_of,
        stocks=record.stocks,
        left_out=record.left_out,
        computed_at=record.computed_at,
        is_refreshing=record.is_refreshing,
        sentence=_sentence(record) if summary else None,
        summary=summary.as_dict() if summary else None,
        evidence=record.evidence,
    )


def _sentence(record: StrategyRecord) -> SentenceOut:
    evidence = record.unpack_evidence()
    if evidence is None:
        return SentenceOut(long=COMPARISON_FOLLOWS, short=COMPARISON_FOLLOWS)
    long, short = (describe_kind(evidence.kind(side), evidence.sessions) for side in (Side.LONG, Side.SHORT))
    return SentenceOut(long=long, short=short)
