"""A simulated clock, and a price source's server that answers by it: hours of waiting are counted instead of slept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from analysis.prices.pacer import Pacer, ProcessPacer
from analysis.prices.port import PriceError

SCENES: dict[str, dict[str, Any]] = {
    "fair weather": {},
    "a limit at each seventh request": {"limited_each": 7},
    "a limit at each hundredth request": {"limited_each": 100},
    "ten minutes of limits each hour": {"limited_minutes_an_hour": 10},
    "each seventh, and ten minutes each hour": {"limited_each": 7, "limited_minutes_an_hour": 10},
    "each seventh, with Retry-After 120": {"limited_each": 7, "retry_after": timedelta(seconds=120)},
    "each hundredth, with Retry-After 120": {"limited_each": 100, "retry_after": timedelta(seconds=120)},
    "ten minutes down": {"silent_from": 10.0, "silent_until": 610.0},
}
"""The behaviours of a `SimulatedServer`, by name."""
START = datetime(2026, 4, 24, 12, 0, tzinfo=UTC)
LATENCY = 0.2  # seconds of an answer


class SimulatedClock:
    """A clock that only `sleep` moves; `on_move` is called with the seconds since its start."""

    def __init__(self) -> None:
        self.moment = START
        self.on_move: Callable[[float], None] = lambda _: None

    @property
    def seconds(self) -> float:
        """Return the seconds since the start."""
        return (self.moment - START).total_seconds()

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=max(seconds, 0.0))
        self.on_move(self.seconds)


class Outcome(Enum):
    """The answers of the simulated server."""

    DATA = auto()
    LIMIT = auto()
    SILENCE = auto()


@dataclass(slots=True)
class SimulatedServer:
    """A server that limits each so manyth request, and all requests in the first minutes of each hour."""

    clock: SimulatedClock
    limited_each: int = 0
    limited_minutes_an_hour: int = 0
    silent_from: float = 0.0
    silent_until: float = 0.0
    retry_after: timedelta | None = None
    requests: int = 0
    times: list[float] = field(default_factory=list)

    def answer(self) -> Outcome:
        self.requests += 1
        self.times.append(self.clock.seconds)
        self.clock.sleep(LATENCY)
        if self.silent_from <= self.clock.seconds < self.silent_until:
            return Outcome.SILENCE
        in_burst = self.clock.seconds % 3600 < self.limited_minutes_an_hour * 60
        is_each = self.limited_each and self.requests % self.limited_each == 0
        return Outcome.LIMIT if in_burst or is_each else Outcome.DATA


def fetch_stocks(server: SimulatedServer, stocks: int) -> float:
    """Return the simulated seconds in which so many stocks are fetched, one request after another."""
    clock = server.clock
    pacer = ProcessPacer(now=clock.now, sleep=clock.sleep)
    while stocks:
        try:
            pacer.before_request()
        except PriceError:
            sleep_until_next_turn(pacer, clock)
            continue
        match server.answer():
            case Outcome.LIMIT:
                pacer.record_limit(server.retry_after)
            case Outcome.SILENCE:
                pacer.record_silence()
            case Outcome.DATA:
                pacer.record_success()
                stocks -= 1
    return clock.seconds


def sleep_until_next_turn(pacer: Pacer, clock: SimulatedClock) -> None:
    """Sleep until a pause has ended, as a stock waits for it."""
    assert isinstance(pacer, ProcessPacer)
    until = pacer.pace.until
    clock.sleep((until - clock.moment).total_seconds() if until and until > clock.moment else 1.0)
