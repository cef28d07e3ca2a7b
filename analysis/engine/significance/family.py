"""Family: the judgement on all kinds of signals that were looked at together.

A kind is `DIFFERENT` from entering on any other day only if both tests say so after Holm's adjustment over everything
that was looked at, if the effect is at least the costs of a trade, and if there is enough history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Self

from analysis.engine.record_summary import TRADES_NEEDED
from analysis.engine.significance.by_date import DateSums, DateTest, run_date_test
from analysis.engine.significance.matrix import OutcomeMatrix
from analysis.engine.significance.outcomes import SignalKind
from analysis.engine.significance.rotation import RotationTest, run_rotation_test, shift_sums
from analysis.engine.strategy import JSON
from analysis.engine.trade_stats import Z_95
from analysis.engine.verdict import Side

SIGNIFICANCE = 0.05
"""The adjusted p below which a kind is different."""

POWER = 0.8
"""The share of cases in which the smallest visible effect would have been found."""

SMALLEST_EFFECT = 0.002
"""The smallest effect that counts, as a share of the entry: a trade's costs. Conventions make smaller biases."""

SESSIONS_NEEDED = 750
"""Sessions of the calendar below which nothing is judged."""

FIRST_SHARE = 0.6
"""The share of the calendar that the first of two periods has."""


class Judgement(StrEnum):
    """The answer for one kind of signals."""

    DIFFERENT = "different"
    NO_DIFFERENCE = "no_difference"
    NOT_ENOUGH_HISTORY = "not_enough_history"
    NOT_ENOUGH_TRADES = "not_enough_trades"


@dataclass(frozen=True, slots=True)
class PeriodEffect:
    """The trades of a part of the history, their effect within it and its error; None without (enough) trades."""

    start: date
    end: date
    trades: int
    effect: float | None
    error: float | None

    def as_dict(self) -> dict[str, JSON]:
        """Return everything, for strict JSON."""
        return {**asdict(self), "start": self.start.isoformat(), "end": self.end.isoformat()}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the period of which `as_dict` made this."""
        days = {name: date.fromisoformat(stored[name]) for name in ("start", "end")}
        return cls(**{**stored, **days})


@dataclass(frozen=True, slots=True)
class KindMeasurement:
    """The tests of one kind, not yet adjusted for others; None where they cannot be made."""

    kind: SignalKind
    sessions: int
    trades: int
    left_out: int
    by_date: DateTest | None
    by_rotation: RotationTest | None
    periods: tuple[PeriodEffect, ...]

    @property
    def judgement_before_tests(self) -> Judgement | None:
        """Return the reason not to judge; None if there is none."""
        if self.sessions < SESSIONS_NEEDED:
            return Judgement.NOT_ENOUGH_HISTORY
        if self.trades < TRADES_NEEDED:
            return Judgement.NOT_ENOUGH_TRADES
        return None if self.by_date and self.by_rotation else Judgement.NOT_ENOUGH_HISTORY

    def as_dict(self) -> dict[str, JSON]:
        """Return everything, for strict JSON."""
        return {**asdict(self), "periods": [period.as_dict() for period in self.periods]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the measurement of which `as_dict` made this."""
        strategy, side = stored["kind"]
        tests = {"by_date": DateTest, "by_rotation": RotationTest}
        return cls(
            **{
                **stored,
                "kind": SignalKind(strategy, Side(side)),
                "periods": tuple(PeriodEffect.from_dict(period) for period in stored["periods"]),
                **{name: stored[name] and test(**stored[name]) for name, test in tests.items()},
            }
        )


