"""The quality gate: what it repairs, what it notices, what it refuses, and what it leaves alone."""

import csv
import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.engine.bars import Bars, Floats
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.instruments import exchange_of, instrument_of
from analysis.prices.port import PriceError, PriceErrorKind
from analysis.prices.quality import check_bars, trim_to_closed
from analysis.prices.sessions import sessions_between

EVENING = datetime(2026, 4, 24, 20, 0, tzinfo=ZoneInfo("Asia/Kolkata"))  # a Friday, after the close in India
TODAY = EVENING.date()
TICKER = "TCS.NS"
NAN = float("nan")


def make_bars(count: int = 20, until: date = TODAY, ticker: str = TICKER) -> Bars:
    """Sound bars of the last `count` sessions of the ticker's exchange, with writable columns."""
    sessions = np.array(sessions_between(exchange_of(ticker), date(2019, 1, 1), until)[-count:], dtype="datetime64[D]")
    close = np.array([100.0 + row % 7 for row in range(count)])
    return Bars(sessions, close - 0.5, close + 1.0, close - 1.0, close, np.full(count, 1000.0))


def with_rows(bars: Bars, *rows: tuple[date, float, float]) -> Bars:
    """The bars and further rows of (day, price, volume), in the order of their days, later rows of a day last."""
    days, prices, volumes = (np.array(column) for column in zip(*rows, strict=True))
    session = np.concatenate([bars.session, days.astype("datetime64[D]")])
    order = np.argsort(session, kind="stable")
    open_, high, low, close = (
        np.concatenate([column, prices])[order] for column in (bars.open, bars.high, bars.low, bars.close)
    )
    return Bars(session[order], open_, high, low, close, np.concatenate([bars.volume, volumes])[order])


def checked(bars: Bars, now: datetime = EVENING, ticker: str = TICKER, adjusted: bool = True) -> CheckedBars:
    result = check_bars(bars, instrument=instrument_of(ticker), now=now, adjusted=adjusted)
    assert_fit_for_use(result.bars)
    for finding in result.findings:
        assert finding.message[0].isupper() or finding.message[0].isdigit()
        assert finding.message.endswith(".")
    return result


def assert_fit_for_use(bars: Bars) -> None:
    assert len(bars)
    assert (np.diff(bars.session) > np.timedelta64(0)).all()
    assert (bars.low > 0).all()
    assert np.isfinite(bars.high).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    is_unknown = np.isnan(bars.volume).all()
    assert is_unknown or (np.isfinite(bars.volume) & (bars.volume >= 0)).all()


def codes(result: CheckedBars) -> list[str]:
    return [finding.code for finding in result.findings]


def only_message(result: CheckedBars, code: str) -> str:
    assert codes(result) == [code]
    return result.findings[0].message


def test_sound_bars_pass_unchanged_and_without_a_word() -> None:
    bars = make_bars(300)
    result = checked(bars)
    assert result.findings == ()
    for column in ("session", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(result.bars, column), getattr(bars, column))


def test_the_bars_given_are_never_changed() -> None:
    bars = make_bars()
    bars.high[3], bars.volume[4] = 1.0, NAN
    checked(bars)
    assert bars.high[3] == 1.0
    assert np.isnan(bars.volume[4])


def test_no_bars_at_all_is_no_data() -> None:
    with pytest.raises(PriceError, match=r"no bars for TCS\.NS") as caught:
        check_bars(make_bars()[:0], instrument=instrument_of(TICKER), now=EVENING)
    assert caught.value.kind is PriceErrorKind.NO_DATA


@pytest.mark.parametrize("close", [NAN, 0.0, -3.0])
def test_not_one_positive_close_is_bad_data(close: float) -> None:
    bars = make_bars()
    bars.close[:] = close
    with pytest.raises(PriceError, match="positive close") as caught:
        check_bars(bars, instrument=instrument_of(TICKER), now=EVENING)
    assert caught.value.kind is PriceErrorKind.BAD_DATA


