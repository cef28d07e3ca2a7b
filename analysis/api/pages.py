"""Pages of a list: the next page begins after an opaque cursor of the last one, so that new rows shift no page."""

import uuid
from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import Any

from django.core import signing
from django.db.models import Model, Q, QuerySet
from ninja import Field, Schema

from analysis.api.problems import InvalidInput


class PageQuery(Schema):
    cursor: str = Field("", max_length=1000, description="The `next` of the page before; empty for the first page.")
    limit: int = Field(50, ge=1, le=200, description="How many items a page has at most.")


class Page[Item](Schema):
    """A part of a list; `next` is the cursor of what follows, null at the end."""

    items: list[Item]
    next: str | None


def page_of[M: Model](rows: QuerySet[M], paging: PageQuery, *order: str) -> dict[str, Any]:
    """Return one `Page` of rows in this order, `-` for descending: fields that are never null and together unique.

    One query. Raise InvalidInput for a cursor that is not of this list.
    """
    salt = f"api.{rows.model._meta.label_lower}:{','.join(order)}"
    if paging.cursor:
        rows = rows.filter(_rows_after(order, _read_cursor(paging.cursor, salt, len(order))))
    fetched = list(rows.order_by(*order)[: paging.limit + 1])
    items = fetched[: paging.limit]
    return {"items": items, "next": _write_cursor(items[-1], order, salt) if len(fetched) > paging.limit else None}


def _write_cursor(row: Model, order: Sequence[str], salt: str) -> str:
    place = [attrgetter(field.lstrip("-").replace("__", "."))(row) for field in order]
    return signing.dumps([str(value) if isinstance(value, date | uuid.UUID) else value for value in place], salt=salt)


def _read_cursor(cursor: str, salt: str, length: int) -> list[Any]:
    try:
        place = signing.loads(cursor, salt=salt)
    except signing.BadSignature:
        raise InvalidInput({"cursor": ["This cursor is not of this list; begin without one."]}) from None
    assert len(place) == length  # noqa: S101
    return list(place)


def _rows_after(order: Sequence[str], place: Sequence[Any]) -> Q:
    """Return the condition of the rows after this place; its first part follows from the rest, and uses an index."""
    names, beyond = [field.lstrip("-") for field in order], ["lt" if field[0] == "-" else "gt" for field in order]
    behind = Q()
    for n, value in enumerate(place):
        same = Q(**dict(zip(names[:n], place, strict=False)))
        behind |= same & Q(**{f"{names[n]}__{beyond[n]}": value})
    return Q(**{f"{names[0]}__{beyond[0]}e": place[0]}) & behind
