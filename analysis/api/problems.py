"""Problems: every refusal of the API in one shape, a kind for programs and a sentence for people."""

import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, InterfaceError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, ValidationError

from analysis.database_faults import find_fault, record_damage
from analysis.rejections import QuotaExceeded, RequestRejected

logger = logging.getLogger(__name__)

LIMIT_RETRY_SECONDS, DATABASE_RETRY_SECONDS = 60, 5


class Kind(StrEnum):
    BAD_REQUEST = "bad_request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TOO_LARGE = "too_large"
    INVALID = "invalid"
    REFUSED = "refused"
    OVER_LIMIT = "over_limit"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


class Error(Schema):
    """Problem with a request; `fields` names the inputs at fault, with a sentence or more each."""

    kind: Kind
    message: str
    fields: dict[str, list[str]] | None = None


class Problem(Schema):
    error: Error


GROUPS = {"payload", "query", "paging", "risk"}
"""The operations' own names for bodies and groups of parameters, which are left out of a problem's fields."""

READ_PROBLEMS = frozenset({401, 404, 422, 429, 503})
WRITE_PROBLEMS = READ_PROBLEMS | {400, 403, 413}


class InvalidInput(Exception):
    """Rejection of some inputs, each with its sentences."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self.fields = fields
        super().__init__(fields)

    @classmethod
    def of(cls, form: BaseForm) -> "InvalidInput":
        return cls({field: [str(error) for error in errors] for field, errors in form.errors.items()})


class TooManyRequests(Exception):
    """Refusal of a request beyond the limit per minute; the message is a sentence, `wait` the seconds to wait."""

    def __init__(self, message: str, wait: int) -> None:
        self.wait = wait
        super().__init__(message)


def problem_response(
    status: int, kind: Kind, message: str, fields: Mapping[str, list[str]] | None = None, **headers: str
) -> JsonResponse:
    """Return a problem as a response; header names are given with underscores."""
    error = {"kind": kind, "message": message} | ({"fields": fields} if fields else {})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse({"error": error}, status=status, headers=named)


def install(api: NinjaAPI) -> None:
    """Let this API answer every exception with a problem."""
    for error, handler in HANDLERS.items():
        api.add_exception_handler(error, handler)


def _invalid(_: HttpRequest, error: Any) -> HttpResponse:
    name, sentences = next(iter(error.fields.items()))
    about = f"{name}: " if name and name != "__all__" else ""
    return problem_response(422, Kind.INVALID, f"{about}{sentences[0]}", error.fields)


def _not_valid(request: HttpRequest, error: Any) -> HttpResponse:
    """Answer pydantic's errors in the shape of a form's errors."""
    fields: dict[str, list[str]] = {}
    for line in error.errors:
        place = [str(part) for part in line["loc"][1:]]
        name = ".".join(place[1:] if place and place[0] in GROUPS else place) or "body"
        is_unknown = line["type"] == "extra_forbidden"
        message = "This is not a field here" if is_unknown else line["msg"].removeprefix("Value error, ")
        fields.setdefault(name, []).append(message if message.endswith(".") else f"{message}.")
    return _invalid(request, InvalidInput(fields))


def _refused(_: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(422, Kind.REFUSED, str(error))


def _over_limit(_: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(429, Kind.OVER_LIMIT, str(error), Retry_After=str(LIMIT_RETRY_SECONDS))


def _too_often(_: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(429, Kind.OVER_LIMIT, str(error), Retry_After=str(error.wait))


def _not_found(*_: object) -> HttpResponse:
    return problem_response(404, Kind.NOT_FOUND, "There is nothing here, or nothing that is yours.")


def _unauthenticated(_: HttpRequest, error: Any) -> HttpResponse:
    message = error.message if error.message != "Unauthorized" else "Log in, or send a token: Authorization: Bearer …"
    return problem_response(401, Kind.UNAUTHENTICATED, message, WWW_Authenticate='Bearer realm="api"')


def _forbidden(_: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(403, Kind.FORBIDDEN, error.message)


def _bad_request(*_: object) -> HttpResponse:
    return problem_response(400, Kind.BAD_REQUEST, "The body cannot be read; it must be JSON.")


def _too_large(*_: object) -> HttpResponse:
    return problem_response(413, Kind.TOO_LARGE, "The body is too large.")


def _unavailable(request: HttpRequest, error: Any) -> HttpResponse:
    fault = find_fault(error)
    if fault is None:
        return _internal(request, error)
    record_damage(error)
    logger.error("%s %s", fault.sentence, str(error).strip(), extra={"fault": fault})
    advice = "" if fault.is_lasting else " Try again in a few seconds."
    message = fault.sentence + advice
    return problem_response(503, Kind.UNAVAILABLE, message, Retry_After=str(DATABASE_RETRY_SECONDS))


def _internal(request: HttpRequest, error: Any) -> HttpResponse:
    logger.error("Internal error: %s %s", request.method, request.path, exc_info=error)
    return problem_response(500, Kind.INTERNAL, "Something went wrong here; it has been logged.")


HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    Exception: _internal,
    Http404: _not_found,
    RequestRejected: _refused,
    QuotaExceeded: _over_limit,
    TooManyRequests: _too_often,
    InvalidInput: _invalid,
    ValidationError: _not_valid,
    HttpError: _bad_request,
    AuthenticationError: _unauthenticated,
    AuthorizationError: _forbidden,
    RequestDataTooBig: _too_large,
    UnreadablePostError: _bad_request,
    DatabaseError: _unavailable,
    InterfaceError: _unavailable,
}
