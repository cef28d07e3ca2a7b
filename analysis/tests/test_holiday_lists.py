"""Holiday lists: as exchanges publish them and spreadsheets write them, loaded again and again, or refused in words."""

from datetime import date, time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from analysis.calendars.load import load_holidays
from analysis.models import SpecialDay
from analysis.prices.exchanges import exchange_named
from analysis.prices.sessions import calendar_end, library_holidays, sessions_between
from analysis.prices.special_days import DaySource
from analysis.rejections import RequestRejected
from analysis.tests.make import make_special_day

pytestmark = pytest.mark.django_db

HOLIDAYS = [
    (date(2027, 1, 26), "Republic Day"),
    (date(2027, 3, 10), "Eid-Ul-Fitr"),
    (date(2027, 3, 22), "Holi"),
    (date(2027, 3, 26), "Good Friday"),
    (date(2027, 4, 14), "Dr. Baba Saheb Ambedkar Jayanti"),
    (date(2027, 5, 1), "Maharashtra Day"),
    (date(2027, 5, 17), "Bakri Id"),
    (date(2027, 8, 15), "Independence Day"),
    (date(2027, 9, 6), "Ganesh Chaturthi"),
    (date(2027, 10, 29), "Diwali Laxmi Pujan*"),
]
"""A list of a year whose movable feasts are invented."""
ON_WEEKDAYS = {day for day, _ in HOLIDAYS if day.isoweekday() <= 5}
REMARK = "* Muhurat Trading will be conducted on Friday, October 29, 2027. Timings shall be notified subsequently."


def as_nse(ending: str = REMARK) -> str:
    rows = [f"{n},{day:%d-%b-%Y},{day:%A},{name}" for n, (day, name) in enumerate(HOLIDAYS, 1)]
    return "\n".join(["Sr. No,Date,Day,Description", *rows, ending])


def as_nse_quoted() -> str:
    rows = [f'"{n}","{day:%d-%b-%Y}","{day:%A}","{name}\r"' for n, (day, name) in enumerate(HOLIDAYS, 1)]
    return "\ufeff" + "\n".join(['"SR. NO \n","DATE \n","DAY \n","DESCRIPTION \n"', *rows]).replace("\r", "")


def as_bse() -> str:
    rows = [f'{n},{name},"{day:%B %d},{day:%Y}",{day:%A}' for n, (day, name) in enumerate(HOLIDAYS, 1)]
    return "\n".join(["Trading Holidays for 2027 - Equity Segment", "Sl.No.,Holidays,Date,Day", *rows])


def as_plain(*more: str) -> str:
    rows = [f"{day},{name}" for day, name in HOLIDAYS]
    return "\n".join(["date,name", *rows, *more])


def with_hours(*more: str) -> str:
    rows = [f"{day};{name};closed;;" for day, name in HOLIDAYS[:-1]]
    return "\n".join(["Date;Name;Kind;Open;Close", *rows, *more])


def write(folder: Path, content: str, name: str = "holidays-2027.csv") -> Path:
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


def stored(exchange: str = "NSE") -> dict[date, str]:
    return dict(SpecialDay.objects.filter(exchange=exchange, source=DaySource.LIST).values_list("day", "name"))


@pytest.mark.parametrize("content", [as_nse(), as_nse(""), as_nse_quoted(), as_bse(), as_plain()])
def test_a_list_is_read_as_it_is_published(tmp_path: Path, content: str) -> None:
    done = load_holidays(write(tmp_path, content))
    assert (done.added, done.updated, done.removed, done.weekend, done.years) == (8, 0, 0, 2, [2027])
    assert set(stored()) == ON_WEEKDAYS
    assert stored()[date(2027, 10, 29)] == "Diwali Laxmi Pujan"
    assert done.known_until == calendar_end(exchange_named("NSE")) == date(2027, 12, 31)
    assert done.unscheduled == [date(2027, 10, 29)]
    assert not SpecialDay.objects.filter(is_session=True).exists()
    assert sessions_between(exchange_named("BSE"), date(2027, 1, 26), date(2027, 1, 26)) == []


@pytest.mark.parametrize("style", ["%d/%m/%y", "%d-%m-%y", "%m/%d/%y", "%y-%m-%d", "%d-%b-%y", "%d %B %y", "%d.%m.%y"])
def test_a_year_may_have_two_digits(tmp_path: Path, style: str) -> None:
    rows = [f"{day:{style}},{name}" for day, name in HOLIDAYS]
    load_holidays(write(tmp_path, "\n".join(["date,name", *rows])))
    assert set(stored()) == ON_WEEKDAYS