def test_rows_without_prices_are_dropped_and_counted() -> None:
    bars = make_bars()
    bars.open[3] = bars.high[3] = bars.low[3] = bars.close[3] = NAN
    bars.low[5], bars.high[7] = 0.0, np.inf
    result = checked(bars)
    assert len(result.bars) == 17
    assert only_message(result, "null_rows") == f"3 rows without prices left out, the last on {bars.session[7]}."


def test_a_row_whose_open_alone_is_zero_is_said_to_be_that() -> None:
    """A share that hardly trades has such rows in the files of exchanges."""
    bars = make_bars()
    bars.open[3] = bars.open[5] = 0.0
    assert (
        only_message(checked(bars), "null_rows") == f"2 rows whose open is 0 left out, the last on {bars.session[5]}."
    )


def test_a_row_without_prices_on_a_holiday_is_no_blemish() -> None:
    """Yahoo has such rows in most histories; who marks stocks for their data counts repairs and warnings."""
    holiday = date(2026, 4, 14)
    result = checked(with_rows(make_bars(), (holiday, NAN, 0.0)))
    assert [(finding.code, finding.severity) for finding in result.findings] == [("null_rows", "info")]
    assert holiday not in result.bars.session.tolist()


def test_a_last_row_with_volume_but_no_close_is_told_apart() -> None:
    bars = make_bars()
    bars.close[-1] = NAN
    result = checked(bars)
    assert codes(result) == ["last_close_missing", "stale"]
    assert "2026-04-24, has volume but no close yet" in result.findings[0].message
    assert result.bars.last_session == date(2026, 4, 23)


@pytest.mark.parametrize(("close", "said"), [(0.0, "0"), (-5.25, "-5.25")])
def test_a_last_close_that_is_no_price_is_named(close: float, said: str) -> None:
    bars = make_bars()
    bars.close[-1] = close
    result = checked(bars)
    assert codes(result) == ["last_close_missing", "stale"]
    assert result.findings[0].message == (
        f"The newest session, 2026-04-24, has a close of {said}, which is no price: it is left out."
    )


def test_of_a_session_given_twice_the_last_row_stays() -> None:
    result = checked(with_rows(make_bars(), (date(2026, 4, 22), 104.0, 7.0)))
    assert result.bars.volume[-3] == 7.0
    assert len(result.bars) == 20
    message = only_message(result, "duplicate_sessions")
    assert message == "1 earlier row of a session given twice left out, on 2026-04-22."


def test_a_repeated_row_without_prices_does_not_replace_the_good_one() -> None:
    for day in (date(2026, 4, 22), TODAY):
        result = checked(with_rows(make_bars(), (day, NAN, 500.0)))
        assert len(result.bars) == 20
        assert (result.bars.volume == 1000.0).all()
        assert codes(result) == ["null_rows"]


def test_rows_out_of_order_are_sorted() -> None:
    bars = make_bars()
    backwards = Bars(
        bars.session[::-1], bars.open[::-1], bars.high[::-1], bars.low[::-1], bars.close[::-1], bars.volume[::-1]
    )
    np.testing.assert_array_equal(checked(backwards).bars.close, bars.close)


def test_high_below_low_and_closes_outside_are_widened() -> None:
    bars = make_bars()
    bars.high[2], bars.low[2] = bars.low[2], bars.high[2]
    bars.high[9] = bars.close[9] - 0.7
    result = checked(bars)
    assert (result.bars.high[9], result.bars.low[2]) == (bars.close[9], bars.close[2] - 1.0)
    assert only_message(result, "range_widened").startswith("2 sessions with a price outside low to high widened")


@pytest.mark.parametrize(("column", "factor"), [("close", 1.17), ("close", 0.8), ("open", 1.2)])
def test_a_price_far_outside_its_own_range_is_a_warning(column: str, factor: float) -> None:
    bars = make_bars()
    getattr(bars, column)[7] *= factor
    result = checked(bars)
    assert codes(result)[:2] == ["price_outside_range", "range_widened"]
    assert result.findings[0].severity == "warning"


