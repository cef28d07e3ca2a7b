from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("analysis", "0012_stock_named_by"),
    ]

    operations = [
        migrations.AddField(
            model_name="strategyrecord",
            name="fence",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.RenameField(model_name="strategyrecord", old_name="wanted_at", new_name="requested_at"),
        migrations.RenameField(model_name="pricehistory", old_name="asked_since", new_name="requested_since"),
        migrations.AlterField(
            model_name="strategyrecord",
            name="requested_at",
            field=models.DateTimeField(
                blank=True, help_text="When a refresh was requested; empty when done.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="strategyrecord",
            name="woken_at",
            field=models.DateTimeField(
                blank=True, help_text="When a refresh without progress was last woken.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="pricehistory",
            name="requested_since",
            field=models.DateField(help_text="The first day of the last full request to the source."),
        ),
        migrations.RemoveIndex(model_name="ending", name="ending_untold"),
        migrations.RenameField(model_name="ending", old_name="told_at", new_name="notified_at"),
        migrations.AddIndex(
            model_name="ending",
            index=models.Index(
                models.F("created_at"), condition=models.Q(notified_at__isnull=True), name="ending_pending"
            ),
        ),
    ]
