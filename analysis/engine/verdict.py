"""Verdicts: the names of scores, for each session alone and steadied by hysteresis.

Inside the engine a verdict is an int8 code, -2 (Strong Sell) to +2 (Strong Buy), or `UNRATED`.
"""

from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from analysis.engine.bars import Floats

Codes = NDArray[np.int8]

UNRATED = -128
"""The code of a session without a verdict."""

EDGES = (-0.5, -0.1, 0.1, 0.5)
"""Scores between verdicts; the lower two belong to the band above them, the upper two to the one below."""


class Side(StrEnum):
    """The direction of a trade."""

    LONG = "long"
    SHORT = "short"


class Verdict(StrEnum):
    """The name of a score's band, strongest buy first."""

    STRONG_BUY = "strong_buy"
    BUY = "buy"
    NEUTRAL = "neutral"
    SELL = "sell"
    STRONG_SELL = "strong_sell"

    @property
    def label(self) -> str:
        """Return the verdict in words: Strong Buy."""
        return self.value.replace("_", " ").title()

    @property
    def code(self) -> int:
        """Return the verdict's code, -2 to +2."""
        return _CODES[self]

    @property
    def side(self) -> Side | None:
        """Return the side on which a verdict would trade; None for Neutral."""
        if self is Verdict.NEUTRAL:
            return None
        return Side.LONG if self.code > 0 else Side.SHORT

    @classmethod
    def of(cls, code: int) -> "Verdict":
        """Return the verdict with this code. Raise KeyError for `UNRATED`."""
        return _VERDICTS[code]


_VERDICTS = dict(zip((2, 1, 0, -1, -2), Verdict, strict=True))
_CODES = {verdict: code for code, verdict in _VERDICTS.items()}


def raw_verdicts(score: Floats) -> Codes:
    """Return the code of each session's score alone, shape (n,); `UNRATED` where the score is NaN.

    < -0.5 Strong Sell, [-0.5, -0.1) Sell, [-0.1, 0.1] Neutral, (0.1, 0.5] Buy, > 0.5 Strong Buy.
    """
    strong_sell, sell, buy, strong_buy = EDGES
    codes = np.full(score.shape, -2, dtype=np.int8)
    for reached in (score >= strong_sell, score >= sell, score > buy, score > strong_buy):
        codes += reached
    codes[np.isnan(score)] = UNRATED
    return codes


def steady_verdicts(score: Floats, raw: Codes, margin: float) -> Codes:
    """Return the codes with hysteresis, shape (n,).

    A verdict lasts until the score leaves its band by more than `margin`, then becomes the raw verdict of that session.
    The first is the first raw verdict; it lasts through sessions without a score. `UNRATED` before the first.
    """
    lower, upper = _bands(margin)
    leaves = [row.tobytes() for row in (score < lower) | (score > upper)]
    codes = raw.tolist()
    start = next((session for session, code in enumerate(codes) if code != UNRATED), len(codes))
    starts, verdicts = [0], [UNRATED]
    while 0 <= start < len(codes):  # once a verdict, not once a session
        starts.append(start)
        verdicts.append(codes[start])
        start = leaves[codes[start] + 2].find(True, start)
    return np.repeat(np.array(verdicts, dtype=np.int8), np.diff([*starts, len(codes)]))


@cache
def _bands(margin: float) -> tuple[Floats, Floats]:
    """Return the lowest and the highest score at which each verdict lasts, shape (5, 1), from Strong Sell on."""
    lower = [-np.inf, *(round(edge - margin, 9) for edge in EDGES)]
    upper = [*(round(edge + margin, 9) for edge in EDGES), np.inf]
    return np.array(lower)[:, np.newaxis], np.array(upper)[:, np.newaxis]
