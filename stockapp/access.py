"""Access to the API: by a token in the header, or by the session of a logged-in user."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.errors import AuthenticationError, AuthorizationError
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from analysis.api.problems import TooManyRequests
from stockapp.accounts.tokens import find_token, record_use
from stockapp.limits import count_request, wait_sentence
from stockapp.meters import by_user

SAFE = ("GET", "HEAD", "OPTIONS")


class TokenAccess(HttpBearer):
    """Access by `Authorization: Bearer KEY`; a read-only token gets 403 for anything else."""

    def __call__(self, request: HttpRequest) -> Any | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationError(message="The header must be: Authorization: Bearer KEY.")
        return self.authenticate(request, key.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Any | None:
        api_token = find_token(token)
        if api_token is None:
            raise AuthenticationError(message="This token is not known, or it was revoked, or it has expired.")
        if request.method not in SAFE and not api_token.may_write:
            raise AuthorizationError(message="This token may only read; make one that may submit.")
        if wait := count_request(request, by_user, str(api_token.user_id)):
            raise TooManyRequests(wait_sentence(by_user, wait), wait)
        record_use(api_token)
        request.user = api_token.user
        return api_token


class SessionAccess(APIKeyCookie):
    """Access by the session of a browser; a request that changes something needs its CSRF token, as a form does."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Any | None:
        if not request.user.is_authenticated:
            return None
        if check_csrf(request):
            raise AuthorizationError(message="The CSRF token is missing or wrong: send it as X-CSRFToken.")
        return request.user

    def authenticate(self, request: HttpRequest, key: str | None) -> Any | None:
        return self(request)
