"""The measurements of `benchmarks.evidence`: each returns what it found, ready for JSON."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.engine.bars import Bars, Floats
from analysis.engine.rating import rate
from analysis.engine.record_summary import TRADES_NEEDED
from analysis.engine.series import SeriesCache
from analysis.engine.significance.by_date import DateSums
from analysis.engine.significance.calibration import Calibration, StockVerdicts, VerdictMatrix, calibrate
from analysis.engine.significance.family import (
    SIGNIFICANCE,
    FamilyResult,
    Judgement,
    KindMeasurement,
    adjust,
    judge,
    measure_kind,
)
from analysis.engine.significance.matrix import union_calendar
from analysis.engine.significance.outcomes import SignalKind, closes_higher
from analysis.engine.significance.overfitting import overfitting_probability
from analysis.engine.significance.rotation import admissible_shifts, run_rotation_test, shift_sums
from analysis.engine.stock_record import StockRecord
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy_record import StockRecords, StrategyMeasurement, judge_strategies
from analysis.engine.track_record import HORIZONS, TrackRecord, track_record
from analysis.engine.trade_stats import TradeStats, wilson_interval
from analysis.engine.verdict import Side
from analysis.tests.engine_markets import MARKETS, recent_real_bars
from analysis.tests.significance_cases import LONGEST, matrices_of, with_skill

STRATEGY_LIST = tuple(STRATEGIES.values())

PLANTED = ((0.02, 400), (0.01, 1000))
"""Skill a trade, and trades."""

type Progress = Callable[[str], None]
type Found = dict[str, Any]


def measure_noise(market: str, stocks: int, sessions: int, seeds: int, progress: Progress) -> Found:
    """Count what is told apart in markets without skill, by the hit rate's Wilson interval and by both tests."""
    before, after, by_date, by_rotation, overfitting, of_kinds = [], [], [], [], [], []
    for seed in range(seeds):
        bars = list(MARKETS[market](stocks, sessions, seed))
        before.append(_told_apart_by_wilson(bars))
        result, measured, sums = _judge_all(bars)
        after.append(len(result.different))
        by_date.append([one.by_date.p if one.by_date else np.nan for one in measured])
        by_rotation.append([one.by_rotation.p if one.by_rotation else np.nan for one in measured])
        overfitting.append(_overfitting_of_strategies(sums))
        of_kinds.append(overfitting_probability(list(sums.values())))
        progress(f"noise, {market}, {stocks} stocks, seed {seed}: before {before[-1]}, after {after[-1]}")
    sides = [one.kind.side for one in measured]
    return {
        "families": seeds,
        "told_apart_before": before,
        "told_apart_after": after,
        "judgements": sorted({str(kind.judgement) for kind in result.kinds}),
        "families_by_date_alone": _count_families(by_date),
        "families_by_rotation_alone": _count_families(by_rotation),
        "rates": _rates(np.array(by_date), np.array(by_rotation)),
        "rates_by_side": {
            side.value: _rates(
                *(np.array(found)[:, [own is side for own in sides]] for found in (by_date, by_rotation))
            )
            for side in Side
        },
        "overfitting_of_strategies": _quantiles(overfitting),
        "overfitting_of_kinds": _quantiles(of_kinds),
        "smallest_ks_p_by_date": min(uniform_p(column) for column in np.array(by_date).T),
    }


def _told_apart_by_wilson(bars: Iterable[Bars]) -> int:
    """Return the number of kinds that the rule of versions before 2026-11-28 names: a Wilson interval of hit rates."""
    records: dict[str, list[TrackRecord]] = defaultdict(list)
    for stock in bars:
        series = SeriesCache(stock)
        for strategy in STRATEGY_LIST:
            records[strategy.key].append(track_record(series, strategy))
    sides = [TrackRecord.merged(found).side(side) for found in records.values() for side in Side]
    return sum(is_told_apart_by_wilson(side.trades, side.baseline) for side in sides)


def is_told_apart_by_wilson(trades: TradeStats, baseline: TradeStats) -> bool:
    """Return whether there are enough trades, and the interval of their hit rate does not hold the baseline's."""
    if trades.count < TRADES_NEEDED or baseline.hit_rate is None:
        return False
    low, high = wilson_interval(trades.targets, trades.count)
    return not low <= baseline.hit_rate <= high