def test_the_rounding_of_an_adjustment_is_repaired_without_a_word() -> None:
    bars = make_bars()
    bars.high[4] = bars.close[4] * (1 - 1e-12)
    assert checked(bars).findings == ()


def test_sessions_without_volume_stay_and_are_counted() -> None:
    bars = make_bars()
    bars.volume[[3, 8]] = 0.0
    result = checked(bars)
    assert len(result.bars) == 20
    assert only_message(result, "zero_volume") == f"2 sessions without volume, the last on {bars.session[8]}."


def test_many_bars_with_volume_on_days_without_a_session_are_noticed() -> None:
    bars = make_bars(100)
    early = replace(bars, session=bars.session - np.timedelta64(1, "D"))
    message = next(finding.message for finding in checked(early).findings if finding.code == "off_calendar")
    assert message.endswith("the last on 2026-04-19.")  # a Sunday
    assert "bars with volume on a day without a session" in message
    sunday = date(2026, 4, 19)
    assert codes(checked(with_rows(bars, (sunday, 100.0, 50.0)))) == []


def test_a_missing_volume_counts_as_none() -> None:
    bars = make_bars()
    bars.volume[[3, 4]] = NAN, -5.0
    result = checked(bars)
    assert codes(result) == ["missing_volume", "zero_volume"]
    assert result.bars.volume[3:5].tolist() == [0.0, 0.0]


def test_a_row_of_a_holiday_with_one_price_and_no_volume_is_dropped() -> None:
    holiday = date(2026, 4, 14)
    result = checked(with_rows(make_bars(), (holiday, 103.0, 0.0)))
    assert np.datetime64(holiday) not in result.bars.session
    assert only_message(result, "holiday_rows").startswith("1 row of a holiday")


def test_a_bar_with_volume_stays_whatever_the_calendar_says() -> None:
    budget_saturday = date(2026, 4, 18)
    result = checked(with_rows(make_bars(), (budget_saturday, 103.0, 900.0)))
    assert np.datetime64(budget_saturday) in result.bars.session
    assert result.findings == ()


def test_a_funds_value_of_a_session_that_the_calendar_lacks_is_kept() -> None:
    muhurat = date(2026, 4, 14)
    values = make_bars(120, ticker="0P0000XVU2.BO")
    fund = replace(values, open=values.close, high=values.close, low=values.close, volume=np.zeros(120))
    kept = checked(with_rows(fund, (muhurat, 250.0, 0.0)), ticker="0P0000XVU2.BO")
    assert np.datetime64(muhurat) in kept.bars.session
    before = fund.close[fund.session < np.datetime64(muhurat)][-1]
    dropped = checked(with_rows(fund, (muhurat, before, 0.0)), ticker="0P0000XVU2.BO")
    assert np.datetime64(muhurat) not in dropped.bars.session


def test_a_high_or_low_far_from_its_other_prices_is_noticed() -> None:
    bars = make_bars(60)
    assert "bad_tick" not in codes(checked(bars))
    for column, factor in (("low", 0.1), ("high", 10.0), ("low", 0.6), ("high", 1.6)):
        values = getattr(bars, column).copy()
        values[-5] *= factor
        message = only_message(checked(replace(bars, **{column: values})), "bad_tick")
        assert message.startswith("1 session with a high or low far from its other prices")
    real = replace(bars, low=bars.low * np.where(np.arange(60) == 55, 0.8, 1.0))  # as on bad days of real shares
    assert "bad_tick" not in codes(checked(real))


def test_a_stretch_with_few_bars_is_noticed_with_what_it_means() -> None:
    bars = make_bars(300)
    thin = np.concatenate([np.arange(200), np.arange(201, 300, 2)])
    message = only_message(checked(chosen(bars, thin)), "thin")
    assert message.startswith("Only ")
    assert "an average of 20 bars spans about" in message
    suspended = np.concatenate([np.arange(150), np.arange(200, 300)])
    assert "thin" not in codes(checked(chosen(bars, suspended)))
    assert "thin" not in codes(checked(chosen(bars, np.arange(1, 300, 2)), ticker="TEVA.TA"))  # holidays not known


