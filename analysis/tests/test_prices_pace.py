"""The pace: never faster than allowed, pauses that grow, and one request to try at the end of each."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.prices.pace import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    PROBE_TIME,
    SILENCES_BEFORE_PAUSE,
    Pace,
    PaceMode,
    PauseReason,
    ProcessPacer,
    estimate_duration,
    grant_request,
    pause_after_limit,
    pause_after_silence,
    raise_if_paused,
    resume_after_success,
)
from analysis.prices.port import PriceError, PriceErrorKind

START = datetime(2026, 4, 24, 12, 0, tzinfo=UTC)
NEW = Pace(START)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def pause_of(pace: Pace, now: datetime) -> float:
    assert pace.until is not None
    return (pace.until - now).total_seconds()


def is_granted(pace: Pace, now: datetime) -> bool:
    try:
        grant_request(pace, now, per_second=1.0)
    except PriceError:
        return False
    return True


@given(
    per_second=st.floats(0.1, 50.0),
    asked=st.lists(st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 1.0)), min_size=2, max_size=30),
)
def test_requests_never_start_closer_than_the_rate_allows(per_second: float, asked: list[tuple[float, float]]) -> None:
    pace, now, starts = NEW, START, []
    for idle, jitter in asked:
        now += timedelta(seconds=idle)
        pace, wait = grant_request(pace, now, per_second=per_second, jitter=jitter)
        assert wait >= 0
        starts.append(now + timedelta(seconds=wait))
    for one, next_one in pairwise(starts):
        assert (next_one - one).total_seconds() >= 1 / per_second - 1e-5


def test_who_has_not_asked_for_long_need_not_wait_and_gains_nothing() -> None:
    pace, wait = grant_request(NEW, after(3600), per_second=2.0)
    assert wait == 0
    _, wait = grant_request(pace, after(3600), per_second=2.0)
    assert wait == 0.5


def test_an_unlimited_rate_never_waits() -> None:
    pace = NEW
    for _ in range(3):
        pace, wait = grant_request(pace, START, per_second=float("inf"), jitter=0.5)
        assert wait == 0


def test_a_limit_stops_everybody_for_a_minute_and_says_until_when() -> None:
    pace = pause_after_limit(NEW, START)
    assert not is_granted(pace, after(59.9))
    with pytest.raises(PriceError, match=r"nothing is asked before 12:01:00 UTC\.$") as caught:
        raise_if_paused(pace, START)
    assert (caught.value.kind, caught.value.permanent) == (PriceErrorKind.RATE_LIMITED, False)


def test_requests_under_way_when_the_pause_began_change_nothing() -> None:
    pace = pause_after_limit(NEW, START)
    assert pause_after_limit(pace, after(2)) == pace
    assert resume_after_success(pace, after(2)) == pace


def test_one_request_tries_at_the_end_of_a_pause_and_the_others_wait_for_it() -> None:
    pace, wait = grant_request(pause_after_limit(NEW, START), after(60), per_second=1.0)
    assert (pace.mode, wait) == (PaceMode.PROBING, 0)
    assert not is_granted(pace, after(60))
    pace = resume_after_success(pace, after(61))
    assert pace.mode is PaceMode.OPEN
    assert is_granted(pace, after(61))


def test_another_may_try_when_the_first_never_reports() -> None:
    pace, _ = grant_request(pause_after_limit(NEW, START), after(60), per_second=1.0)
    assert not is_granted(pace, after(60) + PROBE_TIME - timedelta(seconds=1))
    assert is_granted(pace, after(60) + PROBE_TIME)


def test_pauses_double_to_half_an_hour_while_limits_go_on() -> None:
    pace, now, pauses = NEW, START, []
    for _ in range(8):
        pace = pause_after_limit(pace, now)
        pauses.append(pause_of(pace, now))
        now += timedelta(seconds=pauses[-1])
        pace, _ = grant_request(pace, now, per_second=1.0)
    assert pauses == [60, 120, 240, 480, 960, 1800, 1800, 1800]


def test_a_success_does_not_make_the_next_pause_short_but_half_an_hour_of_them_does() -> None:
    pace, _ = grant_request(pause_after_limit(NEW, START), after(60), per_second=1.0)
    pace = resume_after_success(pace, after(61))
    assert pause_of(pause_after_limit(pace, after(90)), after(90)) == 120
    assert pause_of(pause_after_limit(pace, after(61 + 1801)), after(61 + 1801)) == 60


@given(st.lists(st.sampled_from(["ask", "ask", "limited", "silent", "answered", "minute"]), max_size=80))
def test_whatever_happens_no_two_requests_try_at_once_and_no_pause_is_endless(events: list[str]) -> None:
    pace, now, tried_at = NEW, START, None
    for event in events:
        now += timedelta(seconds=60 if event == "minute" else 1)
        was = pace
        match event:
            case "limited":
                pace = pause_after_limit(pace, now)
            case "silent":
                pace = pause_after_silence(pace, now)
            case "answered":
                pace = resume_after_success(pace, now)
            case "ask" if is_granted(pace, now):
                pace, _ = grant_request(pace, now, per_second=1.0)
                if was.mode is PaceMode.PROBING:
                    assert tried_at is not None
                    assert now - tried_at >= PROBE_TIME
                tried_at = now if pace.mode is PaceMode.PROBING else None
        assert pace.until is None or pace.until - now <= LONGEST_PAUSE * FIRST_PAUSE


def silent(pace: Pace, now: datetime, times: int) -> Pace:
    for _ in range(times):
        pace = pause_after_silence(pace, now)
    return pace


def test_the_third_silence_in_a_row_stops_everybody_and_says_so() -> None:
    pace = silent(NEW, START, SILENCES_BEFORE_PAUSE - 1)
    assert is_granted(pace, START)
    assert silent(resume_after_success(pace, START), START, SILENCES_BEFORE_PAUSE - 1).mode is PaceMode.OPEN
    pace = pause_after_silence(pace, START)
    assert (pace.reason, pause_of(pace, START)) == (PauseReason.SILENT, 5)
    with pytest.raises(PriceError, match=r"^Yahoo cannot be reached: nothing is asked before 12:00:05 UTC\.$"):
        raise_if_paused(pace, START)


def test_pauses_for_silence_double_to_five_minutes_and_an_answer_forgives_them_all() -> None:
    pace, now, pauses = silent(NEW, START, SILENCES_BEFORE_PAUSE), START, []
    for _ in range(8):
        pauses.append(pause_of(pace, now))
        now += timedelta(seconds=pauses[-1])
        pace, _ = grant_request(pace, now, per_second=1.0)
        assert pace.mode is PaceMode.PROBING
        pace = pause_after_silence(pace, now)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    now += timedelta(seconds=300)
    pace, _ = grant_request(pace, now, per_second=1.0)
    pace = silent(resume_after_success(pace, now), now, SILENCES_BEFORE_PAUSE)
    assert pause_of(pace, now) == 5


def test_silence_at_the_end_of_a_limit_does_not_forget_the_limit() -> None:
    pace, _ = grant_request(pause_after_limit(NEW, START), after(60), per_second=1.0)
    pace = pause_after_silence(pace, after(61))
    assert (pace.reason, pause_of(pace, after(61))) == (PauseReason.LIMITED, 5)
    pace, _ = grant_request(pace, after(66), per_second=1.0)
    assert pause_of(pause_after_limit(pace, after(67)), after(67)) == 120


def test_the_first_pause_can_be_chosen_and_the_longest_follows() -> None:
    pace, now = NEW, START
    for _ in range(8):
        pace = pause_after_limit(pace, now, first=timedelta(seconds=2))
        now = pace.until or now
        pace, _ = grant_request(pace, now, per_second=1.0)
    assert pause_of(pause_after_limit(pace, now, first=timedelta(seconds=2)), now) == 60


def test_a_pacer_keeps_its_own_pace() -> None:
    pacer = ProcessPacer(per_second=1000.0)
    pacer.before_request()
    pacer.record_success()
    pacer.before_request()
    pacer.record_limit()
    with pytest.raises(PriceError, match="limits our requests"):
        pacer.before_request()


def test_a_first_fetch_of_a_whole_exchange_is_known_to_take_its_time() -> None:
    assert timedelta(minutes=38) < estimate_duration(2300, 1.0) < timedelta(minutes=46)