def _judge_all(bars: Sequence[Bars]) -> tuple[FamilyResult, list[KindMeasurement], dict[SignalKind, DateSums]]:
    matrices = matrices_of(bars)
    sums = {kind: DateSums.of(matrix) for kind, matrix in matrices.items()}
    measured = [measure_kind(kind, matrix, sums[kind], LONGEST) for kind, matrix in matrices.items()]
    return judge(measured, stocks=len(bars)), measured, sums


def _overfitting_of_strategies(sums: Mapping[SignalKind, DateSums]) -> float | None:
    """Return the probability of overfitting in a choice among the strategies, both sides taken together."""
    return overfitting_probability(
        [sums[SignalKind(key, Side.LONG)] + sums[SignalKind(key, Side.SHORT)] for key in STRATEGIES]
    )


def _count_families(by_test: Iterable[Sequence[float]]) -> int:
    """Return the families in which one test alone would find a difference, after Holm's adjustment."""
    return sum(min(adjust(p_values, len(p_values)), default=1.0) < SIGNIFICANCE for p_values in by_test)


def _quantiles(values: Iterable[float | None]) -> Found:
    known = [value for value in values if value is not None]
    return (
        {f"{share:.0%}": float(np.quantile(known, share)) for share in (0.05, 0.25, 0.5, 0.75, 0.95)} if known else {}
    )


def _rates(by_date: Floats, by_rotation: Floats) -> Found:
    """Return the shares of tests with p below 0.05."""
    tests = {"date": by_date, "rotation": by_rotation, "both": np.maximum(by_date, by_rotation)}
    return {name: float((p < 0.05).mean()) for name, p in tests.items()}


def uniform_p(values: Floats) -> float:
    """Return the Kolmogorov-Smirnov p of these being uniform in [0, 1], by the asymptotic law; 1 for fewer than 8."""
    count = len(values)
    if count < 8 or np.isnan(values).any():
        return 1.0
    ordered, steps = np.sort(values), np.arange(count + 1) / count
    distance = max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max())
    scaled = distance * (np.sqrt(count) + 0.12 + 0.11 / np.sqrt(count))
    terms = np.arange(1, 101)
    return float(min(max(2 * np.sum((-1.0) ** (terms - 1) * np.exp(-2 * terms**2 * scaled**2)), 0.0), 1.0))


def measure_planted(market: str, stocks: int, sessions: int, seeds: int, progress: Progress) -> Found:
    """Count how often planted skill is found among nine kinds without, by kind."""
    found: dict[tuple[float, int], dict[SignalKind, list[bool]]] = {case: defaultdict(list) for case in PLANTED}
    errors: dict[SignalKind, list[float]] = defaultdict(list)
    for seed in range(seeds):
        matrices = matrices_of(MARKETS[market](stocks, sessions, 10_000 + seed))
        plain = {kind: measure_kind(kind, matrix, DateSums.of(matrix), LONGEST) for kind, matrix in matrices.items()}
        for (effect, trades), by_kind in found.items():
            for kind, matrix in matrices.items():
                skilled = with_skill(matrix, effect, trades, seed)
                measured = measure_kind(kind, skilled, DateSums.of(skilled), LONGEST)
                result = judge(list({**plain, kind: measured}.values()), stocks=stocks)
                one = next(one for one in result.kinds if one.kind == kind)
                by_kind[kind].append(one.judgement is Judgement.DIFFERENT)
                if effect == PLANTED[0][0]:
                    errors[kind].append(one.error or np.nan)
        progress(f"planted, {market}, seed {seed}")
    return {
        "seeds": seeds,
        "mean_error_at_400": {_name(kind): float(np.nanmean(values)) for kind, values in errors.items()},
        **{
            f"{effect:.0%} at {trades}": {
                "all": float(np.mean([*by_kind.values()])),
                **{_name(kind): float(np.mean(values)) for kind, values in by_kind.items()},
            }
            for (effect, trades), by_kind in found.items()
        },
    }