def test_a_halted_stock_keeps_its_sessions() -> None:
    bars = make_bars()
    bars.open[-5:] = bars.high[-5:] = bars.low[-5:] = bars.close[-5:] = 101.0
    bars.volume[-5:] = 0.0
    result = checked(bars)
    assert len(result.bars) == 20
    assert codes(result) == ["zero_volume"]


def test_more_than_five_missing_sessions_are_a_gap_and_five_are_not() -> None:
    bars = make_bars(40)
    without_five, without_six = np.r_[0:20, 25:40], np.r_[0:20, 26:40]
    message = only_message(checked(chosen(bars, without_five)), "missing_sessions")
    assert message == f"5 sessions of the exchange without a bar, the last on {bars.session[24]}."
    message = only_message(checked(chosen(bars, without_six)), "gap")
    assert message == f"1 gap of more than 5 sessions, before {bars.session[26]}."


def chosen(bars: Bars, rows: NDArray[np.intp]) -> Bars:
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    return Bars(bars.session[rows], *(column[rows] for column in columns))


def jumping_bars(factor: float, price: float = 100.0) -> Bars:
    """Bars at one price, and from the 13th session on at another, from the open on."""
    bars = make_bars(60)
    for column, level in ((bars.open, 1.0), (bars.high, 1.01), (bars.low, 0.99), (bars.close, 1.0)):
        column[:] = price * level
        column[12:] *= factor
    return bars


@pytest.mark.parametrize("factor", [0.1, 0.4, 0.5, 0.6, 2 / 3, 0.75, 1.3, 1.6, 10.0])
def test_an_opening_like_after_a_bonus_or_demerger_is_noticed(factor: float) -> None:
    bars = jumping_bars(factor)
    result = checked(bars)
    message = only_message(result, "jump")
    assert message.startswith("1 price jump that may be a split, bonus or demerger for which prices are not adjusted")
    assert message.endswith(f"on {bars.session[12]}.")
    assert np.flatnonzero(result.breaks).tolist() == [12]


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.2, 1.26])
def test_a_strong_opening_is_no_split(factor: float) -> None:
    assert checked(jumping_bars(factor)).findings == ()


def test_a_tick_of_a_small_price_is_no_split() -> None:
    assert checked(jumping_bars(0.7, price=1.5)).findings == ()
    assert only_message(checked(jumping_bars(0.5, price=1.5)), "jump")


def test_a_split_that_the_source_names_but_does_not_adjust_for_is_named() -> None:
    bars = jumping_bars(0.5)
    splits = {bars.session[12].astype(object): 2.0}
    result = check_bars(bars, instrument=instrument_of(TICKER), now=EVENING, read_splits=lambda: splits)
    assert "not adjusted for a split (the source names one of 2 for" in only_message(result, "jump")


def test_a_split_that_the_source_says_it_does_not_adjust_for_is_a_jump_of_any_size() -> None:
    bars = jumping_bars(0.95)
    day = bars.session[12].astype(object)
    result = check_bars(
        bars, instrument=instrument_of(TICKER), now=EVENING, unadjusted=[day], read_splits=lambda: {day: 1.05}
    )
    assert "(the source names one of 1.05 for" in only_message(result, "jump")
    assert result.caution_within(48)
    assert np.flatnonzero(result.breaks).tolist() == [12]


def test_a_jump_forbids_a_plan_while_the_stop_rests_on_it_and_cautions_while_the_verdict_does() -> None:
    result = checked(jumping_bars(0.5))  # 47 sessions before the last
    assert result.caution_within(48).startswith(f"The price jumped on {result.bars.session[12]}, perhaps by a split")
    assert result.caution_within(47) == ""
    assert result.obstacle_to_plan(10) == ""
    recent = checked(jumping_bars(0.5)[:40])
    assert (
        recent.obstacle_to_plan(1000) == f"no plan: its stop would rest on the price jump of {recent.bars.session[12]}"
    )


