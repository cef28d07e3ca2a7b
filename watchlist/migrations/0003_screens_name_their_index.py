from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def name_indexes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Screens had the key of an index, which is another one when the index is deleted and loaded again."""
    indexes = apps.get_model("analysis", "Index").objects.values_list("pk", "name")
    replace_indexes(apps, {str(pk): name for pk, name in indexes})


def number_indexes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    indexes = apps.get_model("analysis", "Index").objects.values_list("pk", "name")
    replace_indexes(apps, {name: str(pk) for pk, name in indexes})


def replace_indexes(apps: Apps, values: Mapping[str, str]) -> None:
    """Replace the values of `index` in stored addresses. One that is not known stays, and the page says so."""
    screens = apps.get_model("watchlist", "Screen").objects
    longest = screens.model._meta.get_field("query").max_length
    for screen in screens.filter(query__contains="index="):
        pairs = parse_qsl(screen.query, keep_blank_values=True)
        query = urlencode([(name, values.get(value, value) if name == "index" else value) for name, value in pairs])
        if len(query) <= longest:
            screens.filter(pk=screen.pk).update(query=query)


class Migration(migrations.Migration):

    dependencies = [
        ("analysis", "0012_stock_named_by"),
        ("watchlist", "0002_saved_screens"),
    ]

    operations = [
        migrations.RunPython(name_indexes, number_indexes),
    ]