@dataclass(frozen=True, slots=True)
class KindResult:
    """The judgement on one kind; numbers are shares of the entry price, and None where nothing was judged.

    `effect` is the mean return of a trade against entering the same stocks on any other day; `error` the larger of the
    two standard errors. `p` is the larger of both tests' after the adjustment, `p_by_date` and `p_by_rotation` are
    without. `smallest_visible` would be found in four of five cases if only this had been looked at, and
    `smallest_visible_adjusted` among everything that was.
    """

    strategy: str
    side: Side
    judgement: Judgement
    trades: int
    left_out: int
    effect: float | None
    error: float | None
    interval: tuple[float, float] | None
    smallest_visible: float | None
    smallest_visible_adjusted: float | None
    p: float | None
    p_by_date: float | None
    p_by_rotation: float | None
    periods: tuple[PeriodEffect, ...]

    @property
    def kind(self) -> SignalKind:
        """Return the kind of signals."""
        return SignalKind(self.strategy, self.side)


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """The judgements on kinds that were looked at together, over `stocks` stocks and `sessions` sessions.

    `looks` is the number of all kinds that were ever looked at, these included.
    """

    stocks: int
    sessions: int
    looks: int
    kinds: tuple[KindResult, ...]

    @property
    def different(self) -> tuple[KindResult, ...]:
        """Return the kinds that are different from entering on any other day."""
        return tuple(result for result in self.kinds if result.judgement is Judgement.DIFFERENT)

    def as_dict(self) -> dict[str, JSON]:
        """Return everything, for strict JSON."""
        kinds: list[JSON] = [
            {**asdict(kind), "periods": [period.as_dict() for period in kind.periods]} for kind in self.kinds
        ]
        return {"stocks": self.stocks, "sessions": self.sessions, "looks": self.looks, "kinds": kinds}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the result of which `as_dict` made this."""
        kinds = tuple(_kind_from(kind) for kind in stored["kinds"])
        return cls(stored["stocks"], stored["sessions"], stored["looks"], kinds)


def _kind_from(stored: Mapping[str, Any]) -> KindResult:
    return KindResult(
        **{
            **stored,
            "side": Side(stored["side"]),
            "judgement": Judgement(stored["judgement"]),
            "interval": stored["interval"] and tuple(stored["interval"]),
            "periods": tuple(PeriodEffect.from_dict(period) for period in stored["periods"]),
        }
    )


def measure_kind(
    kind: SignalKind, matrix: OutcomeMatrix, sums: DateSums, holding: int, *, sessions: int | None = None
) -> KindMeasurement:
    """Return the tests of one kind. `sums` are those of the matrix.

    `holding` is the longest of the whole family, in columns of the calendar (`columns_held`); `sessions` of them count
    as history, all if it is None.
    """
    length = len(matrix.calendar)
    split = int(FIRST_SHARE * length)
    return KindMeasurement(
        kind=kind,
        sessions=length if sessions is None else sessions,
        trades=sums.count,
        left_out=matrix.left_out,
        by_date=run_date_test(sums, holding),
        by_rotation=run_rotation_test(shift_sums(matrix), holding),
        periods=tuple(
            _measure_period(matrix.between(start, end), holding) for start, end in pairwise((0, split, length)) if end
        ),
    )


def _measure_period(matrix: OutcomeMatrix, holding: int) -> PeriodEffect:
    """Return the effect against other sessions of this period alone, so that a better period flatters nothing."""
    sums = DateSums.of(matrix)
    found = run_date_test(sums, holding)
    start, end = (session.astype(object) for session in matrix.calendar[[0, -1]])
    return PeriodEffect(start, end, sums.count, sums.mean, found.error if found else None)


def judge(measurements: Sequence[KindMeasurement], *, stocks: int, looks: int = 0) -> FamilyResult:
    """Return the judgements on kinds that were looked at together.

    `looks` counts, if there are more, everything that was ever looked at: the p of what is not among the measurements
    is not known, and taken to be larger. A kind that cannot be judged was looked at as well.
    """
    looks = max(looks, len(measurements))
    judged = [one for one in measurements if one.judgement_before_tests is None]
    by_date = adjust([one.by_date.p for one in judged if one.by_date], looks)
    by_rotation = adjust([one.by_rotation.p for one in judged if one.by_rotation], looks)
    adjusted = {one.kind: max(pair) for one, *pair in zip(judged, by_date, by_rotation, strict=True)}
    return FamilyResult(
        stocks=stocks,
        sessions=max((one.sessions for one in measurements), default=0),
        looks=looks,
        kinds=tuple(_result(one, adjusted.get(one.kind), looks) for one in measurements),
    )


def adjust(p_values: Sequence[float], looks: int) -> list[float]:
    """Return the p values after Holm's adjustment over `looks` of them, those not given taken to be larger.

    The smallest is multiplied by `looks`, the next by one less, and none becomes smaller than one before it. Source:
    Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(p_values[place] * (looks - rank), 1.0))
        adjusted[place] = largest
    return adjusted


def errors_to_be_visible(looks: int = 1) -> float:
    """Return the number of standard errors from which an effect is found in `POWER` of the cases.

    It is the quantile that the best of `looks` has to pass plus that of the power: 2.80 for one, 3.65 among ten.
    """
    return NormalDist().inv_cdf(1 - SIGNIFICANCE / (2 * looks)) + NormalDist().inv_cdf(POWER)


def _result(measured: KindMeasurement, p: float | None, looks: int) -> KindResult:
    by_date, by_rotation = measured.by_date, measured.by_rotation
    effect = error = None
    judgement = measured.judgement_before_tests
    if p is not None and by_date and by_rotation:
        effect, error = by_rotation.effect, max(by_date.error, by_rotation.error)
        is_different = p < SIGNIFICANCE and abs(effect) >= SMALLEST_EFFECT
        judgement = Judgement.DIFFERENT if is_different else Judgement.NO_DIFFERENCE
    assert judgement is not None  # noqa: S101
    return KindResult(
        strategy=measured.kind.strategy,
        side=measured.kind.side,
        judgement=judgement,
        trades=measured.trades,
        left_out=measured.left_out,
        effect=effect,
        error=error,
        interval=None if effect is None or error is None else (effect - Z_95 * error, effect + Z_95 * error),
        smallest_visible=None if error is None else errors_to_be_visible() * error,
        smallest_visible_adjusted=None if error is None else errors_to_be_visible(looks) * error,
        p=p,
        p_by_date=None if p is None or by_date is None else by_date.p,
        p_by_rotation=None if p is None or by_rotation is None else by_rotation.p,
        periods=measured.periods,
    )
