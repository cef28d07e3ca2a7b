"""Times: the inequalities that the docstring of `Timing` states hold for every lease that the environment allows."""

from datetime import timedelta

import pytest
from django.conf import settings

from analysis.timing import Timing
from stockapp.environment import Environment

RULES = Environment.model_fields["lease_seconds"].metadata
(SHORTEST,), (LONGEST,) = ([getattr(rule, name) for rule in RULES if hasattr(rule, name)] for name in ("ge", "le"))


@pytest.mark.parametrize("seconds", [SHORTEST, SHORTEST + 1, settings.LEASE_SECONDS, 90, 600, LONGEST])
def test_times_that_follow_from_a_lease_keep_their_order(seconds: int) -> None:
    t = Timing(timedelta(seconds=seconds))
    longest_stock = 3 * t.longest_turn + 2 * t.ticker_timeout
    assert t.longest_stock == longest_stock
    assert t.renewal_age + longest_stock <= t.lease
    assert t.slice + longest_stock < timedelta(seconds=seconds * 4 // 3)  # Q_CLUSTER's timeout, as settings derive it
    assert t.watch_interval < t.recovery_interval < t.stalled_after == t.wedged_after < t.lease < t.long_expired
    assert t.stalled_after < t.stall_notice_after < t.lease
    assert t.sending < t.lease
    assert t.planned_interval <= t.recovery_interval
    assert timedelta() < t.turn_head_start < t.longest_turn
