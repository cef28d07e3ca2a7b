"""Record pictures: the places of what is drawn on a track record, in percent of the width of its picture.

Pictures have no width of their own, so that one drawing serves a wide screen and a phone. Each has a text alternative.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from analysis.engine.record_summary import TRADES_NEEDED
from analysis.engine.significance.calibration import BandCalibration, Calibration, HorizonCalibration
from analysis.engine.significance.family import Judgement, KindResult
from analysis.engine.verdict import Verdict

EFFECT_STEP = 0.005
SHARE_STEP = 0.05
MARGIN = 0.05
"""The part of a picture's width that is left free at each end, for what is drawn at the very end of the scale."""


@dataclass(frozen=True)
class EffectScale:
    """A scale from `low` to `high`, the same for all pictures that are compared."""

    low: float
    high: float

    def place(self, value: float) -> str:
        """Return where a value is drawn."""
        return f"{self._percent(value):.2f}%"

    def span(self, start: float, end: float) -> "Span":
        """Return where a stretch is drawn."""
        return Span(self.place(start), f"{self._percent(end) - self._percent(start):.2f}%")

    def _percent(self, value: float) -> float:
        return 100 * (MARGIN + (1 - 2 * MARGIN) * (value - self.low) / (self.high - self.low))


@dataclass(frozen=True)
class Span:
    """A stretch of a picture: its start, and its length."""

    start: str
    length: str


def effect_scale(kinds: Iterable[KindResult]) -> EffectScale:
    """Return a symmetric scale on which every interval and every smallest visible effect has room."""
    sizes = [
        abs(value)
        for kind in kinds
        for value in (*(kind.interval or ()), kind.smallest_visible_adjusted or 0.0, kind.effect or 0.0)
    ]
    end = EFFECT_STEP * max(math.ceil(max(sizes, default=0.0) / EFFECT_STEP), 1)
    return EffectScale(-end, end)


@dataclass(frozen=True)
class EffectPicture:
    """The effect of one kind of signals with its interval, and what could not have been seen; empty if not judged."""

    zero: str
    dot: str = ""
    interval: Span | None = None
    unseen: Span | None = None
    is_different: bool = False
    text: str = "Not judged."

    @classmethod
    def of(cls, kind: KindResult | None, scale: EffectScale) -> "EffectPicture":
        """Return the picture of one kind."""
        zero = scale.place(0.0)
        if kind is None or kind.effect is None or kind.interval is None or kind.smallest_visible_adjusted is None:
            return cls(zero)
        visible = kind.smallest_visible_adjusted
        low, high = kind.interval
        return cls(
            zero=zero,
            dot=scale.place(kind.effect),
            interval=scale.span(low, high),
            unseen=scale.span(-visible, visible),
            is_different=kind.judgement is Judgement.DIFFERENT,
            text=(
                f"{_signed(kind.effect)} a trade, 95% interval {_signed(low)} to {_signed(high)}; "
                f"smallest visible effect {100 * visible:.2f}%."
            ),
        )


@dataclass(frozen=True)
class BandPicture:
    """How often the price stood higher after one verdict, and how often it does when that is shifted in time."""

    verdict: Verdict
    share: float | None
    dot: str = ""
    interval: Span | None = None
    expected: str = ""
    text: str = "Not enough cases."

    @classmethod
    def of(cls, band: BandCalibration, scale: EffectScale) -> "BandPicture":
        """Return the picture of one verdict; without a dot if there are too few cases."""
        if band.share is None or band.count < TRADES_NEEDED:
            return cls(band.verdict, None)
        text, interval, expected = f"{100 * band.share:.1f}% stood higher", None, ""
        if band.interval and band.expected is not None:
            interval, expected = scale.span(*band.interval), scale.place(band.expected)
            low, high = (100 * end for end in band.interval)
            text += f", 95% interval {low:.1f}% to {high:.1f}%; shifted in time {100 * band.expected:.1f}%"
        return cls(band.verdict, band.share, scale.place(band.share), interval, expected, f"{text}.")


@dataclass(frozen=True)
class HorizonPicture:
    """A reliability diagram: the verdicts of one strategy after `sessions` sessions."""

    sessions: int
    bands: list[BandPicture]


def reliability_scale(calibration: Calibration) -> EffectScale:
    """Return a scale on which the shares, intervals and expected shares of all horizons have room."""
    shares = [share for horizon in calibration.horizons for band in horizon.bands for share in _drawn(band)]
    low = SHARE_STEP * math.floor(min(shares, default=0.5) / SHARE_STEP)
    high = SHARE_STEP * math.ceil(max(shares, default=0.5) / SHARE_STEP)
    return EffectScale(low, high if high > low else low + SHARE_STEP)


def draw_horizon(horizon: HorizonCalibration, scale: EffectScale) -> HorizonPicture:
    """Return the reliability diagram of one horizon."""
    return HorizonPicture(horizon.sessions, [BandPicture.of(band, scale) for band in horizon.bands])


def _drawn(band: BandCalibration) -> list[float]:
    if band.share is None or band.count < TRADES_NEEDED:
        return []
    return [band.share, *(band.interval or ()), *([] if band.expected is None else [band.expected])]


def _signed(effect: float) -> str:
    return f"{'−' if effect < 0 else '+'}{abs(100 * effect):.2f}%"