def test_a_price_that_is_sessions_old_makes_no_plan() -> None:
    result = checked(make_bars(30, date(2026, 4, 9)))
    assert result.sessions_late == 10
    assert result.obstacle_to_plan(11) == ""
    assert result.obstacle_to_plan(10) == "no plan: the last price is 10 trading days old"


def test_pence_among_pounds_are_noticed_as_such() -> None:
    bars = make_bars()
    for column in (bars.open, bars.high, bars.low, bars.close):
        column[7:9] *= 100.0
    assert only_message(checked(bars), "hundredfold").startswith("2 sessions at about 100 times or a hundredth")


def test_bars_that_end_early_are_stale_by_their_number_of_sessions() -> None:
    message = only_message(checked(make_bars()[:-3]), "stale")
    assert message == "3 sessions have closed since the newest bar, of 2026-04-21."


def test_unadjusted_prices_are_said_to_be_so() -> None:
    assert only_message(checked(make_bars(), adjusted=False), "unadjusted").startswith("The source does not adjust")


def test_the_bar_of_an_open_session_is_left_out() -> None:
    noon = EVENING.replace(hour=12)
    result = checked(make_bars(), noon)
    assert result.bars.last_session == date(2026, 4, 23)
    message = only_message(result, "unfinished_session")
    assert message == "1 session that had not closed by 2026-04-24 12:00 left out, on 2026-04-24."


def test_seen_from_an_earlier_day_later_bars_are_left_out() -> None:
    result = checked(make_bars(), datetime(2026, 4, 17, 23, 0, tzinfo=EVENING.tzinfo))
    assert result.bars.last_session == date(2026, 4, 17)
    assert only_message(result, "unfinished_session").startswith("5 sessions that had not closed by 2026-04-17")


def test_the_moment_decides_whether_a_session_has_closed() -> None:
    bars = make_bars()
    with time_machine.travel(EVENING.replace(hour=15, minute=59), tick=False):
        assert checked(bars, datetime.now(UTC)).bars.last_session == date(2026, 4, 23)
    with time_machine.travel(EVENING.replace(hour=16, minute=0), tick=False):
        assert checked(bars, datetime.now(UTC)).bars.last_session == date(2026, 4, 24)


def test_on_a_sunday_fridays_bar_is_fresh() -> None:
    sunday = datetime(2026, 4, 26, 12, 0, tzinfo=UTC)
    assert checked(make_bars(), sunday).findings == ()


def test_a_special_sessions_bar_waits_for_the_end_of_its_day() -> None:
    saturday = date(2026, 4, 25)
    bars = with_rows(make_bars(), (saturday, 103.0, 900.0))
    noon = datetime(2026, 4, 25, 12, 0, tzinfo=EVENING.tzinfo)
    assert codes(checked(bars, noon)) == ["unfinished_session"]
    next_day = checked(bars, noon.replace(day=26))
    assert next_day.bars.last_session == saturday
    assert next_day.findings == ()


def test_only_an_unfinished_bar_is_no_data() -> None:
    with pytest.raises(PriceError, match="had not closed") as caught:
        check_bars(make_bars(1), instrument=instrument_of(TICKER), now=EVENING.replace(hour=12))
    assert caught.value.kind is PriceErrorKind.NO_DATA


def test_where_the_calendar_has_ended_nothing_is_dropped() -> None:
    friday = datetime(2027, 3, 5, 20, 0, tzinfo=EVENING.tzinfo)
    bars = make_bars(30, friday.date())
    bars.open[-9] = bars.high[-9] = bars.low[-9] = bars.close[-9]
    bars.volume[-9] = 0.0
    result = checked(bars, friday)
    assert len(result.bars) == 30
    assert codes(result) == ["zero_volume"]


