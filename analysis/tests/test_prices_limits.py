"""The time that limits cost, by a simulated clock: every job ends within its deadline, an hour and 20 s per stock."""

from itertools import pairwise

import pytest

from tests.simulated_clock import SCENES, SimulatedClock, SimulatedServer, fetch_stocks


def deadline_of(stocks: int) -> float:
    return 3600 + 20 * stocks


@pytest.mark.parametrize("stocks", [60, 1000])
@pytest.mark.parametrize("scene", SCENES)
def test_a_job_ends_within_its_deadline_in_any_weather(scene: str, stocks: int) -> None:
    server = SimulatedServer(SimulatedClock(), **SCENES[scene])
    seconds = fetch_stocks(server, stocks)
    assert seconds < deadline_of(stocks), f"{seconds:,.0f} s, {server.requests} requests"


@pytest.mark.parametrize("stocks", [60, 1000])
def test_a_limit_that_a_probe_ends_at_once_costs_one_first_pause(stocks: int) -> None:
    """Each seventh request cost 60 stocks three hours when every limit doubled the pause of the one before."""
    server = SimulatedServer(SimulatedClock(), limited_each=7)
    seconds = fetch_stocks(server, stocks)
    limits = server.requests - stocks
    assert limits == pytest.approx(stocks / 6, abs=1)
    assert seconds < 62 * limits + 1.6 * stocks
    assert seconds < 20 * stocks


@pytest.mark.parametrize("scene", SCENES)
def test_requests_keep_the_pace_in_any_weather(scene: str) -> None:
    server = SimulatedServer(SimulatedClock(), **SCENES[scene])
    fetch_stocks(server, 300)
    assert min(later - earlier for earlier, later in pairwise(server.times)) >= 1.0


def test_ten_minutes_of_limits_cost_few_requests() -> None:
    server = SimulatedServer(SimulatedClock(), limited_minutes_an_hour=10)
    fetch_stocks(server, 60)
    assert server.requests <= 60 + 5
