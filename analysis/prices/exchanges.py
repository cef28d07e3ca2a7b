"""Exchanges: the markets on which instruments trade, by the suffix of a Yahoo symbol and by Yahoo's own codes."""

from dataclasses import dataclass
from datetime import timedelta

WEEKDAYS, EVERY_DAY = "Mon Tue Wed Thu Fri", "Mon Tue Wed Thu Fri Sat Sun"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A market: its calendar, the currency in which it usually quotes, and the usual decimals of a price.

    Without a calendar each day of `week` is a session, which ends with the local day; `has_holidays` says whether there
    are holidays that are then not known. `trades_on` is the time for which trading continues after the close of the
    calendar. A market that `is_round_the_clock` has no session on another day: its rows of those are the
    beginning of the next one. `opens_early` is how long before its day a session of it opens at the latest.
    """

    code: str
    name: str
    calendar: str | None
    currency: str
    timezone: str
    decimals: int = 2
    trades_on: timedelta = timedelta(0)
    week: str = WEEKDAYS
    has_holidays: bool = True
    is_round_the_clock: bool = False
    opens_early: timedelta = timedelta(0)


UNKNOWN_EXCHANGE = Exchange("OTHER", "an exchange that is not known here", None, "", "UTC")
CRYPTO = Exchange(
    "CRYPTO", "Cryptocurrencies", None, "USD", "UTC", week=EVERY_DAY, has_holidays=False, is_round_the_clock=True
)
FOREX = Exchange(
    "FOREX",
    "Currency pairs",
    None,
    "USD",
    "Europe/London",
    decimals=4,
    has_holidays=False,
    is_round_the_clock=True,
    opens_early=timedelta(hours=3),
)
FUTURES = Exchange(
    "FUTURES", "US futures", "CMES", "USD", "America/New_York", is_round_the_clock=True, opens_early=timedelta(hours=6)
)
US = Exchange("US", "NYSE and Nasdaq", "XNYS", "USD", "America/New_York")
DEMO_INDIA = Exchange("DEMO-IN", "Demo market, India", "XBOM", "INR", "Asia/Kolkata")
DEMO_US = Exchange("DEMO-US", "Demo market, United States", "XNYS", "USD", "America/New_York")

# exchange-calendars 4.13 fails to build its calendars of Athens and Tel Aviv.
EXCHANGE_BY_SUFFIX = {
    "NS": Exchange("NSE", "National Stock Exchange of India", "XBOM", "INR", "Asia/Kolkata"),
    "BO": Exchange("BSE", "BSE Mumbai", "XBOM", "INR", "Asia/Kolkata"),
    "L": Exchange("LSE", "London Stock Exchange", "XLON", "GBp", "Europe/London"),
    "IL": Exchange("LSE-INT", "London Stock Exchange, international", "XLON", "USD", "Europe/London"),
    "IR": Exchange("DUBLIN", "Euronext Dublin", "XDUB", "EUR", "Europe/Dublin"),
    "DE": Exchange("XETRA", "Xetra", "XETR", "EUR", "Europe/Berlin"),
    "F": Exchange("FRANKFURT", "Frankfurt", "XFRA", "EUR", "Europe/Berlin", trades_on=timedelta(hours=4.5)),
    "PA": Exchange("PARIS", "Euronext Paris", "XPAR", "EUR", "Europe/Paris"),
    "AS": Exchange("AMSTERDAM", "Euronext Amsterdam", "XAMS", "EUR", "Europe/Amsterdam"),
    "BR": Exchange("BRUSSELS", "Euronext Brussels", "XBRU", "EUR", "Europe/Brussels"),
    "LS": Exchange("LISBON", "Euronext Lisbon", "XLIS", "EUR", "Europe/Lisbon"),
    "MC": Exchange("MADRID", "Bolsa de Madrid", "XMAD", "EUR", "Europe/Madrid"),
    "MI": Exchange("MILAN", "Borsa Italiana", "XMIL", "EUR", "Europe/Rome"),
    "VI": Exchange("VIENNA", "Vienna", "XWBO", "EUR", "Europe/Vienna"),
    "AT": Exchange("ATHENS", "Athens", None, "EUR", "Europe/Athens"),
    "SW": Exchange("SIX", "SIX Swiss Exchange", "XSWX", "CHF", "Europe/Zurich"),
    "ST": Exchange("STOCKHOLM", "Nasdaq Stockholm", "XSTO", "SEK", "Europe/Stockholm"),
    "CO": Exchange("COPENHAGEN", "Nasdaq Copenhagen", "XCSE", "DKK", "Europe/Copenhagen"),
    "HE": Exchange("HELSINKI", "Nasdaq Helsinki", "XHEL", "EUR", "Europe/Helsinki"),
    "OL": Exchange("OSLO", "Oslo Børs", "XOSL", "NOK", "Europe/Oslo"),
    "IC": Exchange("ICELAND", "Nasdaq Iceland", "XICE", "ISK", "Atlantic/Reykjavik"),
    "WA": Exchange("WARSAW", "Warsaw", "XWAR", "PLN", "Europe/Warsaw"),
    "PR": Exchange("PRAGUE", "Prague", "XPRA", "CZK", "Europe/Prague"),
    "BD": Exchange("BUDAPEST", "Budapest", "XBUD", "HUF", "Europe/Budapest"),
    "IS": Exchange("ISTANBUL", "Borsa Istanbul", "XIST", "TRY", "Europe/Istanbul"),
    "TA": Exchange("TASE", "Tel Aviv", None, "ILA", "Asia/Jerusalem"),
    "SR": Exchange("TADAWUL", "Saudi Exchange", "XSAU", "SAR", "Asia/Riyadh"),
    "JO": Exchange("JSE", "Johannesburg", "XJSE", "ZAc", "Africa/Johannesburg"),
    "T": Exchange("TSE", "Tokyo", "XTKS", "JPY", "Asia/Tokyo", 1),
    "HK": Exchange("HKEX", "Hong Kong", "XHKG", "HKD", "Asia/Hong_Kong", 3),
    "SS": Exchange("SHANGHAI", "Shanghai", "XSHG", "CNY", "Asia/Shanghai"),
    "SZ": Exchange("SHENZHEN", "Shenzhen", "XSHG", "CNY", "Asia/Shanghai"),
    "TW": Exchange("TWSE", "Taiwan", "XTAI", "TWD", "Asia/Taipei"),
    "TWO": Exchange("TPEX", "Taipei Exchange", "XTAI", "TWD", "Asia/Taipei"),
    "KS": Exchange("KRX", "Korea Exchange", "XKRX", "KRW", "Asia/Seoul", 0),
    "KQ": Exchange("KOSDAQ", "Kosdaq", "XKRX", "KRW", "Asia/Seoul", 0),
    "SI": Exchange("SGX", "Singapore", "XSES", "SGD", "Asia/Singapore", 3),
    "KL": Exchange("MYX", "Bursa Malaysia", "XKLS", "MYR", "Asia/Kuala_Lumpur", 3),
    "JK": Exchange("IDX", "Indonesia", "XIDX", "IDR", "Asia/Jakarta", 0),
    "BK": Exchange("SET", "Thailand", "XBKK", "THB", "Asia/Bangkok"),
    "PS": Exchange("PSE", "Philippines", "XPHS", "PHP", "Asia/Manila"),
    "AX": Exchange("ASX", "Australia", "XASX", "AUD", "Australia/Sydney", 3),
    "NZ": Exchange("NZX", "New Zealand", "XNZE", "NZD", "Pacific/Auckland", 3),
    "TO": Exchange("TSX", "Toronto", "XTSE", "CAD", "America/Toronto"),
    "V": Exchange("TSXV", "TSX Venture", "XTSE", "CAD", "America/Toronto", 3),
    "SA": Exchange("B3", "B3 São Paulo", "BVMF", "BRL", "America/Sao_Paulo"),
    "MX": Exchange("BMV", "Mexico", "XMEX", "MXN", "America/Mexico_City"),
    "SN": Exchange("SANTIAGO", "Santiago", "XSGO", "CLP", "America/Santiago"),
    "BA": Exchange("BYMA", "Buenos Aires", "XBUE", "ARS", "America/Argentina/Buenos_Aires"),
}


EXCHANGE_BY_CODE = {
    exchange.code: exchange
    for exchange in (
        *EXCHANGE_BY_SUFFIX.values(), US, CRYPTO, FOREX, FUTURES, DEMO_INDIA, DEMO_US, UNKNOWN_EXCHANGE
    )
}  # fmt: skip


def exchange_named(code: str) -> Exchange:
    """Return the exchange with this code. Raise KeyError for an unknown one."""
    return EXCHANGE_BY_CODE[code]


# Yahoo's codes of markets, `exchangeName` in its answers, for symbols whose form does not tell: indices above all.
_SUFFIXES_BY_YAHOO_CODE = {
    "NSI": "NS", "BSE": "BO", "LSE": "L", "FGI": "L", "GER": "DE", "FRA": "F", "PAR": "PA", "AMS": "AS", "BRU": "BR",
    "LIS": "LS", "MCE": "MC", "MIL": "MI", "VIE": "VI", "EBS": "SW", "STO": "ST", "CPH": "CO", "HEL": "HE", "OSL": "OL",
    "WSE": "WA", "IST": "IS", "JPX": "T", "OSA": "T", "HKG": "HK", "SHH": "SS", "SHZ": "SZ", "TAI": "TW", "KSC": "KS",
    "KOE": "KQ", "SES": "SI", "KLS": "KL", "JKT": "JK", "SET": "BK", "ASX": "AX", "NZE": "NZ", "TOR": "TO", "VAN": "V",
    "SAO": "SA", "MEX": "MX", "JNB": "JO", "SAU": "SR", "TLV": "TA", "BUE": "BA",
}  # fmt: skip
EXCHANGE_BY_YAHOO_CODE = {
    **{code: EXCHANGE_BY_SUFFIX[suffix] for code, suffix in _SUFFIXES_BY_YAHOO_CODE.items()},
    **dict.fromkeys(
        ("NMS", "NGM", "NCM", "NYQ", "ASE", "PCX", "BTS", "PNK", "OQB", "OQX", "OEM", "SNP", "DJI", "NIM", "WCB", "CXI",
         "CGI", "NAS", "NYS", "NYB", "CBO"), US),
    "CCC": CRYPTO,
    "CCY": FOREX,
    **dict.fromkeys(("CMX", "NYM", "CBT", "CME"), FUTURES),
}  # fmt: skip