def test_an_unknown_exchange_is_said_to_be_unknown() -> None:
    result = checked(make_bars(ticker="X.NOWHERE"), datetime(2026, 4, 25, 12, tzinfo=UTC), "X.NOWHERE")
    assert codes(result) == ["weekdays_assumed"]


PRICES = st.sampled_from([NAN, -1.0, 0.0, 0.01, 1.0, 99.0, 101.0, 10_000.0, 80_000.0, np.inf])


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 40), PRICES, PRICES, PRICES, PRICES, st.sampled_from([NAN, -1.0, 0.0, 5.0, 1e9])),
        min_size=1,
        max_size=30,
    )
)
def test_whatever_comes_in_usable_bars_or_an_error_come_out(rows: list[tuple[float, ...]]) -> None:
    day, *columns = (np.array(column) for column in zip(*rows, strict=True))
    bars = Bars(np.datetime64("2026-03-20") + day, *(column.astype(float) for column in columns))
    try:
        result = check_bars(bars, instrument=instrument_of(TICKER), now=EVENING)
    except PriceError:
        return
    assert_fit_for_use(result.bars)
    again = check_bars(result.bars, instrument=instrument_of(TICKER), now=EVENING)
    assert not [finding for finding in again.findings if finding.severity == "repair"]


def real_folder(name: str) -> Path:
    if "REAL_BARS_DIR" not in os.environ:
        pytest.skip("REAL_BARS_DIR names no folder of real bars.")
    folder = Path(os.environ["REAL_BARS_DIR"]).parent / name
    if not folder.is_dir():
        pytest.skip(f"There is no folder {name} beside the one that REAL_BARS_DIR names.")
    return folder


def read_bars(path: Path) -> Bars:
    """The prices of a file as they stand, without adjusting."""
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    rows.sort()
    sessions = np.array([row[0][:10] for row in rows], dtype="datetime64[D]")
    columns = {cell.lower(): position for position, cell in enumerate(header)}
    names = ("open", "high", "low", "close", "volume")
    return Bars(sessions, *(numbers(row[columns[name]] for row in rows) for name in names))


def numbers(cells: Iterable[str]) -> Floats:
    return np.array([float(cell or "nan") for cell in cells])


def check_file(path: Path, ticker: str) -> CheckedBars:
    bars = read_bars(path)
    night = datetime.combine(bars.last_session, datetime.min.time(), UTC).replace(hour=23, minute=30)
    return checked(bars, night, ticker)


@pytest.mark.real
@pytest.mark.parametrize(
    ("stem", "code"),
    [
        ("4063-T-1d-bad-stock-split", "jump"),
        ("ALPHA-PA-1d-bad-stock-split", "jump"),
        ("CNE-L-1d-bad-stock-split", "jump"),
        ("DEX-AX-1d-bad-stock-split", "jump"),
        ("LA-V-1d-bad-stock-split", "jump"),
        ("MOB-ST-1d-bad-stock-split", "jump"),
        ("SPM-MI-1d-bad-stock-split", "jump"),
        ("AET-L-1d-100x-error", "hundredfold"),
        ("SSW-JO-1d-100x-error", "hundredfold"),
        ("LSC-L-1d-bad-div", "hundredfold"),
    ],
)
def test_yahoos_known_faults_are_noticed(stem: str, code: str) -> None:
    ticker = ".".join(stem.split("-")[:2])
    assert code in codes(check_file(real_folder("dirty_yahoo") / f"{stem}.csv", ticker))


@pytest.mark.real
def test_repaired_twins_are_never_found_worse_than_their_faulty_originals() -> None:
    folder = real_folder("dirty_yahoo")
    for repaired in folder.glob("*-fixed.csv"):
        ticker = ".".join(repaired.name.split("-1d")[0].split("-"))
        original = folder / repaired.name.replace("-fixed", "")
        assert set(codes(check_file(repaired, ticker))) <= set(codes(check_file(original, ticker))), repaired.name


