from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Count, Exists, OuterRef, Q

MOST_REFUSALS = 3


def doubt_unknown_tickers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A stock that is on no list, and that nobody ever had a price or a result of, was only typed by somebody."""
    Stock = apps.get_model("analysis", "Stock")
    of_stock = {"stock": OuterRef("pk")}
    is_known = (
        Exists(apps.get_model("analysis", "PriceHistory").objects.filter(**of_stock))
        | Exists(apps.get_model("analysis", "Result").objects.filter(status="completed", **of_stock))
        | Exists(apps.get_model("analysis", "IndexMember").objects.filter(**of_stock))
    )
    unknown = Stock.objects.filter(~is_known, last_result=None).exclude(pk__endswith=".DEMO")
    refused = Q(details__error_kind="unknown_ticker")
    for ticker, refusals in unknown.annotate(told=Count("details", filter=refused)).values_list("pk", "told"):
        Stock.objects.filter(pk=ticker).update(is_confirmed=False, refusals=min(refusals, MOST_REFUSALS))


class Migration(migrations.Migration):

    dependencies = [
        ("analysis", "0009_limits_and_unconfirmed_stocks"),
    ]

    operations = [
        migrations.RunPython(doubt_unknown_tickers, migrations.RunPython.noop),
    ]