def test_short_dates_whose_year_is_open_are_refused(tmp_path: Path) -> None:
    rows = [f"{day},{name}" for day, name in (("26/01/27", "One"), ("02/03/27", "Two"), ("04/05/28", "Three"))]
    with pytest.raises(RequestRejected, match="day and month of '26/01/27' cannot be told apart"):
        load_holidays(write(tmp_path, "\n".join(["date,name", *rows])))


def test_sessions_are_loaded_with_their_hours(tmp_path: Path) -> None:
    content = with_hours(
        "2027-10-29;Diwali Laxmi Pujan;;18:00;7:15 PM",
        "2027-02-07;Budget;session;;",
        "2027-11-06;Drill;Special session;09:15;12:30",
    )
    assert load_holidays(write(tmp_path, content)).unscheduled == []
    sessions = SpecialDay.objects.filter(is_session=True).order_by("day").values_list("day", "opens_at", "closes_at")
    assert list(sessions) == [
        (date(2027, 2, 7), None, None),
        (date(2027, 10, 29), time(18), time(19, 15)),
        (date(2027, 11, 6), time(9, 15), time(12, 30)),
    ]


def test_a_list_that_is_loaded_again_changes_what_has_changed(tmp_path: Path) -> None:
    make_special_day("NSE", date(2027, 3, 22), name="Decided by the administrator", is_session=True)
    make_special_day("NSE", date(2027, 4, 14), source=DaySource.LEARNED)
    make_special_day("NSE", date(2026, 12, 25), source=DaySource.LIST, name="Christmas")
    done = load_holidays(write(tmp_path, as_plain()))
    assert (done.added, done.updated, done.removed, done.kept) == (6, 1, 0, 1)
    again = load_holidays(write(tmp_path, as_plain()))
    assert (again.added, again.updated, again.removed, again.kept) == (0, 0, 0, 1)
    moved = as_plain().replace("2027-03-10,Eid-Ul-Fitr", "2027-03-11,Eid-Ul-Fitr").replace("Bakri Id", "Id-ul-Adha")
    done = load_holidays(write(tmp_path, moved))
    assert (done.added, done.updated, done.removed, done.kept) == (1, 1, 1, 1)
    assert date(2027, 3, 10) not in stored()
    assert stored()[date(2027, 5, 17)] == "Id-ul-Adha"
    assert date(2026, 12, 25) in stored()
    assert SpecialDay.objects.get(day=date(2027, 3, 22)).name == "Decided by the administrator"


def test_two_holidays_on_one_day_are_one_day(tmp_path: Path) -> None:
    load_holidays(write(tmp_path, as_plain("2027-01-26,Id-E-Milad")))
    assert stored()[date(2027, 1, 26)] == "Republic Day, Id-E-Milad"


AMERICAN = "\n".join(
    ["date,name"]
    + [f"2027-{day},x" for day in ("01-01", "01-18", "02-15", "03-26", "05-31", "06-18", "07-05", "09-06", "11-25")]
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "The file is empty."),
        ("\n \n", "The file is empty."),
        ("<!DOCTYPE html><html></html>", "This is a web page and not a table"),
        ("%PDF-1.7", "This is a PDF file"),
        ('{"CM":[{"tradingDate":"26-Jan-2027","description":"Republic Day"}]}', "No line names the columns"),
        ("ticker,name\nTCS.NS,Tata\n", "line 1 has: ticker, name. A list has the columns date and description"),
        ("day,name\nMonday,Holi\n", "The list needs a column with dates"),
        ("date,name\n", "The list has no days."),
        (as_plain("2027-02-30,Nothing"), "Line 12: '2027-02-30' is not a date"),
        (as_plain("soon,Nothing", "2027-12-32,x"), "Line 13: "),
        (as_plain("1996-12-25,Christmas"), "Line 12: 1996-12-25 is before 1997-01-01"),
        (as_nse().replace("Tuesday,Republic", "Monday,Republic"), "Line 2: 2027-01-26 is a Tuesday, not a Monday"),
        (as_nse("11,25-Dec-2027"), "Line 12: 2 cells instead of 4"),
        (with_hours("2027-10-29;Diwali;closed;18:00;19:00"), "2027-10-29 is closed and has hours"),
        (with_hours("2027-10-29;Diwali;session;18:00;"), "has to close after it opens"),
        (with_hours("2027-10-29;Diwali;session;18:00;25:00"), "“25:00” is no time like 18:15"),
        (with_hours("2027-10-29;Diwali;half;;"), "“half” is neither closed nor session"),
        (with_hours("2027-01-26;Session;session;;15:00"), "2027-01-26 is in line 2 already"),
        ("date,name\n2027-01-26,Republic Day\n2027-04-14,Ambedkar", "2 holidays on weekdays of 2027 are no complete"),
        ("\n".join(as_plain().split("\n")[:-4]) + "\n2027-12-31,x\n2028-01-26,y", "1 holiday on weekdays of 2028 are"),
        (AMERICAN, "is not that of National Stock Exchange of India: 26 January and 14 April are usual holidays"),
        ("Date,Description,Morning Session,Evening Session\n2027-01-26,R,Closed,Closed", "load the list of equities"),
        ("date,name,exchange\n2027-01-26,R,BSE\n2027-01-27,R,US", "is a list of BSE, US, not of NSE alone"),
    ],
)
def test_a_file_that_is_no_complete_list_is_refused_and_nothing_is_loaded(
    tmp_path: Path, content: str, sentence: str
) -> None:
    file = write(tmp_path, content)
    with pytest.raises(CommandError) as caught:
        call_command("load_holidays", str(file))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("holidays-2027.csv")
    assert caught.value.returncode == 2
    assert not SpecialDay.objects.exists()