@pytest.mark.real
def test_a_sound_file_keeps_every_bar_that_traded() -> None:
    for path in real_folder("nse").glob("*.csv"):
        bars = read_bars(path)
        kept = check_file(path, path.stem).bars
        assert np.isin(bars.session[bars.volume > 0], kept.session).all(), path.name


@pytest.mark.real
def test_the_four_splits_in_unadjusted_apple_prices_are_noticed() -> None:
    result = check_file(real_folder("us") / "AAPL.csv", "AAPL")
    (jump,) = (finding for finding in result.findings if finding.code == "jump")
    assert jump.session == date(2020, 8, 31)
    assert jump.message.startswith("5 price jumps")  # the fifth is the crash of 2000-09-29


def test_a_volume_that_is_never_there_is_unknown_and_no_silence() -> None:
    bars = make_bars()
    bars.volume[:] = 0.0
    result = checked(bars)
    assert np.isnan(result.bars.volume).all()
    assert result.findings == ()


def test_a_volume_that_stops_is_silence() -> None:
    bars = make_bars()
    bars.volume[5:] = 0.0
    result = checked(bars)
    assert result.bars.volume.tolist() == bars.volume.tolist()
    assert [finding.code for finding in result.findings] == ["zero_volume"]


@pytest.mark.parametrize(("ticker", "kept"), [("EURUSD=X", 0), ("GC=F", 0), ("BTC-USD", 2), ("TCS.NS", 2)])
def test_the_first_hours_of_mondays_session_are_no_session_of_their_own(ticker: str, kept: int) -> None:
    saturday, sunday, monday = date(2026, 4, 18), date(2026, 4, 19), date(2026, 4, 20)
    bars = with_rows(make_bars(5, date(2026, 4, 17), ticker), (saturday, 103.0, 500.0), (sunday, 104.0, 10.0))
    bars = with_rows(bars, (monday, 105.0, 900.0))
    weekend = {saturday, sunday} & set(checked(bars, ticker=ticker).bars.session.tolist())
    assert len(weekend) == (kept if ticker != "BTC-USD" else 2)
    codes = {finding.code for finding in checked(bars, ticker=ticker).findings}
    assert ("weekend_rows" in codes) is not bool(kept)


def test_a_sunday_evening_of_a_pair_is_not_stored_as_a_closed_session() -> None:
    sunday = date(2026, 4, 19)
    bars = with_rows(make_bars(5, date(2026, 4, 17), "EURUSD=X"), (sunday, 104.0, 0.0))
    now = datetime(2026, 4, 20, 9, 0, tzinfo=UTC)
    stored, _ = trim_to_closed(bars, instrument=instrument_of("EURUSD=X"), now=now)
    assert stored.last_session == date(2026, 4, 17)


def test_a_hundredfold_is_named_as_mixed_units_beside_the_verdict() -> None:
    assert "perhaps by pence mixed with pounds" in checked(jumping_bars(100.0)).caution_within(60)
    assert "perhaps by a split, bonus or demerger" in checked(jumping_bars(0.5)).caution_within(60)


@pytest.mark.parametrize("column", ["open", "high", "close"])
@pytest.mark.parametrize("price", [1e12, 1e20, 1e308])
def test_a_price_that_nothing_costs_is_left_out(column: str, price: float) -> None:
    bars = make_bars()
    getattr(bars, column)[7] = price
    bars.high[7] = max(bars.high[7], price)
    result = checked(bars)
    assert len(result.bars) == 19
    assert "1 row without prices or with one of 1e+12 and more left out" in only_message(result, "null_rows")


def test_prices_of_different_columns_are_refused() -> None:
    bars = make_bars()
    bars.close[:12] *= 0.5
    with pytest.raises(PriceError, match="In most sessions the open or the close is outside low to high"):
        checked(bars)


@pytest.mark.parametrize("volume", [-5.0, np.inf, np.nan])
def test_a_volume_that_is_none_in_any_session_is_unknown(volume: float) -> None:
    bars = make_bars()
    bars.volume[:] = volume
    assert np.isnan(checked(bars).bars.volume).all()
