"""Orphans: rows with a foreign key to a missing row; SQLite allows them while foreign keys are off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import CASCADE, Exists, ForeignKey, Model, OuterRef

from analysis.db import transactional
from analysis.upkeep.integrity.check import Check

BATCH = 500


@dataclass(frozen=True, slots=True)
class Orphan:
    """A row whose foreign key `field` refers to a missing row."""

    model: type[Model]
    field: "ForeignKey[Any, Any]"
    key: Any

    def __str__(self) -> str:
        return f"{self.model._meta.verbose_name} {self.key} ({self.field.name})"


def _find_orphans() -> list[Orphan]:
    return [
        Orphan(model, field, key)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey) and field.related_model is not None
        for key in _orphan_keys(model, field)
    ]


def _orphan_keys(model: type[Model], field: "ForeignKey[Any, Any]") -> list[Any]:
    there = field.remote_field.model._default_manager.filter(**{field.target_field.name: OuterRef(field.attname)})
    rows = model._default_manager.filter(~Exists(there), **{f"{field.attname}__isnull": False})
    return list(rows.order_by().values_list("pk", flat=True))


def _repair_orphans(wrong: Sequence[Orphan]) -> None:
    """Delete the rows that would have been deleted with the missing row, and set the foreign keys of others to null."""
    relations = dict.fromkeys((orphan.model, orphan.field) for orphan in wrong)
    for model, field in relations:
        keys = [orphan.key for orphan in wrong if (orphan.model, orphan.field) == (model, field)]
        for start in range(0, len(keys), BATCH):
            _repair_batch(model, field, keys[start : start + BATCH])


@transactional
def _repair_batch(model: type[Model], field: "ForeignKey[Any, Any]", keys: list[Any]) -> None:
    still = set(_orphan_keys(model, field)) & set(keys)
    rows = model._default_manager.filter(pk__in=still)
    if field.null and field.remote_field.on_delete is not CASCADE:
        rows.update(**{field.attname: None})
    else:
        rows.delete()


ORPHANS = Check(
    "orphans",
    "Rows that name a row which is not there, such as results of deleted stocks or jobs.",
    "Rows that cannot stand alone were deleted, the others name nothing now.",
    _find_orphans,
    _repair_orphans,
)
