"""Store each signal of a session once: labels, kinds, weights, sentences and parameters are the engine's."""

import re

from django.db import migrations

from analysis.engine.evidence import read_evidence
from analysis.engine.indicators import INDICATORS
from analysis.engine.strategies import STRATEGIES

BATCH = 500
ABSTENTIONS = re.compile(r'(\d+) components? abstains? (.+)\.')
NO_VOLUME, NO_BARS = 'because the traded volume is not known', 'for lack of bars'
REPLACED = {'components', 'changes', 'previous_score', 'verdict_since', 'findings', 'parameters', 'fingerprints'}
NEW = {'signals', 'before', 'unavailable'}


def store_signals_once(apps, schema_editor):
    """Rewrite the evidence of earlier versions, and move the score of the session before to its strategy's rating.

    Rows of any other form are left alone. The fingerprints go: those of each run are in its details.
    """
    ratings, evidence = apps.get_model('analysis', 'Rating').objects, apps.get_model('analysis', 'RawData').objects
    for rows in batches(evidence):
        old = {row.pk: row.evidence for row in rows if is_of_earlier_versions(row.evidence)}
        rated = []
        for rating in ratings.filter(result__in=old):
            stored = old[rating.result_id]
            if (stored.get('parameters') or {}).get('strategy', rating.strategy) == rating.strategy:
                rating.previous_score = stored.get('previous_score')
                rating.verdict_since = rating.verdict_since or stored.get('verdict_since')
                rated.append(rating)
        update(ratings, rated, ['previous_score', 'verdict_since'])
        update(evidence, [with_evidence(row, once(row.evidence)) for row in rows if row.pk in old], ['evidence'])


def batches(evidence):
    """Yield the rows by key, some hundred at a time, so that no table is too large for memory."""
    last = 0
    while rows := list(evidence.filter(pk__gt=last).order_by('pk')[:BATCH]):
        yield rows
        last = rows[-1].pk


def is_of_earlier_versions(evidence):
    if not isinstance(evidence, dict) or NEW & evidence.keys():
        return False
    parts = [part for name in ('components', 'changes') for part in evidence.get(name) or []]
    return all(isinstance(part, dict) and isinstance(part.get('key'), str) for part in parts)


def once(evidence):
    components = evidence.get('components') or []
    silent = [part['key'] for part in components if part.get('vote') is None]
    return {
        'signals': {part['key']: [part.get('value'), part.get('vote')] for part in components},
        'before': {part['key']: part.get('before') for part in evidence.get('changes') or []},
        'unavailable': share_out(silent, evidence.get('findings') or []),
        **{name: value for name, value in evidence.items() if name not in REPLACED},
    }


def share_out(keys, findings):
    """Return the keys without a signal by reason, of which the findings say only how many each has.

    Those that need a volume are the ones without it, those that need most bars the ones without them; the others have
    the other reasons in order. Counts that do not add up mean a lack of bars.
    """
    found = (ABSTENTIONS.fullmatch(sentence) for sentence in findings if isinstance(sentence, str))
    counts = {match[2]: int(match[1]) for match in found if match}
    if sum(counts.values()) != len(keys):
        return {NO_BARS: keys} if keys else {}
    shares, left = {}, keys
    for reason in sorted(counts, key=lambda reason: (reason != NO_VOLUME, reason != NO_BARS, reason)):
        likeliest = sorted(left, key=lambda key: unlikelihood(key, reason))[:counts[reason]]
        shares[reason] = [key for key in left if key in likeliest]
        left = [key for key in left if key not in likeliest]
    return dict(sorted(shares.items()))


def unlikelihood(key, reason):
    indicator = INDICATORS.get(key)
    if indicator is None:
        return 0
    return {NO_VOLUME: -indicator.needs_volume, NO_BARS: -indicator.bars_needed}.get(reason, 0)


def store_signals_by_strategy(apps, schema_editor):
    """Rebuild the evidence of earlier versions by the rating that a result keeps on the way back to them.

    It has the engine's present labels, weights and parameters, and no fingerprints.
    """
    ratings = apps.get_model('analysis', 'Rating').objects.filter(score__isnull=False).order_by('strategy')
    evidence = apps.get_model('analysis', 'RawData').objects
    for rows in batches(evidence.select_related('result__job')):
        by_result = {}
        for rating in ratings.filter(result__in=[row.pk for row in rows]):
            by_result.setdefault(rating.result_id, {})[rating.strategy] = rating
        rebuilt = []
        for row in rows:
            scored = by_result.get(row.pk, {})
            kept = scored.get(row.result.job.strategy) or next(iter(scored.values()), None)
            if isinstance(row.evidence, dict) and NEW <= row.evidence.keys() and kept and is_whole(row.evidence, kept):
                rebuilt.append(with_evidence(row, by_strategy(row, kept)))
        update(evidence, rebuilt, ['evidence'])


def is_whole(evidence, rating):
    """Return whether evidence has every signal of a rating's strategy, or none: a part cannot be weighed."""
    signals = evidence['signals']
    return rating.strategy in STRATEGIES and (not signals or signals.keys() >= STRATEGIES[rating.strategy].weights.keys())


def by_strategy(row, rating):
    strategy = STRATEGIES[rating.strategy]
    parts = read_evidence(row.evidence, strategy, row.result.bar_count).as_dict()
    since, previous = rating.verdict_since, rating.previous_score
    return {
        'components': parts['components'],
        'changes': parts['changes'],
        'previous_score': None if previous is None else float(f'{previous:.6g}'),
        'verdict_since': since and since.isoformat(),
        'findings': parts['findings'],
        'parameters': strategy.parameters(),
        **{name: value for name, value in row.evidence.items() if name not in NEW},
    }


def with_evidence(row, evidence):
    row.evidence = evidence
    return row


def update(objects, rows, fields):
    """Write some fields of stored rows; an upsert is faster than `bulk_update`."""
    key = objects.model._meta.pk.name
    objects.bulk_create(rows, update_conflicts=True, unique_fields=[key], update_fields=fields)


class Migration(migrations.Migration):

    dependencies = [
        ('analysis', '0025_ratings'),
    ]

    operations = [
        migrations.RunPython(store_signals_once, store_signals_by_strategy),
    ]
