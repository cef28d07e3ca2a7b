"""Chart: which indicators a user's charts show."""

from analysis.catalogue import Chosen, kept_choices
from analysis.db import transactional
from analysis.rejections import RequestRejected
from stockapp.accounts.models import User

MOST = 8


@transactional
def show_indicator(user_id: int, chosen: Chosen, instead_of: str = "") -> list[Chosen]:
    """Put an indicator on the user's charts, last or in the place of another (by slug); all of them.

    RequestRejected where it is there already, or with so many that the chart could not be read.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    choices = kept_choices(user.chart_indicators)
    slugs = [choice.slug for choice in choices]
    if chosen.slug == instead_of and chosen.slug in slugs:
        return choices
    if chosen.slug in slugs:
        raise RequestRejected(f"{chosen.label} is on the chart already.")
    if instead_of in slugs:
        choices[slugs.index(instead_of)] = chosen
    elif len(choices) >= MOST:
        raise RequestRejected(f"A chart shows {MOST} indicators at most; remove one first.")
    else:
        choices.append(chosen)
    user.chart_indicators = [choice.as_dict() for choice in choices]
    user.save(update_fields=["chart_indicators"])
    return choices


@transactional
def hide_indicator(user_id: int, slug: str) -> list[Chosen]:
    """Take an indicator (by slug) off the user's charts, if it is there; those that are left."""
    user = User.objects.select_for_update().get(pk=user_id)
    choices = [choice for choice in kept_choices(user.chart_indicators) if choice.slug != slug]
    user.chart_indicators = [choice.as_dict() for choice in choices]
    user.save(update_fields=["chart_indicators"])
    return choices
