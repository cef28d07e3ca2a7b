from django.db import migrations, models


def note_serials(apps, schema_editor):
    """Confirmation messages of before are taken for those of the subscription of now."""
    waiting = apps.get_model("digest", "Message").objects.filter(job__isnull=True)
    serials = apps.get_model("digest", "Subscription").objects.filter(user=models.OuterRef("user"))
    waiting.update(serial=models.Subquery(serials.values("serial")))


class Migration(migrations.Migration):

    dependencies = [
        ("digest", "0002_confirmed_addresses"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="serial",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.RunPython(note_serials, migrations.RunPython.noop),
    ]
