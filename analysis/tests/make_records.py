"""Makers of track records: evidence as the tests of signals would return it, and rows that hold it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.utils import timezone

from analysis.engine.record_summary import Baseline, ForwardReturn, NotEnoughTrades, Performance, RecordSummary
from analysis.engine.significance.calibration import BandCalibration, Calibration, HorizonCalibration
from analysis.engine.significance.family import Judgement, KindResult, PeriodEffect, errors_to_be_visible
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import RecordEvidence
from analysis.engine.track_record import HORIZONS
from analysis.engine.trade_stats import Z_95
from analysis.engine.verdict import Side, Verdict
from analysis.models import StrategyRecord

LOOKS = len(STRATEGIES) * len(Side)
FIRST = (date(2021, 1, 1), date(2023, 12, 29))
LAST = (date(2024, 1, 1), date(2025, 12, 31))
BASELINE = Baseline(9000, 0.21, 0.42, 0.004, 1.1)
PERFORMANCE = Performance(400, 0.22, 0.43, 0.0065, -0.004, 1.15, 0.31, BASELINE)
FEW = NotEnoughTrades(3, 20, "not enough trades: 3 long, 20 needed", BASELINE)


def make_kind(strategy: str, side: Side, effect: float = 0.001, error: float = 0.002, **fields: Any) -> KindResult:
    """One kind of signals that is judged, by default as no different."""
    kind = KindResult(
        strategy=strategy,
        side=side,
        judgement=Judgement.NO_DIFFERENCE,
        trades=400,
        left_out=0,
        effect=effect,
        error=error,
        interval=(effect - Z_95 * error, effect + Z_95 * error),
        smallest_visible=errors_to_be_visible() * error,
        smallest_visible_adjusted=errors_to_be_visible(LOOKS) * error,
        p=1.0,
        p_by_date=0.4,
        p_by_rotation=0.5,
        periods=(PeriodEffect(*FIRST, 240, effect + 0.001, error), PeriodEffect(*LAST, 160, effect - 0.001, error)),
    )
    return replace(kind, **fields)


def make_different(strategy: str, side: Side, effect: float) -> KindResult:
    """One kind of signals that both tests tell from entering on any other day."""
    judgement = Judgement.DIFFERENT
    return make_kind(strategy, side, effect, abs(effect) / 5, judgement=judgement, p=0.0004, p_by_date=0.00001)


def make_not_judged(strategy: str, side: Side, judgement: Judgement, trades: int = 3) -> KindResult:
    """One kind of signals without enough trades or history."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("effect", "error", "interval", "smallest_visible", "smallest_visible_adjusted", "p", "p_by_date")
    )
    return replace(make_kind(strategy, side), judgement=judgement, trades=trades, p_by_rotation=None, **nothing)


def make_calibration(
    *, share: float = 0.551, expected: float | None = 0.559, p: float | None = 1.0, count: int = 900
) -> Calibration:
    """The verdicts after each horizon; without `expected` there is not enough history to compare them."""
    error = None if expected is None else 0.015
    bands = tuple(
        BandCalibration(
            verdict,
            count,
            share if count else None,
            expected,
            error,
            p if verdict is Verdict.STRONG_BUY else expected and 1.0,
        )
        for verdict in Verdict
    )
    return Calibration(tuple(HorizonCalibration(h, 5 * count, 0.55, 0.2494, 0.2492, bands) for h in HORIZONS))


def make_evidence(strategy: str, kinds: Sequence[KindResult] = (), **fields: Any) -> RecordEvidence:
    """The evidence of one strategy, by default with nothing different in it."""
    evidence = RecordEvidence(
        stocks=60,
        listed=58,
        sessions=1250,
        looks=LOOKS,
        kinds=tuple(kinds) or tuple(make_kind(strategy, side) for side in Side),
        overfitting=0.53,
        calibration=make_calibration(),
    )
    return replace(evidence, **fields)


def make_record(
    strategy: str,
    evidence: RecordEvidence | None,
    *,
    long: Performance | NotEnoughTrades = PERFORMANCE,
    short: Performance | NotEnoughTrades = PERFORMANCE,
    left_out_trades: int = 0,
) -> StrategyRecord:
    """A stored record; without evidence it is one that an earlier version computed."""
    forward = tuple(ForwardReturn(days, verdict, 900, 0.004) for days in HORIZONS for verdict in (None, *Verdict))
    summary = RecordSummary(60, long, short, forward, left_out_trades=left_out_trades)
    return StrategyRecord.objects.create(
        strategy=strategy,
        price_source="csv",
        as_of=timezone.now().date(),
        stocks=60,
        computed_at=timezone.now(),
        summary=summary.as_dict(),
        evidence=evidence and evidence.as_dict(),
    )


def make_records(**evidence: RecordEvidence | None) -> None:
    """The records of all strategies, with nothing different except in those given."""
    for strategy in STRATEGIES:
        make_record(strategy, evidence.get(strategy, make_evidence(strategy)))
