"""Template tag: the digest's card, for the account page."""

from typing import Any

from django import template

from stockapp.digest.page import card_of

register = template.Library()


@register.inclusion_tag("digest/card.html", takes_context=True)
def digest_card(context: dict[str, Any]) -> dict[str, Any]:
    return {"card": card_of(context["user"])}
