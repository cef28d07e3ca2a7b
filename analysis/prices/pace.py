"""Pace: the rate of requests to a price source, and the pauses after answers that call for one.

A `Pace` is a value, one per installation. Each request replaces it with the result of `grant_request`, and each answer
with that of `pause_after_limit`, `pause_after_silence`, `pause_after_oddity` or `resume_after_success`. These functions
neither sleep nor read a clock; every moment is aware.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from analysis.prices.port import PriceError, PriceErrorKind

FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = 30  # times the first
MOST_PATIENT = timedelta(hours=24)  # the longest pause of all, also where Yahoo names a longer one
SILENCES_BEFORE_PAUSE = 2  # requests in a row without an answer: a stock's and a canary's
FIRST_SILENCE = timedelta(seconds=5)
LONGEST_SILENCE = timedelta(minutes=5)
FIRST_ODDITY = timedelta(minutes=1)
LONGEST_ODDITY = timedelta(minutes=30)
PROBE_TIME = timedelta(seconds=60)  # after which another request may probe
JITTER = 0.2  # of the time between requests, at most, added to it
CLOCK_TOLERANCE = timedelta(seconds=2)  # by which the clocks of two machines may differ unnoticed


class PaceMode(StrEnum):
    """The state of a pace: requests are open, paused, or wait for the answer to one that probes after a pause."""

    OPEN = "open"
    PAUSED = "paused"
    PROBING = "probing"


class PauseReason(StrEnum):
    """The reason of the last pause: the source limits requests, did not answer several, or has changed its answers."""

    LIMITED = "limited"
    SILENT = "silent"
    NOT_UNDERSTOOD = "odd"

    @property
    def sentence(self) -> str:
        """Return the reason as a sentence without a full stop."""
        return _SENTENCES[self][0]

    @property
    def past_sentence(self) -> str:
        """Return the reason as a sentence in the past tense without a full stop."""
        return _SENTENCES[self][1]


_SENTENCES = {
    PauseReason.LIMITED: ("Yahoo limits our requests", "Yahoo limited our requests"),
    PauseReason.SILENT: ("Yahoo cannot be reached", "Yahoo could not be reached"),
    PauseReason.NOT_UNDERSTOOD: (
        "Yahoo answers in a way this version does not understand",
        "Yahoo answered in a way this version does not understand",
    ),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """The moment from which the next request may start; while not open, there is none from `paused_at` to `until`.

    `strikes` counts pauses in a row for the same reason, each after a probe that failed. `unanswered` counts requests
    in a row without an answer.
    """

    next_at: datetime
    mode: PaceMode = PaceMode.OPEN
    until: datetime | None = None
    strikes: int = 0
    reason: PauseReason = PauseReason.LIMITED
    unanswered: int = 0
    paused_at: datetime | None = None

    def is_paused(self, now: datetime) -> bool:
        """Return whether no request may be sent at this moment, unless it belongs to the probe."""
        return self.mode is not PaceMode.OPEN and self.until is not None and now < self.until

    def is_resting(self, now: datetime) -> bool:
        """Return whether a pause lasts that has no probe yet."""
        return self.mode is PaceMode.PAUSED and self.is_paused(now)

    def is_same_probe(self, other: Self | None) -> bool:
        """Return whether both are of one probe."""
        return other is not None and self.mode is other.mode is PaceMode.PROBING and self.until == other.until


def grant_request(
    pace: Pace, now: datetime, *, per_second: float, jitter: float = 0.0, continues_probe: bool = False
) -> tuple[Pace, float]:
    """Return the pace after one more request, and the seconds to wait before it is sent.

    Requests start at least 1 / `per_second` seconds apart, `jitter` (0 to 1) of that further. After a pause, one
    request is granted as a probe; all others wait for its answer, but for those that `continues_probe` says belong to
    it. Raise PriceError (rate_limited) during a pause.
    """
    if not (continues_probe and pace.mode is PaceMode.PROBING):
        raise_if_paused(pace, now)
        if pace.mode is not PaceMode.OPEN:
            pace = replace(pace, mode=PaceMode.PROBING, paused_at=now, until=now + PROBE_TIME)
    start = max(now, pace.next_at)
    return replace(pace, next_at=start + _spacing(per_second, jitter)), (start - now).total_seconds()


def raise_if_paused(pace: Pace, now: datetime) -> None:
    """Raise PriceError (rate_limited, for any reason) during a pause.

    Call it again after the wait of `grant_request`, because a pause may have begun.
    """
    if pace.is_paused(now):
        until = pace.until and pace.until.astimezone(UTC)
        is_today = until and until.date() == now.astimezone(UTC).date()
        moment = f"{until:{'' if is_today else '%Y-%m-%d '}%H:%M:%S} UTC"
        message = f"{pace.reason.sentence}: no request is sent before {moment}."
        raise PriceError(PriceErrorKind.RATE_LIMITED, message, permanent=False)


def pause_after_limit(
    pace: Pace, now: datetime, *, first: timedelta = FIRST_PAUSE, retry_after: timedelta | None = None
) -> Pace:
    """Return the pace after an answer that requests are limited: paused for `first`, or `retry_after` if it is longer.

    While probes fail, each pause is twice as long, up to 30 x `first`. Answers to requests that were under way when
    the pause began extend it only to the end of their own `retry_after`.
    """
    if pace.is_resting(now):
        return _extend_pause(pace, now, retry_after)
    strikes = _strikes_after(pace, PauseReason.LIMITED)
    length = _double_pause(first, strikes, first * LONGEST_PAUSE)
    return _start_pause(pace, now, length, PauseReason.LIMITED, strikes, retry_after)


def pause_after_silence(pace: Pace, now: datetime, *, retry_after: timedelta | None = None) -> Pace:
    """Return the pace after a request without an answer: paused from the second in a row on, up to 5 minutes.

    Each pause is twice as long. One that names a time (`retry_after`) pauses at once, at least until then. If the
    request probed after a pause for another reason, that reason stays, and another request may probe a little later.
    """
    if pace.is_resting(now):
        return _extend_pause(pace, now, retry_after)
    silences = pace.unanswered + 1
    continues = pace.mode is not PaceMode.OPEN and pace.reason is PauseReason.SILENT
    if not continues and silences < SILENCES_BEFORE_PAUSE:
        if pace.mode is PaceMode.PROBING:
            paused = _start_pause(pace, now, FIRST_SILENCE, pace.reason, pace.strikes, retry_after)
            return replace(paused, unanswered=silences)
        if not retry_after:
            return replace(pace, unanswered=silences)
    strikes = _strikes_after(pace, PauseReason.SILENT)
    length = _double_pause(FIRST_SILENCE, strikes, LONGEST_SILENCE)
    return _start_pause(pace, now, length, PauseReason.SILENT, strikes, retry_after)


def pause_after_oddity(pace: Pace, now: datetime) -> Pace:
    """Return the pace after answers that are not understood: paused for 1 minute, doubling to 30 while probes fail."""
    if pace.is_resting(now):
        return pace
    strikes = _strikes_after(pace, PauseReason.NOT_UNDERSTOOD)
    length = _double_pause(FIRST_ODDITY, strikes, LONGEST_ODDITY)
    return _start_pause(pace, now, length, PauseReason.NOT_UNDERSTOOD, strikes)


def resume_after_success(pace: Pace) -> Pace:
    """Return the pace after any other answer: open if the request was a probe, and without a count of silences."""
    if pace.mode is not PaceMode.PROBING:
        return replace(pace, unanswered=0) if pace.unanswered else pace
    return replace(pace, mode=PaceMode.OPEN, until=None, paused_at=None, strikes=0, unanswered=0)


def correct_after_clock_change(
    pace: Pace, now: datetime, *, per_second: float, longest_turn: timedelta = timedelta()
) -> Pace:
    """Return the pace as it would be if the clock had not been set back; the same if it was not.

    The clock was set back if a pause began in the future: it then begins now. No turn is further away than
    `longest_turn`, the longest wait for one, and the time between two requests.
    """
    latest = now + CLOCK_TOLERANCE
    if pace.until and pace.paused_at and pace.paused_at > latest:
        pace = replace(pace, paused_at=now, until=now + (pace.until - pace.paused_at))
    if pace.until and pace.until > latest + MOST_PATIENT:
        pace = replace(pace, paused_at=now, until=now + MOST_PATIENT)
    spacing = _spacing(per_second, JITTER)
    if pace.next_at > latest + longest_turn + spacing:
        pace = replace(pace, next_at=now + max(longest_turn, spacing))
    return pace


def estimate_duration(requests: int, per_second: float) -> timedelta:
    """Return the approximate time of so many requests at this rate."""
    return timedelta(seconds=requests * (1 + JITTER / 2) / per_second)


def _spacing(per_second: float, jitter: float) -> timedelta:
    return timedelta(seconds=(1.0 + jitter) / per_second)


def _strikes_after(pace: Pace, reason: PauseReason) -> int:
    """Return the pauses in a row after one more: only a probe that fails for the same reason adds to them."""
    if pace.mode is PaceMode.OPEN or pace.reason is not reason:
        return 1
    return pace.strikes + (pace.mode is PaceMode.PROBING)


def _start_pause(
    pace: Pace,
    now: datetime,
    length: timedelta,
    reason: PauseReason,
    strikes: int,
    retry_after: timedelta | None = None,
) -> Pace:
    until = now + min(max(length, retry_after or length), MOST_PATIENT)
    return replace(pace, mode=PaceMode.PAUSED, until=until, paused_at=now, strikes=strikes, reason=reason, unanswered=0)


def _extend_pause(pace: Pace, now: datetime, retry_after: timedelta | None) -> Pace:
    if not (pace.until and retry_after):
        return pace
    return replace(pace, until=max(pace.until, now + min(retry_after, MOST_PATIENT)))


def _double_pause(first: timedelta, strikes: int, longest: timedelta) -> timedelta:
    doubled: timedelta = first * 2 ** min(strikes - 1, 10)
    return min(doubled, longest)