def measure_rotated(stocks: int, sessions: int, progress: Progress) -> Found:
    """Count p values below 0.05 of real signals, shifted against real bars by every fourth admissible shift.

    The rotation of shifted signals meets the hindsight of the real ones at some shift. It is counted with it, and
    without: "clean".
    """
    found: Found = {}
    rows: list[list[float]] = []
    for kind, matrix in matrices_of(recent_real_bars(stocks, sessions)).items():
        sums = shift_sums(matrix)
        admissible = admissible_shifts(sums.counts, LONGEST)
        own = []
        for shift in admissible[::4]:
            shifted = replace(matrix, is_entry=np.roll(matrix.is_entry, shift, axis=1))
            measured = measure_kind(kind, shifted, DateSums.of(shifted), LONGEST)
            moved = shift_sums(shifted)
            is_clean = np.isin((np.arange(len(moved.counts)) + shift) % len(moved.counts), admissible)
            is_clean[0] = True
            clean = run_rotation_test(replace(moved, counts=np.where(is_clean, moved.counts, 0)), LONGEST)
            tests = (measured.by_date, measured.by_rotation, clean)
            own.append([test.p if test else np.nan for test in tests])
        rows += own
        found[_name(kind)] = _rotated_rates(own)
        progress(f"rotated, {_name(kind)}: {found[_name(kind)]}")
    return {"shifts": len(rows), "all": _rotated_rates(rows), **found}


def _rotated_rates(rows: list[list[float]]) -> Found:
    by_date, by_rotation, clean = np.array(rows).T
    found = _rates(by_date, by_rotation)
    return {**found, "rotation_clean": float((clean < 0.05).mean()), "both_clean": _rates(by_date, clean)["both"]}


def measure_real(stocks: int, sessions: int, progress: Progress) -> Found:
    """Judge the built-in strategies on real bars, as the page would."""
    bars = recent_real_bars(stocks, sessions)
    measured = measure_records([StockRecord.of(SeriesCache(stock), STRATEGY_LIST) for stock in bars])
    progress(f"real: {len(bars)} stocks measured")
    sums = {kind.kind: own for one in measured.values() for kind, own in zip(one.kinds, one.sums, strict=True)}
    return {
        "told_apart_before": _told_apart_by_wilson(bars),
        "overfitting_of_strategies": _overfitting_of_strategies(sums),
        **{key: one.as_dict() for key, one in judge_strategies(measured, listed=len(bars)).items()},
    }


def measure_records(stocks: Sequence[StockRecord]) -> dict[str, StrategyMeasurement]:
    """Return the measurements of the built-in strategies by key."""
    records = StockRecords(stocks)
    return {key: records.measure(key) for key in STRATEGIES}


def measure_calibration(market: str, stocks: int, sessions: int, seeds: int, progress: Progress) -> Found:
    """Count how often a verdict's share errs from what is expected without skill: by rotation, and by Wilson."""
    rotated: dict[str, list[bool]] = defaultdict(list)
    wilson: dict[str, list[bool]] = defaultdict(list)
    against_base: dict[str, list[float]] = defaultdict(list)
    for seed in range(seeds):
        bars = list(MARKETS[market](stocks, sessions, 20_000 + seed))
        calibration = calibrate(_verdicts_of(bars), LONGEST)
        for name, base_rate, band in _bands(calibration):
            if band.interval is None or band.share is None or band.expected is None:
                continue
            low, high = wilson_interval(round(band.share * band.count), band.count)
            rotated[name].append(not band.interval[0] <= band.expected <= band.interval[1])
            wilson[name].append(not low <= base_rate <= high)
            against_base[name].append(band.share - base_rate)
        progress(f"calibration, {market}, seed {seed}")
    return {
        "seeds": seeds,
        "rotation": float(np.mean(np.concatenate([*rotated.values()]))),
        "wilson": float(np.mean(np.concatenate([*wilson.values()]))),
        "rotation_by_band": {name: float(np.mean(values)) for name, values in rotated.items()},
        "wilson_by_band": {name: float(np.mean(values)) for name, values in wilson.items()},
        "share_less_base_rate": {name: float(np.mean(values)) for name, values in against_base.items()},
    }


def _verdicts_of(bars: Sequence[Bars]) -> VerdictMatrix:
    rows = []
    for stock in bars:
        steady = rate(stock, TECHNICAL_RATING).steady
        higher = {sessions: closes_higher(stock.close, steady, sessions) for sessions in HORIZONS}
        rows.append(StockVerdicts(stock.session, steady, higher))
    return VerdictMatrix.stacked(union_calendar(stock.session for stock in bars), rows)


def _bands(calibration: Calibration) -> Iterator[tuple[str, float, Any]]:
    for horizon in calibration.horizons:
        for band in horizon.bands:
            yield f"{band.verdict.value} +{horizon.sessions}", horizon.base_rate or 0.0, band


def _name(kind: SignalKind) -> str:
    return f"{kind.strategy} {kind.side.value}"
