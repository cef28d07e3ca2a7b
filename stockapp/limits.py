"""Limits: what is too large or cannot be read is refused with a sentence, before anything of it is kept."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from analysis.api import problems
from stockapp.middleware import Answer

TOO_MANY_FIELDS = "The form has too many fields. Nothing was changed. Tick fewer, and do the rest afterwards."
NOT_UNDERSTOOD = "The server could not read this request. Nothing was changed. Go back, reload the page and try again."


def refuse_what_is_too_large(get_response: Answer) -> Answer:
    """Files count too, which Django's own limit leaves out; a request that does not say its length has no body."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        return too_large(request) if _length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE else get_response(request)

    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of 400: the sentence that fits."""
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    is_too_much = isinstance(exception, TooManyFieldsSent | TooManyFilesSent)
    return _said(request, 400, "Not understood", TOO_MANY_FIELDS if is_too_much else NOT_UNDERSTOOD)


def too_large(request: HttpRequest) -> HttpResponse:
    megabytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 2**20
    sentence = f"This is larger than {megabytes:.1f} MB, which is the limit. Nothing was changed. Send it in parts."
    return _said(request, 413, "Too large", sentence)


def _said(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    """As the asker can read it: JSON for a program, a line for htmx, else a page that asks nothing of the database."""
    if request.path.startswith("/api/"):
        kind = problems.Kind.TOO_LARGE if status == 413 else problems.Kind.BAD_REQUEST
        return problems.answer(status, kind, sentence)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(sentence, status=status, content_type="text/plain")
    page = render_to_string("refused.html", {"title": title, "sentence": sentence})
    return HttpResponse(page, status=status)


def _length(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(text) if text.isdecimal() else 0
