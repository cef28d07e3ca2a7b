"""Which known stock a spelling means: by its ticker, its ISIN or its name."""

import pytest
from pytest_django import Settings

from analysis.directory import check_symbols, find_unplaced, read_securities
from analysis.models import Stock
from analysis.prices.security_columns import SecuritySpelling
from analysis.prices.symbol_text import fold_name
from analysis.rejections import RequestRejected
from analysis.tests.make import make_stock

pytestmark = pytest.mark.django_db

TCS, RELIANCE = "INE467B01029", "INE002A01018"


@pytest.fixture(autouse=True)
def directory() -> None:
    make_stock("TCS.NS", name="Tata Consultancy Services Limited", isin=TCS)
    make_stock("INFY.NS", name="Infosys Limited", isin="INE009A01021")
    make_stock("RELIANCE.NS", name="Reliance Industries Limited", isin=RELIANCE)
    make_stock("RELIANCE.BO", name="Reliance Industries Limited", isin=RELIANCE)
    make_stock("AAPL", name="Apple Inc.", isin="US0378331005")
    make_stock("JUNK", name="Junk", isin="", is_confirmed=False)


def read(symbol: str = "", default: str = "", **words: str) -> tuple[str, tuple[str, ...]]:
    reading = read_securities([SecuritySpelling(symbol, **words)], default=default)[0]
    assert reading.ticker or reading.reason
    return reading.ticker, reading.candidates


@pytest.mark.parametrize(
    ("symbol", "words", "default", "ticker"),
    [
        ("TCS", {"isin": TCS}, "", "TCS.NS"),
        ("OLDNAME", {"isin": TCS, "exchange": "NSE"}, "", "TCS.NS"),
        ("", {"isin": TCS}, "", "TCS.NS"),
        (TCS, {}, "", "TCS.NS"),
        ("500325", {"isin": RELIANCE, "exchange": "BSE"}, "", "RELIANCE.BO"),
        ("RELIANCE", {"isin": RELIANCE}, "BSE", "RELIANCE.BO"),
        ("TCS", {"isin": TCS, "exchange": "BSE"}, "", "TCS.BO"),
        ("", {"name": "Infosys Ltd"}, "", "INFY.NS"),
        ("", {"name": "TCS", "exchange": "NSE"}, "", "TCS.NS"),
        ("Infosys", {"name": "Infosys"}, "", "INFY.NS"),
        ("Infosys", {"name": "Infosys"}, "NSE", "INFY.NS"),
        ("apple", {"name": "apple"}, "NSE", "AAPL"),
        ("AAPL", {}, "NSE", "AAPL"),
        ("TCS", {}, "NSE", "TCS.NS"),
        ("UNKNOWN", {}, "NSE", "UNKNOWN.NS"),
        ("JUNK", {}, "NSE", "JUNK.NS"),
    ],
)
def test_a_spelling_means_the_stock_that_is_known(
    symbol: str, words: dict[str, str], default: str, ticker: str
) -> None:
    assert read(symbol, default, **words)[0] == ticker


@pytest.mark.parametrize(
    ("symbol", "words", "candidates"),
    [
        ("TCS", {}, ("TCS.NS", "TCS")),
        ("", {"isin": RELIANCE}, ("RELIANCE.BO", "RELIANCE.NS")),
        ("", {"name": "Reliance Industries"}, ("RELIANCE.BO", "RELIANCE.NS")),
        ("Tata Cons", {"name": "Tata Cons"}, ("TCS.NS",)),
        ("Nobody Ltd", {"name": "Nobody Ltd"}, ()),
        ("", {"isin": "INE000X01010"}, ()),
    ],
)
def test_a_spelling_that_may_mean_several_stocks_or_none_is_asked_about(
    symbol: str, words: dict[str, str], candidates: tuple[str, ...]
) -> None:
    assert read(symbol, **words) == ("", candidates)


@pytest.mark.parametrize(
    ("symbol", "words", "default", "ticker"),
    [
        ("NSE_EQ|INE467B01029", {}, "", "TCS.NS"),
        ("BSE_EQ:INE002A01018", {}, "", "RELIANCE.BO"),
        ("NSE:INE002A01018", {"name": "NSE:INE002A01018"}, "", "RELIANCE.NS"),
        ("Infosys (INFY)", {"name": "Infosys (INFY)"}, "", "INFY.NS"),
        ("Apple Inc. (AAPL)", {"name": "Apple Inc. (AAPL)"}, "NSE", "AAPL"),
        ("SAP", {"currency": "EUR"}, "NSE", ""),
        ("APC", {"currency": "EUR", "isin": "US0378331006"}, "NSE", ""),
        ("TCS", {"exchange": "APC"}, "NSE", ""),
    ],
)
def test_prefixes_brackets_and_currencies_are_heeded(
    symbol: str, words: dict[str, str], default: str, ticker: str
) -> None:
    assert read(symbol, default, **words)[0] == ticker


