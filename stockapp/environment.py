"""Environment: reads and validates the environment variables; no other module reads them."""

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from unicodedata import category
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import available_timezones

import dj_database_url
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from analysis.prices.markets import EXCHANGE_CODES
from analysis.prices.source_order import SourceOrder, parse_sources, parse_sources_by_exchange
from stockapp.addresses import check_database, check_hosts, check_origins, check_proxies, mailer

BASE_DIR = Path(__file__).resolve().parent.parent

LOOPBACK = ("127.0.0.1", "::1", "localhost")
UNIX = "unix"
"""The entry of TRUSTED_PROXIES for peers that connect by a socket file."""
NO_PROXY = "none"

Names = Annotated[tuple[str, ...], NoDecode]

# The limits of Django's own check, security.W009.
KEY_LETTERS = 50
KEY_DIFFERENT_LETTERS = 5
KEY_FROM_A_TEMPLATE = "django-insecure"
TOKEN_LETTERS = 16
NEW_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"

UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of Unicode: control characters, halves of characters, ends of lines and of paragraphs."""
SETTING_NAME = re.compile(r"[A-Z]+(_[A-Z]+)*")


class BadEnvironment(SystemExit):
    """An unusable environment; the message is one line for the person who starts the application."""


class Environment(BaseSettings):
    """The settings of an installation; `.env.example` explains each to its owner."""

    model_config = SettingsConfigDict(env_file_encoding="utf-8", env_ignore_empty=True, extra="forbid", frozen=True)

    secret_key: SecretStr = SecretStr("")
    debug: bool = False
    allowed_hosts: Names = ()
    csrf_trusted_origins: Names = ()
    hsts_subdomains: bool = False
    hsts_preload: bool = False
    database_url: SecretStr = SecretStr("")
    data_dir: Path = BASE_DIR / "data"
    price_source: str = "yahoo"
    price_sources_by_exchange: str = ""
    csv_prices_dir: Path | None = None
    yahoo_url: str = ""
    default_exchange: str = ""
    requests_per_second: float = Field(default=1.0, ge=0.01, le=100, allow_inf_nan=False)
    limit_pause_seconds: int = Field(default=60, ge=1, le=3600)
    workers: int = Field(default=2, ge=1, le=64)
    lease_seconds: int = Field(default=90, ge=3, le=3600)
    max_stocks_per_job: int = Field(default=5_000, ge=1, le=100_000)
    max_active_jobs_per_user: int = Field(default=10, ge=1, le=1_000)
    max_waiting_stocks: int = Field(default=25_000, ge=1, le=1_000_000)
    max_waiting_stocks_per_user: int = Field(default=5_000, ge=1, le=1_000_000)
    reserved_waiting_stocks: int = Field(default=10_000, ge=0, le=1_000_000)
    max_stocks_per_day_per_user: int = Field(default=50_000, ge=1, le=10_000_000)
    max_watched_stocks_per_user: int = Field(default=3_000, ge=1, le=100_000)
    max_unconfirmed_stocks_per_user: int = Field(default=5_000, ge=1, le=1_000_000)
    deadline_seconds_per_stock: int = Field(default=20, ge=1, le=3600)
    keep_details_days: int = Field(default=90, ge=1, le=36_500)
    keep_results_days: int = Field(default=730, ge=1, le=36_500)
    keep_raw_data_days: int = Field(
        default_factory=lambda data: min(730, data.get("keep_results_days", 730)), ge=1, le=36_500
    )
    schedule_delay_minutes: int = Field(default=45, ge=30, le=720)
    max_price_age_sessions: int = Field(10, ge=1, le=250)
    email_url: SecretStr = SecretStr("")
    email_from: str = ""
    site_url: str = ""
    allow_private_notices: bool = False
    time_zone: str = "UTC"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["line", "json"] = "line"
    metrics_token: SecretStr = SecretStr("")
    trusted_proxies: Names = ("127.0.0.1", "::1", UNIX)
    requests_per_minute_per_user: int = Field(default=600, ge=60, le=100_000)
    requests_per_minute_per_address: int = Field(default=600, ge=60, le=100_000)
    logins_per_minute_per_address: int = Field(default=20, ge=1, le=10_000)
    session_idle_days: int = Field(default=14, ge=1, le=365)
    session_max_days: int = Field(default=90, ge=1, le=365)

    @field_validator("allowed_hosts", "csrf_trusted_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("*", mode="before")
    @classmethod
    def _is_one_line_of_text(cls, value: Any) -> Any:
        # Pydantic runs the last of these first: it has to see the value before it is split.
        if isinstance(value, str) and any(category(letter) in UNPRINTABLE for letter in value):
            raise ValueError("it has a line break, a tab or another character that cannot be printed")
        return value

    @field_validator("data_dir", "csv_prices_dir")
    @classmethod
    def _from_the_project(cls, value: Path | None) -> Path | None:
        return value and BASE_DIR / value.expanduser()

    @field_validator("allowed_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_hosts(value)
        return value

    @field_validator("csrf_trusted_origins")
    @classmethod
    def _origins_have_a_scheme(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        check_origins(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value == (NO_PROXY,):
            return ()
        check_proxies(name for name in value if name != UNIX)
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no time zone; use a name like Asia/Kolkata")
        return value

    @field_validator("default_exchange")
    @classmethod
    def _is_an_exchange(cls, value: str) -> str:
        if value and value not in EXCHANGE_CODES:
            raise ValueError(f"{value!r} is no exchange that is known here; there are: {', '.join(EXCHANGE_CODES)}")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, value: SecretStr) -> SecretStr:
        check_database(value.get_secret_value())
        return value

    @field_validator("metrics_token")
    @classmethod
    def _cannot_be_guessed(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < TOKEN_LETTERS:
            raise ValueError(f"it has fewer than {TOKEN_LETTERS} letters; make one with {NEW_KEY}")
        return value

    @field_validator("email_url")
    @classmethod
    def _is_a_mail_server(cls, value: SecretStr) -> SecretStr:
        mailer(value.get_secret_value())
        return value

    @field_validator("site_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/")):
            raise ValueError("it must be where the pages are, like https://stocks.example.org, without a path")
        return value.rstrip("/")

    @field_validator("yahoo_url")
    @classmethod
    def _is_on_this_machine(cls, value: str) -> str:
        if value and not (value.startswith("http://") and urlsplit(value).hostname in LOOPBACK):
            raise ValueError("it must be on this machine, like http://127.0.0.1:8009; leave it empty for Yahoo itself")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _has_a_strong_key(self) -> Self:
        key = self.secret_key.get_secret_value()
        if not key:
            raise ValueError("SECRET_KEY is missing; `make setup` writes one into .env")
        if self.debug:
            return self
        if len(key) < KEY_LETTERS:
            raise ValueError(f"SECRET_KEY has fewer than {KEY_LETTERS} letters; make one with {NEW_KEY}")
        if len(set(key)) < KEY_DIFFERENT_LETTERS or key.startswith(KEY_FROM_A_TEMPLATE):
            raise ValueError(f"SECRET_KEY can be guessed; make one with {NEW_KEY}")
        return self

    @model_validator(mode="after")
    def _what_goes_together(self) -> Self:
        if not self.debug and not self.allowed_hosts:
            raise ValueError("ALLOWED_HOSTS is missing; it names the hosts to answer for when DEBUG is off")
        if self.yahoo_url and not self.debug:
            raise ValueError(
                "YAHOO_URL is for trials: what stands in for Yahoo makes prices up, so it needs DEBUG=true"
            )
        if self.keep_results_days < max(self.keep_raw_data_days, self.keep_details_days):
            raise ValueError(
                "KEEP_RESULTS_DAYS must not be less than KEEP_RAW_DATA_DAYS and KEEP_DETAILS_DAYS: raw data and "
                "details go with their results and jobs"
            )
        if self.hsts_preload and not self.hsts_subdomains:
            raise ValueError(
                "HSTS_PRELOAD needs HSTS_SUBDOMAINS=true: browsers preload a domain with its subdomains only"
            )
        if self.session_idle_days > self.session_max_days:
            raise ValueError("SESSION_IDLE_DAYS must not be more than SESSION_MAX_DAYS, after which every session ends")
        if self.price_order.uses("csv") and self.csv_prices_dir is None:
            raise ValueError("CSV_PRICES_DIR is missing; the price source csv reads TICKER.csv files from it")
        return self

    @model_validator(mode="after")
    def _can_send_email(self) -> Self:
        if self.sends_email and not self.email_from:
            raise ValueError("EMAIL_FROM is missing; EMAIL_URL needs the address that e-mail comes from")
        if self.sends_email and not self.debug and not self.site_url:
            raise ValueError("SITE_URL is missing; the links in e-mail need the address of the pages")
        return self

    @field_validator("price_source")
    @classmethod
    def _are_sources(cls, value: str) -> str:
        return ",".join(parse_sources(value))

    @field_validator("price_sources_by_exchange")
    @classmethod
    def _are_sources_of_exchanges(cls, value: str) -> str:
        parse_sources_by_exchange(value)
        return value

    @property
    def price_order(self) -> SourceOrder:
        """Return the price sources in their order."""
        return SourceOrder(parse_sources(self.price_source), parse_sources_by_exchange(self.price_sources_by_exchange))

    @property
    def sends_email(self) -> bool:
        """Return whether EMAIL_URL is set."""
        return bool(self.email_url.get_secret_value())

    @property
    def mailers(self) -> dict[str, Any]:
        """Return Django's settings for sending e-mail; without EMAIL_URL it is refused."""
        return {"default": mailer(self.email_url.get_secret_value()) or {"BACKEND": "stockapp.mail.NoMail"}}

    @property
    def database(self) -> dict[str, Any]:
        """Return Django's settings of the database, without options."""
        url = self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'stockapp.sqlite3'}"
        return dict(dj_database_url.parse(url))

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """Return the values that must appear in no page and no log: the key, the token and the passwords."""
        addresses = [urlsplit(url.get_secret_value()) for url in (self.database_url, self.email_url)]
        passwords = [address.password or "" for address in addresses]
        passwords += [text for name, text in parse_qsl(addresses[0].query) if "password" in name.lower()]
        tokens = [self.secret_key.get_secret_value(), self.metrics_token.get_secret_value()]
        return tuple(filter(None, dict.fromkeys([*tokens, *passwords, *map(unquote, passwords)])))


def env_file() -> Path | None:
    """Return the file that ENV_FILE names: `.env` unless set, none when empty."""
    name = os.environ.get("ENV_FILE", ".env")
    return BASE_DIR / name if name else None


def read() -> Environment:
    """Read the process's environment and its file.

    Raise BadEnvironment with one line that names the setting.
    """
    try:
        return Environment(_env_file=env_file())  # type: ignore[call-arg]
    except ValidationError as error:
        raise BadEnvironment(_one_line(error)) from None


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]).upper() if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        # The second line of a secret that was split by mistake may look like a name with a value.
        shown = f" {name}" if SETTING_NAME.fullmatch(str(first["loc"][0]).upper()) else ""
        return f"Unknown setting{shown}: see .env.example for those there are."
    reason = first["msg"].removeprefix("Value error, ")
    return f"Bad setting: {name + ': ' if name else ''}{reason}."
