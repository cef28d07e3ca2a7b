"""System checks: settings that must agree. Those of the lease's times are in `analysis.timing`."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from analysis.calendars.notice import calendar_notice
from analysis.prices.pace import JITTER


@register()
def a_job_can_be_fetched_before_its_deadline(**_: Any) -> list[CheckMessage]:
    """Return a warning if the pace is slower than a deadline allows each stock: large jobs would be cancelled."""
    if settings.REQUESTS_PER_SECOND * settings.DEADLINE_SECONDS_PER_STOCK > 1 + JITTER:
        return []
    sentence = "DEADLINE_SECONDS_PER_STOCK leaves less time for a stock than REQUESTS_PER_SECOND takes to fetch it."
    return [Warning(sentence, id="analysis.W002")]


@register()
def one_user_cannot_fill_the_queue(**_: Any) -> list[CheckMessage]:
    """Return an error if the waiting stocks of one user could fill the queue for all others."""
    for_users = settings.MAX_WAITING_STOCKS - settings.RESERVED_WAITING_STOCKS
    if for_users > settings.MAX_WAITING_STOCKS_PER_USER:
        return []
    sentence = (
        f"MAX_WAITING_STOCKS_PER_USER is {settings.MAX_WAITING_STOCKS_PER_USER} and must be less than "
        f"MAX_WAITING_STOCKS without RESERVED_WAITING_STOCKS, which is {for_users}: one user could fill the queue."
    )
    return [Error(sentence, id="analysis.E003")]


@register(deploy=True)
def calendars_reach_into_the_future(**_: Any) -> list[CheckMessage]:
    """Return a warning if the holidays of exchanges with stocks are known for less than a month ahead.

    There is none without a database to ask which exchanges have stocks, as where an image is built.
    """
    try:
        sentence = calendar_notice(timezone.localdate())
    except (DatabaseError, InterfaceError):
        return []
    hint = "Load the list that the exchange publishes each December: `manage.py load_holidays FILE`."
    return [Warning(sentence, hint=hint, id="analysis.W001")] if sentence else []
