"""Sparklines: a few closes as a small line, drawn on the server, with a sentence for readers who cannot see it."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from stockapp.templatetags.formats import MISSING, direction, percent

register = template.Library()

WIDTH, HEIGHT, EDGE = 84, 26, 3


@register.simple_tag
def sparkline(closes: Sequence[float]) -> SafeString | str:
    """Return the closes, oldest first, as a line from their lowest to their highest; empty for fewer than two."""
    if len(closes) < 2:
        return MISSING
    low, high = min(closes), max(closes)
    step, scale = (WIDTH - 2 * EDGE) / (len(closes) - 1), (HEIGHT - 2 * EDGE) / ((high - low) or 1)
    points = [(EDGE + place * step, HEIGHT - EDGE - (close - low) * scale) for place, close in enumerate(closes)]
    change = 100 * (closes[-1] / closes[0] - 1) if closes[0] else None
    return format_html(
        '<svg class="sparkline {}" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        '<title>{}</title><polyline points="{}"/><circle cx="{}" cy="{}" r="2"/></svg>',
        direction(change),
        *(WIDTH, HEIGHT, WIDTH, HEIGHT),
        sentence := f"{percent(change)} in {len(closes)} sessions",
        sentence,
        " ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        *(f"{place:.1f}" for place in points[-1]),
    )
