from django.db import migrations, models


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
    ]
