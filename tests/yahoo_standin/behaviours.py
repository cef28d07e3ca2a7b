"""Behaviours: what the stand-in does when it is asked for a symbol. `RESET.NS`, `RESET2.NS` … behave as RESET says."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from enum import Enum, auto
from typing import Any

from tests.receivers import bomb
from tests.yahoo_standin.market import Chart, Market

HUGE = 5_000_000
BOMB_MEGABYTES = 512
NOT_FOUND = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
TOO_MANY = {"code": "Too Many Requests", "description": "Too Many Requests"}
INVALID = {"code": "Unprocessable Entity", "description": "Invalid input - interval=1d is not supported"}
NO_PERIOD = {"code": "Bad Request", "description": "Data doesn't exist for startDate = 1, endDate = 2"}


class Fault(Enum):
    """What is no HTTP answer at all."""

    SLOW = auto()
    DRIP = auto()
    RESET = auto()
    SILENT = auto()
    TRUNCATED = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a symbol's chart, the `attempt`th for it."""

    symbol: str
    first: date
    last: date
    attempt: int
    market: Market

    def chart(self) -> Chart:
        """The sound answer."""
        return self.market.chart(self.symbol, self.first, self.last)


type Behaviour = Callable[[Asked], Reply | Fault]


def as_json(body: Any, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def sound(asked: Asked) -> Reply:
    """Made-up bars, as good as they come."""
    return as_json(asked.chart())


def error(status: int, reason: dict[str, str]) -> Behaviour:
    """A status with the error that Yahoo writes into its JSON."""
    return lambda _: as_json({"chart": {"result": None, "error": reason}}, status)


def text(status: int, body: str) -> Behaviour:
    """A status with a text that is no chart."""
    return lambda _: Reply(status, body.encode(), {"Content-Type": "text/html"})


def limit(status: int, retry_after: str, body: str = "") -> Behaviour:
    """A status with a time after which to ask again."""
    return lambda _: Reply(status, body.encode(), {"Content-Type": "text/html", "Retry-After": retry_after})


def limited_until(_: Asked) -> Reply:
    """A limit that names its end, two minutes from now, by this server's own clock, which is an hour ahead."""
    now = datetime.now(UTC) + timedelta(hours=1)
    stamps = {"Date": format_datetime(now, usegmt=True)}
    return Reply(429, b"", {**stamps, "Retry-After": format_datetime(now + timedelta(seconds=120), usegmt=True)})


def fault(kind: Fault) -> Behaviour:
    """No answer, in one of several ways."""
    return lambda _: kind


def changed(change: Callable[[dict[str, Any]], None]) -> Behaviour:
    """A sound answer whose result is then changed."""

    def behaviour(asked: Asked) -> Reply:
        chart = asked.chart()
        change(chart["chart"]["result"][0])
        return as_json(chart)

    return behaviour


def once(first: Behaviour) -> Behaviour:
    """Something the first time that a symbol is asked for, and sound afterwards."""
    return lambda asked: first(asked) if asked.attempt == 1 else sound(asked)


def _columns(result: dict[str, Any]) -> list[list[Any]]:
    quote, adjusted = result["indicators"]["quote"][0], result["indicators"]["adjclose"][0]
    return [*quote.values(), adjusted["adjclose"]]


def _blank(result: dict[str, Any], rows: slice) -> None:
    for column in _columns(result):
        column[rows] = [None] * len(column[rows])


def _blank_last_close(result: dict[str, Any]) -> None:
    result["indicators"]["quote"][0]["close"][-1] = result["indicators"]["adjclose"][0]["adjclose"][-1] = None


def _blank_a_timestamp(result: dict[str, Any]) -> None:
    result["timestamp"][-2] = None


def _repeat_one(result: dict[str, Any]) -> None:
    for column in (result["timestamp"], *_columns(result)):
        column.insert(-9, column[-10])
    result["timestamp"][-10] += 3600


def _is_of_no_period(result: dict[str, Any]) -> None:
    """As Yahoo answers for a period without sessions."""
    del result["timestamp"]
    result["indicators"] = {"quote": [{}], "adjclose": [{}]}


def _write_as_text(result: dict[str, Any]) -> None:
    quote = result["indicators"]["quote"][0]
    quote["close"] = [{"raw": price} for price in quote["close"]]


def _reverse(result: dict[str, Any]) -> None:
    for column in (result["timestamp"], *_columns(result)):
        column[-10:] = column[-10:][::-1]


def _halve_volumes(result: dict[str, Any]) -> None:
    quote = result["indicators"]["quote"][0]
    quote["volume"] = [volume / 2 + 0.25 for volume in quote["volume"]]


def _in_pence(result: dict[str, Any]) -> None:
    for column in (column for column in _columns(result) if column is not result["indicators"]["quote"][0]["volume"]):
        column[-30:-20] = [price * 100 for price in column[-30:-20]]


def _pay_in_pounds(result: dict[str, Any]) -> None:
    stamp, close = result["timestamp"][-20], result["indicators"]["quote"][0]["close"][-20]
    result["events"] = {"dividends": {str(stamp): {"amount": close * 0.04, "date": stamp}}}


def _keep_last(count: int) -> Callable[[dict[str, Any]], None]:
    def keep(result: dict[str, Any]) -> None:
        for column in (result["timestamp"], *_columns(result)):
            del column[:-count]

    return keep


def zipped(asked: Asked) -> Reply:
    """A sound answer, compressed."""
    reply = sound(asked)
    return Reply(reply.status, gzip.compress(reply.body), {**reply.headers, "Content-Encoding": "gzip"})


def bombed(_: Asked) -> Reply:
    """Half a gigabyte of blanks in half a megabyte."""
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return Reply(200, bomb(BOMB_MEGABYTES), headers)


def moved(asked: Asked) -> Reply:
    """A redirect to itself, for ever."""
    return Reply(302, b"", {"Location": f"/v8/finance/chart/{asked.symbol}?again={asked.attempt}"})


UNAUTHORIZED = {"code": "Unauthorized", "description": "User is unable to access this feature"}
BEHAVIOURS: dict[str, Behaviour] = {
    "UNKNOWN": error(404, NOT_FOUND),
    "NOPERIOD": error(400, NO_PERIOD),
    "LOSTPAGE": text(404, "<html>This page has moved</html>"),
    "LIMITED": text(429, "Too Many Requests"),
    "NINES": text(999, "<html>Unable to process request at this time -- error 999</html>"),
    "LIMITEDTEXT": text(200, "Too Many Requests\r\n"),
    "LIMITEDBODY": error(200, TOO_MANY),
    "LIMITEDCODE": error(200, {"code": "429", "description": "Slow down"}),
    "LIMITEDRATE": error(200, {"code": "Forbidden", "description": "Rate limit exceeded"}),
    "LIMITEDPAGE": text(200, f"<html><style>{'a {} ' * 4000}</style><h1>Too many requests</h1></html>"),
    "LIMITEDFINANCE": lambda _: as_json({"finance": {"result": None, "error": TOO_MANY}}, 403),
    "RETRYAFTER": limit(429, "120"),
    "RETRYDATE": limited_until,
    "RETRYNONSENSE": limit(429, "in a while"),
    "BUSY": limit(503, "120", "<html>Busy</html>"),
    "FORBIDDENFOR": limit(403, "120"),
    "BROKENFOR": limit(502, "120", "<html>Bad gateway</html>"),
    "REFUSED": error(401, UNAUTHORIZED),
    "REFUSEDONCE": once(error(401, UNAUTHORIZED)),
    "FORBIDDEN": text(403, "<html>Forbidden</html>"),
    "BROKEN": text(500, "oops"),
    "TOOSLOW": text(408, "<html>Request Timeout</html>"),
    "BADGATEWAY": text(502, "<html>Bad gateway</html>"),
    "HTML": text(200, "<html>Welcome</html>"),
    "GARBAGE": text(200, '{"chart": {"resu'),
    "NOTHING": text(200, ""),
    "DOWN": text(200, "Will be right back"),
    "ERRORBODY": error(200, {"code": "Internal Server Error", "description": "error"}),
    "UNKNOWNBODY": error(200, NOT_FOUND),
    "NULL": lambda _: as_json(None),
    "LIST": lambda _: as_json([]),
    "WORD": lambda _: as_json("ok"),
    "OTHERSHAPE": lambda asked: as_json({"series": {asked.symbol: asked.chart()["chart"]["result"]}}),
    "NOCHART": lambda _: as_json({"chart": None}),
    "NULLRESULT": lambda _: as_json({"chart": {"result": None, "error": None}}),
    "BADREQUEST": text(400, "<html>Bad Request</html>"),
    "GONE": text(410, ""),
    "UNPROCESSABLE": error(422, INVALID),
    "NEWERROR": error(200, {"code": "Upgrade Required", "description": "Use version 9"}),
    "NODAYS": changed(_is_of_no_period),
    "NOINDICATORS": changed(lambda result: result.pop("indicators")),
    "NOMETA": changed(lambda result: result.pop("meta")),
    "SHORTMETA": changed(lambda result: result["meta"].pop("instrumentType")),
    "NULLSTAMP": changed(_blank_a_timestamp),
    "NOADJUSTED": changed(lambda result: result["indicators"].pop("adjclose")),
    "OBJECTS": changed(_write_as_text),
    "NORESULT": lambda _: as_json({"chart": {"result": [], "error": None}}),
    "RESET": fault(Fault.RESET),
    "SILENT": fault(Fault.SILENT),
    "TRUNCATED": fault(Fault.TRUNCATED),
    "SLOW": fault(Fault.SLOW),
    "DRIP": fault(Fault.DRIP),
    "LOOP": moved,
    "FLAKY": lambda asked: Fault.RESET if asked.attempt % 2 else sound(asked),
    "NOTIMESTAMP": changed(lambda result: result.pop("timestamp")),
    "ALLNULL": changed(lambda result: _blank(result, slice(None))),
    "HOLES": changed(lambda result: _blank(result, slice(-8, -5))),
    "LASTNULL": changed(_blank_last_close),
    "TWICE": changed(_repeat_one),
    "DISORDER": changed(_reverse),
    "FLOATVOLUME": changed(_halve_volumes),
    "PENCE": changed(_in_pence),
    "BADDIVIDEND": changed(_pay_in_pounds),
    "OTHERSYMBOL": changed(lambda result: result["meta"].update(symbol="META")),
    "LOWERSYMBOL": changed(lambda result: result["meta"].update(symbol=result["meta"]["symbol"].lower())),
    "NOSYMBOL": changed(lambda result: result["meta"].pop("symbol")),
    "OTHERCURRENCY": changed(lambda result: result["meta"].update(currency="XAU")),
    "NOCURRENCY": changed(lambda result: result["meta"].update(currency=None)),
    "YOUNG": changed(_keep_last(43)),
    "HUGE": changed(lambda result: result["meta"].update(padding="x" * HUGE)),
    "ZIPPED": zipped,
    "BOMB": bombed,
}

CRUMBS: dict[str, Reply] = {
    "CRUMB": Reply(200, b"a-crumb"),
    "LIMITED": Reply(429, b"Slow"),
    "LIMITEDTEXT": Reply(200, b"Too Many Requests\r\n"),
    "RETRYAFTER": Reply(429, b"", {"Retry-After": "120"}),
    "HTML": Reply(200, b"<html>Sorry</html>"),
    "EMPTY": Reply(200, b""),
    "REFUSED": Reply(401, b"denied"),
    "LONG": Reply(200, b"x" * 500),
    "JSON": Reply(200, b'{"finance":{"error":{"code":"Unauthorized"}}}'),
}


def behaviour_of(symbol: str) -> Behaviour:
    """What a symbol's name says: its part before the suffix, without a number at its end; sound for other names."""
    return BEHAVIOURS.get(symbol.partition(".")[0].rstrip("0123456789").rstrip("-"), sound)