def test_a_typed_word_in_capitals_and_small_letters_is_a_name_before_it_is_a_ticker() -> None:
    assert read("Zomato", "NSE", name="Zomato") == ("", ("ZOMATO.NS",))
    assert read("zomato", "NSE", name="zomato")[0] == "ZOMATO.NS"
    assert read("ZOMATO", "NSE", name="ZOMATO")[0] == "ZOMATO.NS"
    assert read("Infosys", "NSE", name="Infosys")[0] == "INFY.NS"


def test_a_number_of_an_unconfirmed_stock_decides_nothing() -> None:
    Stock.objects.filter(pk="JUNK").update(isin="INE000X01010")
    assert read("", isin="INE000X01010") == ("", ())


def test_many_spellings_take_four_queries(django_assert_max_num_queries: object) -> None:
    spellings = [SecuritySpelling(f"N{n}", name=f"N{n}") for n in range(50)] + [SecuritySpelling("", isin=TCS)]
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        read_securities(spellings, default="")


def test_programs_name_new_yorks_stocks_bare_and_are_told_of_another_exchanges() -> None:
    assert check_symbols(["aapl", "MSFT", "NSE:TCS", "BRK.B"]) == ["AAPL", "MSFT", "TCS.NS", "BRK-B"]
    with pytest.raises(RequestRejected, match=r"“TCS” is not known here\. Did you mean TCS\.NS\?"):
        check_symbols(["TCS"])
    with pytest.raises(
        RequestRejected, match=r"“1” is a number\. .* “3” is a number\. .* \(2 more are not certain\.\)"
    ):
        check_symbols("12345")
    make_stock("TCS")
    assert check_symbols(["TCS"]) == ["TCS"]


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Infosys Limited", "infosys"),
        ("Apple Inc. Common Stock", "apple"),
        ("Tata Motors Ltd.", "tata motors"),
        ("S.p.A. The Company", "s.p.a. the company"),
        ("Mahindra & Mahindra", "mahindra & mahindra"),
    ],
)
def test_legal_forms_are_left_out_of_a_name(name: str, folded: str) -> None:
    assert fold_name(name) == folded.replace("s.p.a. the company", "spa the company")


def test_search_shows_the_nearest_first() -> None:
    make_stock("TCSX.NS", name="Other")
    make_stock("NEAR.NS", name="TCS Holdings")
    make_stock("WORD.NS", name="The TCS House")
    make_stock("PART.NS", name="Watcsons")
    make_stock("TCS", name="American")
    found = Stock.objects.matching("tcs").values_list("pk", flat=True)
    assert list(found) == ["TCS", "TCS.NS", "TCSX.NS", "NEAR.NS", "WORD.NS", "PART.NS"]
    assert [stock.pk for stock in Stock.objects.matching(TCS)] == ["TCS.NS"]


def test_a_companys_name_beside_an_unknown_isin_is_no_ticker() -> None:
    for name, isin in (("Ford", "US3453708600"), ("Zomato", "INE758T01015"), ("Tesla", "US88160R1014")):
        (reading,) = read_securities([SecuritySpelling("", isin=isin, exchange="NSE", name=name)], default="NSE")
        assert reading.tickers == ()
        assert reading.reason.startswith(f"No stock with the ISIN {isin} is known here.")


def test_an_unknown_isin_of_a_bare_symbol_is_asked_about() -> None:
    ticker, candidates = read("CSPX", "NSE", isin="IE00B5BMR087")
    assert ticker == ""
    assert "CSPX.NS" in candidates
    assert read("TCS", "NSE") == ("TCS.NS", ())


def test_a_name_with_candidates_keeps_them() -> None:
    (reading,) = read_securities([SecuritySpelling("", name="TCS")], default="")
    assert "TCS.NS" in reading.tickers
    for placed, ticker in (("700 HK", "0700.HK"), ("7203 JP", "7203.T")):
        assert read(name=placed) == (ticker, ())


def test_the_symbol_of_another_stock_than_the_isin_is_asked_about() -> None:
    mixed = read_securities([SecuritySpelling("RELIANCE", isin=TCS)], default="NSE")[0]
    assert (mixed.ticker, mixed.candidates) == ("", ("TCS.NS", "RELIANCE.NS"))
    assert mixed.reason == "The ISIN is that of TCS.NS, the symbol that of RELIANCE.NS. Which do you mean?"
    assert read("TCS", "NSE", isin=TCS) == ("TCS.NS", ())


def test_a_bare_symbol_that_nothing_places_is_named_unless_it_is_known_or_placed(settings: Settings) -> None:
    texts = ["INFY", "AAPL", "TCS.NS", "NYSE:IBM", "infy", "BTC-USD", "^NSEI"]
    assert find_unplaced(texts) == ["INFY"]
    settings.DEFAULT_EXCHANGE = "NSE"
    assert find_unplaced(texts) == []
