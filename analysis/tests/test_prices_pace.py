"""The pace: never faster than allowed, pauses that grow, and one request to try at the end of each."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

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
    correct_after_clock_change,
    estimate_duration,
    grant_request,
    pause_after_limit,
    pause_after_oddity,
    pause_after_silence,
    raise_if_paused,
    resume_after_success,
)
from analysis.prices.pacer import ProcessPacer
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
    with pytest.raises(PriceError, match=r"no request is sent before 12:01:00 UTC\.$") as caught:
        raise_if_paused(pace, START)
    assert (caught.value.kind, caught.value.permanent) == (PriceErrorKind.RATE_LIMITED, False)


def test_requests_under_way_when_the_pause_began_change_nothing() -> None:
    pace = pause_after_limit(NEW, START)
    assert pause_after_limit(pace, after(2)) == pace
    assert resume_after_success(pace) == pace


def test_one_request_tries_at_the_end_of_a_pause_and_the_others_wait_for_it() -> None:
    pace, wait = grant_request(pause_after_limit(NEW, START), after(60), per_second=1.0)
    assert (pace.mode, wait) == (PaceMode.PROBING, 0)
    assert not is_granted(pace, after(60))
    pace = resume_after_success(pace)
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


def test_a_limit_soon_after_one_that_a_probe_ended_pauses_for_the_first_pause_again() -> None:
    pace, now = NEW, START
    for _ in range(5):
        pace = pause_after_limit(pace, now)
        assert pause_of(pace, now) == 60
        now += timedelta(seconds=60)
        pace = resume_after_success(grant_request(pace, now, per_second=1.0)[0])
        assert (pace.strikes, pace.until, pace.paused_at) == (0, None, None)
        now += timedelta(seconds=5)


def test_only_a_probe_that_fails_lengthens_the_next_pause() -> None:
    """Not a request that was under way for longer than the pause."""
    pace = pause_after_limit(pause_after_limit(NEW, START), after(60))
    assert (pace.strikes, pause_of(pace, after(60))) == (1, 60)


def test_a_time_that_yahoo_names_is_kept_where_it_is_longer_than_the_own_pause() -> None:
    for seconds, expected in ((120, 120), (30, 60), (10 * 86_400, 86_400)):
        pace = pause_after_limit(NEW, START, retry_after=timedelta(seconds=seconds))
        assert pause_of(pace, START) == expected
    pace = pause_after_limit(NEW, START)
    pace = pause_after_limit(pace, after(1), retry_after=timedelta(seconds=300))
    assert (pace.strikes, pause_of(pace, after(1))) == (1, 300)
    pace = pause_after_silence(pace, after(2), retry_after=timedelta(seconds=5))
    assert pause_of(pace, after(1)) == 300


def test_a_silence_that_names_a_time_pauses_at_once() -> None:
    pace = pause_after_silence(NEW, START, retry_after=timedelta(seconds=90))
    assert (pace.reason, pause_of(pace, START)) == (PauseReason.SILENT, 90)


def test_a_pause_into_another_day_names_the_day() -> None:
    pace = pause_after_limit(NEW, START, retry_after=timedelta(hours=13))
    with pytest.raises(PriceError, match=r"no request is sent before 2026-04-25 01:00:00 UTC\.$"):
        raise_if_paused(pace, after(8 * 3600).astimezone(ZoneInfo("Asia/Kolkata")))


def test_requests_of_one_probe_go_on_at_the_pace_and_those_of_others_wait() -> None:
    pace, wait = grant_request(pause_after_oddity(NEW, START), after(60), per_second=2.0)
    assert not is_granted(pace, after(61))
    assert wait == 0
    pace, wait = grant_request(pace, after(60.1), per_second=2.0, continues_probe=True)
    assert pace.mode is PaceMode.PROBING
    assert wait == pytest.approx(0.4)


def test_answers_that_are_not_understood_pause_for_a_minute_doubling_to_half_an_hour() -> None:
    pace, now, pauses = NEW, START, []
    for _ in range(7):
        pace = pause_after_oddity(pace, now)
        assert pause_after_oddity(pace, now) == pace
        pauses.append(pause_of(pace, now) / 60)
        now += timedelta(minutes=pauses[-1])
        pace, _ = grant_request(pace, now, per_second=1.0)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    with pytest.raises(PriceError, match=r"^Yahoo answers in a way this version does not understand: no request "):
        raise_if_paused(pause_after_oddity(pace, now), now)


@pytest.mark.parametrize("hours", [1, 24, 24 * 365])
def test_a_clock_that_was_set_back_makes_no_pause_and_no_turn_longer(hours: int) -> None:
    now = START - timedelta(hours=hours)
    for pause in (pause_after_limit, pause_after_oddity):
        pace = correct_after_clock_change(pause(NEW, START), now, per_second=1.0)
        assert (pause_of(pace, now), pace.paused_at) == (60, now)
        assert is_granted(pace, now + timedelta(seconds=60))
    turn = timedelta(seconds=9)
    pace = correct_after_clock_change(NEW, now, per_second=1.0, longest_turn=turn)
    assert pace.next_at == now + turn
    assert correct_after_clock_change(pace, now, per_second=1.0, longest_turn=turn) == pace
    slow = correct_after_clock_change(NEW, now, per_second=0.01, longest_turn=turn)
    assert slow.next_at == now + timedelta(seconds=120)


def test_a_clock_that_was_not_set_back_changes_nothing() -> None:
    turn = timedelta(seconds=9)
    far, _ = grant_request(Pace(START + turn), START, per_second=1.0, jitter=0.2)
    long = pause_after_limit(NEW, START, retry_after=timedelta(hours=24))
    for pace in (far, long):
        for now in (START, after(1), after(86_400)):
            assert correct_after_clock_change(pace, now, per_second=1.0, longest_turn=turn) == pace


@pytest.mark.parametrize("until", [timedelta(hours=30), timedelta(days=300)])
def test_a_pause_of_an_earlier_version_ends_within_a_day(until: timedelta) -> None:
    old = Pace(START, PaceMode.PAUSED, START + until, 1)
    assert pause_of(correct_after_clock_change(old, START, per_second=1.0), START) == 86_400


@given(st.lists(st.sampled_from(["ask", "ask", "limited", "silent", "odd", "answered", "minute"]), max_size=80))
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
            case "odd":
                pace = pause_after_oddity(pace, now)
            case "answered":
                pace = resume_after_success(pace)
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


def test_the_second_silence_in_a_row_stops_everybody_and_says_so() -> None:
    pace = silent(NEW, START, SILENCES_BEFORE_PAUSE - 1)
    assert is_granted(pace, START)
    assert silent(resume_after_success(pace), START, SILENCES_BEFORE_PAUSE - 1).mode is PaceMode.OPEN
    pace = pause_after_silence(pace, START)
    assert (pace.reason, pause_of(pace, START)) == (PauseReason.SILENT, 5)
    with pytest.raises(PriceError, match=r"^Yahoo cannot be reached: no request is sent before 12:00:05 UTC\.$"):
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
    pace = silent(resume_after_success(pace), now, SILENCES_BEFORE_PAUSE)
    assert pause_of(pace, now) == 5


def test_silence_at_the_end_of_a_limit_does_not_forget_the_limit() -> None:
    pace, _ = grant_request(pause_after_limit(NEW, START), after(60), per_second=1.0)
    pace = pause_after_silence(pace, after(61))
    assert (pace.reason, pause_of(pace, after(61))) == (PauseReason.LIMITED, 5)
    pace, _ = grant_request(pace, after(66), per_second=1.0)
    assert pause_of(pause_after_limit(pace, after(67)), after(67)) == 120


def test_a_source_that_falls_silent_after_a_limit_is_soon_asked_less() -> None:
    """The second probe in a row without an answer is a silence, and its pauses grow."""
    pace, now, pauses = pause_after_limit(NEW, START), after(60), []
    for _ in range(5):
        pace, _ = grant_request(pace, now, per_second=1.0)
        pace = pause_after_silence(pace, now)
        pauses.append((pace.reason, pause_of(pace, now)))
        now += timedelta(seconds=pauses[-1][1])
    assert pauses == [
        (PauseReason.LIMITED, 5),
        (PauseReason.SILENT, 5),
        (PauseReason.SILENT, 10),
        (PauseReason.SILENT, 20),
        (PauseReason.SILENT, 40),
    ]


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
