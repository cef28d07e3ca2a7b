"""Record sentences: the answers of a track record in plain words, for the page, the API and the command line.

A claim comes from the adjusted tests alone, never from a hit rate, a win rate or a mean return.
"""

from collections.abc import Iterable, Sequence

from analysis.engine.record_summary import TRADES_NEEDED
from analysis.engine.significance.calibration import BandCalibration, Calibration, HorizonCalibration
from analysis.engine.significance.family import SESSIONS_NEEDED, SIGNIFICANCE, Judgement, KindResult
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import RecordEvidence
from stockapp.grouping import group_digits

NO_DIFFERENCE = "No different from entering on any other day."
NO_STRATEGY_DIFFERENT = "No strategy’s signals did better or worse than entering the same stocks on any other day."
COMPARISON_FOLLOWS = "The comparison follows with the next calculation."
NO_VERDICT_DIFFERENT = "No verdict was followed by higher closes more or less often than expected."
DO_NOT_CHOOSE = (
    "Near 50% they cannot be ranked, and the number is very uncertain: on simulated markets without any "
    "skill it lies anywhere between about 10% and 90%. Do not choose a strategy by this record."
)


def describe_kind(kind: KindResult, sessions: int) -> str:
    """Return what the tests say of one kind of signals, over a calendar of `sessions` sessions."""
    match kind.judgement:
        case Judgement.DIFFERENT:
            return f"Earned {_difference(kind)} a trade than entering on any other day."
        case Judgement.NO_DIFFERENCE:
            return NO_DIFFERENCE
        case Judgement.NOT_ENOUGH_TRADES:
            return f"Not enough trades: {kind.trades}, {TRADES_NEEDED} needed."
        case Judgement.NOT_ENOUGH_HISTORY:
            return _describe_short_history(sessions)


def describe_records(records: Sequence[RecordEvidence]) -> str:
    """Return what the tests say of all strategies, in one sentence."""
    kinds = _kinds(records)
    different = [kind for kind in kinds if kind.judgement is Judgement.DIFFERENT]
    judged = [kind for kind in kinds if _is_judged(kind)]
    if not kinds:
        return COMPARISON_FOLLOWS
    if different:
        named = _join(_with_name(kind, kind is different[0]) for kind in different)
        return f"{named} a trade than entering on any other day."
    if judged:
        return NO_STRATEGY_DIFFERENT if len(judged) == _looks(records) else _describe_some(len(judged))
    if all(kind.judgement is Judgement.NOT_ENOUGH_TRADES for kind in kinds):
        return f"Not enough trades: {TRADES_NEEDED} of a signal type are needed."
    return _describe_short_history(max(record.sessions for record in records))


def describe_looks(records: Sequence[RecordEvidence]) -> str:
    """Return how many kinds were looked at and what the sentence about all leaves out; empty if none is judged."""
    kinds = _kinds(records)
    judged = [kind for kind in kinds if _is_judged(kind)]
    if not judged:
        return ""
    no_difference = sum(kind.judgement is Judgement.NO_DIFFERENCE for kind in judged)
    sentences = [f"{_looks(records)} signal types compared; the tests allow for that."]
    if 0 < no_difference < len(judged):
        sentences.append(f"{no_difference} of them {'was' if no_difference == 1 else 'were'} no different.")
    if len(judged) < len(kinds):
        sentences.append(f"{len(kinds) - len(judged)} of them cannot be judged yet.")
    return " ".join(sentences)


def describe_overfitting(probability: float | None) -> str:
    """Return what the probability of overfitting means."""
    if probability is None:
        return "Not enough history to say whether the best signal type is the best later, too."
    first = "Probability that the best signal type of the past is not better than most others afterwards"
    return f"{first}: {100 * probability:.0f}%. {DO_NOT_CHOOSE}"


def describe_listed(record: RecordEvidence) -> str:
    """Return how many stocks of a record are still traded."""
    listed, stocks = group_digits(str(record.listed)), group_digits(str(record.stocks))
    return f"{listed} of {stocks} stock{' is' if record.stocks == 1 else 's are'} still listed."


def describe_calibration(calibration: Calibration) -> str:
    """Return which verdicts differ from their shifts; empty if there is not enough history to compare any."""
    bands = [(horizon, band) for horizon in calibration.horizons for band in horizon.bands]
    tested = [pair for pair in bands if pair[1].p is not None and pair[1].count >= TRADES_NEEDED]
    different = [pair for pair in tested if (pair[1].p or 0.0) < SIGNIFICANCE]
    if not different:
        return NO_VERDICT_DIFFERENT if tested else ""
    return f"Higher closes came {_join(_compare(band, horizon.sessions) for horizon, band in different)} than expected."


def describe_band(band: BandCalibration, sessions: int) -> str:
    """Return how often the price stood higher after one verdict, and how often it does when that is shifted."""
    if band.share is None or band.count < TRADES_NEEDED:
        return f"{band.verdict.label}: not enough cases ({group_digits(str(band.count))})."
    share = _percent(band.share)
    start = f"After a {band.verdict.label} the price stood higher {sessions} days later in {share} of cases"
    if band.expected is None:
        return f"{start}; there is not enough history to compare that."
    return f"{start}; expected: {_percent(band.expected)}."


def describe_brier(horizon: HorizonCalibration) -> str:
    """Return how well the verdicts of the earlier history forecast the later one; empty without both."""
    if horizon.brier is None or horizon.brier_of_base_rate is None:
        return ""
    end = "no better than" if horizon.brier >= horizon.brier_of_base_rate else "not tested against"
    return f"Brier score {horizon.brier:.4f}, {end} the base rate alone ({horizon.brier_of_base_rate:.4f})."


def format_p(p: float | None) -> str:
    """Return a p as a table shows it: 0.032, <0.001; a dash if there is none."""
    if p is None:
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _kinds(records: Sequence[RecordEvidence]) -> list[KindResult]:
    return [kind for record in records for kind in record.kinds]


def _looks(records: Sequence[RecordEvidence]) -> int:
    return max((record.looks for record in records), default=0)


def _is_judged(kind: KindResult) -> bool:
    return kind.judgement in {Judgement.DIFFERENT, Judgement.NO_DIFFERENCE}


def _describe_some(count: int) -> str:
    subject = "The one signal type" if count == 1 else f"The {count} signal types"
    return f"{subject} that can be judged did no better or worse than entering the same stocks on any other day."


def _describe_short_history(sessions: int) -> str:
    if sessions < SESSIONS_NEEDED:
        return f"Not enough history: {sessions} trading days, {SESSIONS_NEEDED} needed."
    return "Not enough history: the trades lie too close together in time to be compared."


def _with_name(kind: KindResult, is_first: bool) -> str:
    name = f"{STRATEGIES[kind.strategy].name} ({kind.side})"
    return f"{name} {'earned ' if is_first else ''}{_difference(kind)}"


def _difference(kind: KindResult) -> str:
    effect = kind.effect or 0.0
    return f"{_percent(abs(effect))} {'more' if effect > 0 else 'less'}"


def _compare(band: BandCalibration, sessions: int) -> str:
    is_more = (band.share or 0.0) > (band.expected or 0.0)
    return f"{'more' if is_more else 'less'} often {sessions} days after a {band.verdict.label}"


def _percent(part: float) -> str:
    return f"{100 * part:.1f}%"


def _join(parts: Iterable[str]) -> str:
    """Return parts, at least one, as a list in a sentence: a, b and c."""
    *rest, last = parts
    return f"{', '.join(rest)} and {last}" if rest else last
