"""The assessment: what the last session of some bars says about a stock, and why. Values only."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from analysis.engine.components import Group
from analysis.engine.plan import Plan
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Verdict

LEADERS = 3


class Vote(NamedTuple):
    """What one component says: `vote` is None where it abstains, `value` where it is not known.

    `weight` is its share of the score: the sum of weight times vote is the score, and an abstention weighs 0.
    """

    key: str
    label: str
    group: Group
    value: float | None
    vote: int | None
    weight: float


@dataclass(frozen=True, slots=True)
class Change:
    """A vote that is not the previous session's, and what happened in words."""

    key: str
    label: str
    before: int | None
    after: int | None
    value: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class NotEnoughHistory:
    """There is no score; `message` says what is missing."""

    bar_count: int
    needed: int
    message: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """One stock at the close of `day`: prices in its currency, scores in [-1, +1], never a NaN.

    `raw_verdict` is the day's score taken alone; `verdict` is the steady one, unchanged since `verdict_since`.
    `no_trade_reason` is empty where there is a plan.
    """

    strategy: Strategy
    day: date
    bar_count: int
    close: float
    previous_close: float
    score: float
    previous_score: float | None
    raw_verdict: Verdict
    verdict: Verdict
    verdict_since: date
    plan: Plan | None
    no_trade_reason: str
    votes: tuple[Vote, ...]
    changes: tuple[Change, ...]
    findings: tuple[str, ...]

    @property
    def why(self) -> str:
        """One line: how many votes go up and how many down, and the heaviest of each."""
        up, down = self._votes_towards(1), self._votes_towards(-1)
        return f"{len(up)} of {len(self.votes)} votes up{_led_by(up)}; {len(down)} down{_led_by(down)}."

    @property
    def votes_for(self) -> tuple[Vote, ...]:
        """The votes on the verdict's side, heaviest first; for Neutral, the upward ones."""
        return self._votes_towards(self._direction)

    @property
    def votes_against(self) -> tuple[Vote, ...]:
        """The votes on the other side, heaviest first."""
        return self._votes_towards(-self._direction)

    @property
    def _direction(self) -> int:
        return -1 if self.verdict.code < 0 else 1

    def _votes_towards(self, direction: int) -> tuple[Vote, ...]:
        votes = [vote for vote in self.votes if vote.vote == direction]
        return tuple(sorted(votes, key=lambda vote: vote.weight, reverse=True))


def _led_by(votes: tuple[Vote, ...]) -> str:
    return f", led by {' · '.join(vote.label for vote in votes[:LEADERS])}" if votes else ""
