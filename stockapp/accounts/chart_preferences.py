"""Chart preferences: the indicators that a user's charts show."""

from analysis.catalogue.indicator import ChartIndicator
from analysis.catalogue.offered import read_chart_indicators
from analysis.db import transactional
from analysis.rejections import RequestRejected
from stockapp.accounts.models import User

MOST = 8


@transactional
def show_indicator(user_id: int, indicator: ChartIndicator, instead_of: str = "") -> list[ChartIndicator]:
    """Put an indicator on the user's charts, last or in the place of another (by slug). Return all of them.

    Raise RequestRejected if it is there already, or if there are MOST, beyond which the chart is unreadable.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    choices = read_chart_indicators(user.chart_indicators)
    slugs = [choice.slug for choice in choices]
    if indicator.slug == instead_of and indicator.slug in slugs:
        return choices
    if indicator.slug in slugs:
        raise RequestRejected(f"{indicator.label} is on the chart already.")
    if instead_of in slugs:
        choices[slugs.index(instead_of)] = indicator
    elif len(choices) >= MOST:
        raise RequestRejected(f"A chart shows {MOST} indicators at most; remove one first.")
    else:
        choices.append(indicator)
    user.chart_indicators = [choice.as_dict() for choice in choices]
    user.save(update_fields=["chart_indicators"])
    return choices


@transactional
def hide_indicator(user_id: int, slug: str) -> list[ChartIndicator]:
    """Remove an indicator (by slug) from the user's charts, if it is there. Return the remaining ones."""
    user = User.objects.select_for_update().get(pk=user_id)
    choices = [choice for choice in read_chart_indicators(user.chart_indicators) if choice.slug != slug]
    user.chart_indicators = [choice.as_dict() for choice in choices]
    user.save(update_fields=["chart_indicators"])
    return choices
