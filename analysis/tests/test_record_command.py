"""The command of the track record: its table, its answer and its JSON."""

import json

import pytest

from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import RecordEvidence
from analysis.engine.verdict import Side
from analysis.models import StrategyRecord
from analysis.pages.record_sentences import describe_kind
from analysis.tests.make import make_finished_job
from analysis.tests.test_commands import run

pytestmark = pytest.mark.django_db


def test_the_table_has_a_test_and_a_sentence_for_each_kind_and_ends_with_the_answer() -> None:
    make_finished_job("KAVERI.DEMO", "QUILLMERE.DEMO")
    out, _, code = run("track_record")
    head, *lines = out.splitlines()
    assert code == 0
    assert head.split() == ["strategy", "side", "trades", "effect", "95%", "interval", "visible", "p"]
    assert [tuple(line.split()[:2]) for line in lines[:10]] == [(key, side) for key in STRATEGIES for side in Side]
    evidence = StrategyRecord.objects.get(strategy="trend").unpack_evidence()
    assert evidence is not None
    kind = evidence.kind(Side.LONG)
    assert lines[2].split()[2] == str(kind.trades)
    assert lines[2].split()[3] == ("–" if kind.effect is None else f"{100 * kind.effect:+.2f}%")
    assert lines[2].endswith(f"  {describe_kind(kind, evidence.sessions)}")
    assert "10 signal types compared; the tests allow for that." in lines[10]
    assert lines[11].startswith("2 stocks up to ")


def test_a_history_that_is_too_short_is_said_of_each_kind_and_of_all() -> None:
    make_finished_job("NAVANKURA.DEMO")
    out, _, _ = run("track_record")
    assert out.count("–") == 10 * 4
    assert out.count("Not enough history: 43 trading days, 750 needed.") == 11


def test_one_strategy_gives_no_answer_about_all() -> None:
    make_finished_job("KAVERI.DEMO")
    out, _, _ = run("track_record", "--strategy", "swing")
    assert len(out.splitlines()) == 4
    assert "signal types compared" not in out


def test_the_json_has_the_evidence() -> None:
    make_finished_job("KAVERI.DEMO")
    [row] = json.loads(run("track_record", "--strategy", "trend", "--json")[0])
    stored = StrategyRecord.objects.get(strategy="trend")
    assert RecordEvidence.from_dict(row["evidence"]) == stored.unpack_evidence()
    assert "hit_interval" not in row["long"]
