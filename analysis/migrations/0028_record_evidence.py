"""Add the tests of a record. An earlier version finds the interval of the hit rate that it reads, and no partial one."""

from math import sqrt

from django.db import migrations, models

Z_95 = 1.959963984540054


def forget_partial_records(apps, schema_editor):
    """Let a computation that was interrupted begin again: the other version stores its part in another form."""
    apps.get_model('analysis', 'StrategyRecord').objects.update(cursor='', partial=None)


def restore_intervals(apps, schema_editor):
    """Give each side of a record the Wilson interval of its hit rate."""
    forget_partial_records(apps, schema_editor)
    for record in apps.get_model('analysis', 'StrategyRecord').objects.exclude(summary=None):
        for side in (record.summary['long'], record.summary['short']):
            if 'message' not in side:
                side['hit_interval'] = wilson_interval(side['hit_rate'], side['count'])
        record.save(update_fields=['summary'])


def wilson_interval(rate, count):
    square = Z_95**2
    middle, scale = rate + square / (2 * count), 1 + square / count
    spread = Z_95 * sqrt(rate * (1 - rate) / count + square / (4 * count**2))
    return [max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0)]


class Migration(migrations.Migration):

    dependencies = [
        ('analysis', '0027_weekly_verdicts'),
    ]

    operations = [
        migrations.AddField(
            model_name='strategyrecord',
            name='evidence',
            field=models.JSONField(blank=True, help_text='The tests of the signals and of the verdicts.', null=True),
        ),
        migrations.AddField(
            model_name='strategyrecord',
            name='problem',
            field=models.CharField(blank=True, default='', help_text='Why the last computation failed.', max_length=300),
            preserve_default=False,
        ),
        migrations.RunPython(forget_partial_records, restore_intervals),
    ]