@pytest.mark.parametrize("exchange", ["US", "LSE", "SGX", "SHANGHAI", "TSE", "XETRA", "HKEX", "B3"])
@pytest.mark.parametrize("year", [2026, 2027])
def test_an_indian_list_is_no_other_exchanges(tmp_path: Path, exchange: str, year: int) -> None:
    rows = [f"{day.replace(year=year)},{name}" for day, name in HOLIDAYS]
    with pytest.raises(RequestRejected, match=f"The list of {year} is not that of "):
        load_holidays(write(tmp_path, "\n".join(["date,name", *rows, f"{year}-12-25,Christmas"])), exchange)


@pytest.mark.parametrize("year", range(2017, 2027))
@pytest.mark.parametrize("exchange", ["NSE", "US", "LSE", "SGX", "SHANGHAI", "XETRA"])
def test_the_librarys_own_holidays_are_a_complete_list_each_year(tmp_path: Path, exchange: str, year: int) -> None:
    days = library_holidays(exchange_named(exchange), date(year, 1, 1), date(year, 12, 31))
    file = write(tmp_path, "\n".join(["date,name", *(f"{day},x" for day in days)]))
    if len(days) < 3:
        with pytest.raises(RequestRejected, match="no complete list"):
            load_holidays(file, exchange)
    else:
        assert load_holidays(file, exchange).added == len(days)


@pytest.mark.parametrize("exchange", ["NASDAQ", "CRYPTO", "DEMO-IN", "OTHER"])
def test_an_exchange_without_holidays_is_refused(tmp_path: Path, exchange: str) -> None:
    with pytest.raises(RequestRejected, match=f"“{exchange}” is no exchange with a calendar of its own"):
        load_holidays(write(tmp_path, as_plain()), exchange)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestRejected, match="cannot be read: No such file or directory"):
        load_holidays(tmp_path / "missing.csv")
    with pytest.raises(RequestRejected, match="cannot be read: Is a directory"):
        load_holidays(tmp_path)
    with pytest.raises(RequestRejected, match="is larger than 1 MB"):
        load_holidays(write(tmp_path, "x" * 1_000_001))


def test_an_exchange_without_a_calendar_needs_the_close_of_a_session(tmp_path: Path) -> None:
    with pytest.raises(RequestRejected, match="Line 11: the session of 2027-02-07 needs a close"):
        load_holidays(write(tmp_path, with_hours("2027-02-07;Election;session;;")), "athens")
    load_holidays(write(tmp_path, with_hours("2027-02-07;Election;session;;17:00")), "athens")
    assert calendar_end(exchange_named("ATHENS")) == date(2027, 12, 31)


def test_the_command_says_how_many_days_of_which_year_are_loaded(tmp_path: Path) -> None:
    said = StringIO()
    make_special_day("BSE", date(2027, 3, 22))
    call_command("load_holidays", str(write(tmp_path, as_nse())), "--exchange", "bse", stdout=said)
    assert said.getvalue() == (
        "holidays-2027.csv: 2027 of BSE Mumbai: 7 days added, 0 updated, 0 removed, 1 kept as set by an administrator, "
        "2 on weekends left out. Holidays are known until 2027-12-31.\n"
        "29 Oct 2027 is closed but for a Muhurat session. Once its hours are announced, enter it as a session with "
        "these hours in the admin, under Special days.\n"
    )


def test_the_command_counts_a_single_day_as_one(tmp_path: Path) -> None:
    rows = [row for row in as_plain().split("\n") if not row.startswith("2027-08-15")]
    load_holidays(write(tmp_path, "\n".join(row for row in rows if not row.startswith("2027-03-10"))))
    said = StringIO()
    call_command("load_holidays", str(write(tmp_path, "\n".join(rows))), stdout=said)
    assert "1 day added, 0 updated, 0 removed, 1 on a weekend left out." in said.getvalue()
