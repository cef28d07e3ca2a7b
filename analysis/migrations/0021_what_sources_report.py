from django.db import migrations, models


def forget_traded_prices(apps, schema_editor):
    """Earlier versions take traded prices with dividends for damaged; without any they fetch them again."""
    apps.get_model('analysis', 'PriceHistory').objects.exclude(traded=None).update(traded=None)


class Migration(migrations.Migration):

    dependencies = [
        ("analysis", "0020_missing_and_faulty_sessions"),
    ]

    operations = [
        migrations.AddField(
            model_name='pricehistory',
            name='about',
            field=models.JSONField(blank=True, db_default={}, default=dict, help_text='What the source last said of the instrument: StockMetadata.as_dict.'),
        ),
        migrations.AlterField(
            model_name='pricehistory',
            name='traded',
            field=models.BinaryField(blank=True, help_text='Unadjusted closes, splits and dividends, if the source has them.', null=True),
        ),
        migrations.RunPython(migrations.RunPython.noop, forget_traded_prices),
    ]
