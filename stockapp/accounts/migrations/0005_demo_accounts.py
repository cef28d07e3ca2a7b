"""Mark demo accounts, and take from those that there are what they could read of other users."""

from django.contrib.auth.hashers import check_password
from django.db import migrations, models

SHOWN = {"analysis", "watchlist"}


def mark_demo_accounts(apps, schema_editor):
    """Mark the accounts that `load_demo` made: staff that may only view, with their name as their password."""
    for user in apps.get_model("accounts", "User").objects.filter(is_staff=True, is_superuser=False):
        rights = list(user.user_permissions.select_related("content_type"))
        only_views = all(each.codename.startswith("view_") and each.content_type.app_label in SHOWN for each in rights)
        if rights and only_views and check_password(user.username, user.password):
            user.user_permissions.remove(*(each for each in rights if each.content_type.app_label == "watchlist"))
            user.is_demo = True
            user.save(update_fields=["is_demo"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_capital_that_can_be_read_again")]

    operations = [
        migrations.AddField(
            "user",
            "is_demo",
            models.BooleanField(
                default=False,
                editable=False,
                help_text="Made by load_demo, with a password that everybody knows: it can log in only while DEBUG is on.",
                verbose_name="demo account",
            ),
        ),
        migrations.RunPython(mark_demo_accounts, migrations.RunPython.noop),
    ]
