"""Verdicts: what a score is called, day by day and steadied.

Inside the engine a verdict is an int8 code, -2 (Strong Sell) to +2 (Strong Buy), or `UNRATED`.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analysis.engine.bars import Floats

Codes = NDArray[np.int8]

UNRATED = -128
"""The code of a session without a verdict."""

EDGES = (-0.5, -0.1, 0.1, 0.5)
"""Where the verdict changes; the lower two scores belong to the band above them, the upper two to the one below."""


class Side(StrEnum):
    LONG = "long"
    SHORT = "short"


class Verdict(StrEnum):
    STRONG_BUY = "strong_buy"
    BUY = "buy"
    NEUTRAL = "neutral"
    SELL = "sell"
    STRONG_SELL = "strong_sell"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").title()

    @property
    def code(self) -> int:
        return _CODES[self]

    @property
    def side(self) -> Side | None:
        """The side a verdict speaks for; None for Neutral."""
        if self is Verdict.NEUTRAL:
            return None
        return Side.LONG if self.code > 0 else Side.SHORT

    @classmethod
    def of(cls, code: int) -> "Verdict":
        """The verdict with this code; KeyError for `UNRATED`."""
        return _VERDICTS[code]


_VERDICTS = dict(zip((2, 1, 0, -1, -2), Verdict, strict=True))
_CODES = {verdict: code for code, verdict in _VERDICTS.items()}


def raw_verdicts(score: Floats) -> Codes:
    """The code of each session's score taken alone, shape (n,); `UNRATED` where the score is NaN.

    < -0.5 Strong Sell, [-0.5, -0.1) Sell, [-0.1, 0.1] Neutral, (0.1, 0.5] Buy, > 0.5 Strong Buy.
    """
    strong_sell, sell, buy, strong_buy = EDGES
    codes = np.full(score.shape, -2, dtype=np.int8)
    for reached in (score >= strong_sell, score >= sell, score > buy, score > strong_buy):
        codes += reached
    codes[np.isnan(score)] = UNRATED
    return codes


def steady_verdicts(score: Floats, raw: Codes, margin: float) -> Codes:
    """The codes with hysteresis, shape (n,): a verdict holds until the score leaves its band by more than `margin`,
    then becomes the raw verdict of that session.

    It begins with the first raw verdict and holds through sessions without a score; `UNRATED` before the first.
    """
    lower = (-np.inf, *(round(edge - margin, 9) for edge in EDGES))
    upper = (*(round(edge + margin, 9) for edge in EDGES), np.inf)
    low, high = np.inf, np.inf
    starts, codes = [0], [UNRATED]
    today = raw.tolist()
    for session, value in enumerate(score.tolist()):
        if value < low or value > high:  # False for NaN, which holds the verdict
            code = today[session]
            low, high = lower[code + 2], upper[code + 2]
            starts.append(session)
            codes.append(code)
    return np.repeat(np.array(codes, dtype=np.int8), np.diff([*starts, len(score)]))
