"""The environment: the one place that reads it, strictly."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import unquote, urlsplit
from zoneinfo import available_timezones

import dj_database_url
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent

LOOPBACK = ("127.0.0.1", "::1", "localhost")

Names = Annotated[tuple[str, ...], NoDecode]


class BadEnvironment(SystemExit):
    """The environment cannot be used; the message is one line for the person who starts the application."""


class Environment(BaseSettings):
    """What an installation may set; `.env.example` explains each to its owner."""

    model_config = SettingsConfigDict(env_file_encoding="utf-8", env_ignore_empty=True, extra="forbid", frozen=True)

    secret_key: str = ""
    debug: bool = False
    allowed_hosts: Names = ()
    csrf_trusted_origins: Names = ()
    database_url: str = ""
    data_dir: Path = BASE_DIR / "data"
    price_source: Literal["yahoo", "csv"] = "yahoo"
    csv_prices_dir: Path | None = None
    yahoo_url: str = ""
    requests_per_second: float = Field(default=1.0, gt=0)
    limit_pause_seconds: int = Field(default=60, ge=1, le=3600)
    workers: int = Field(default=2, ge=1, le=64)
    lease_seconds: int = Field(default=90, ge=3, le=3600)
    max_stocks_per_job: int = Field(default=5_000, ge=1)
    max_active_jobs_per_user: int = Field(default=10, ge=1)
    max_waiting_stocks: int = Field(default=25_000, ge=1)
    max_waiting_stocks_per_user: int = Field(default=5_000, ge=1)
    reserved_waiting_stocks: int = Field(default=10_000, ge=0)
    max_watched_stocks_per_user: int = Field(default=3_000, ge=1)
    deadline_seconds_per_stock: int = Field(default=20, ge=1)
    keep_raw_data_days: int = Field(default=30, ge=1)
    keep_details_days: int = Field(default=90, ge=1)
    keep_results_days: int = Field(default=730, ge=1)
    schedule_delay_minutes: int = Field(default=45, ge=30, le=720)
    email_url: str = ""
    email_from: str = ""
    site_url: str = ""
    allow_private_notices: bool = False
    time_zone: str = "UTC"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["line", "json"] = "line"
    metrics_token: str = ""
    trusted_proxies: int = Field(default=0, ge=0, le=5)

    @field_validator("allowed_hosts", "csrf_trusted_origins", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("data_dir", "csv_prices_dir")
    @classmethod
    def _from_the_project(cls, value: Path | None) -> Path | None:
        return value and BASE_DIR / value.expanduser()

    @field_validator("csrf_trusted_origins")
    @classmethod
    def _origins_have_a_scheme(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if bad := [origin for origin in value if not origin.startswith(("http://", "https://"))]:
            raise ValueError(f"{bad[0]!r} must start with https:// (or http://)")
        return value

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no time zone; use a name like Asia/Kolkata")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, value: str) -> str:
        if not value:
            return value
        if not value.startswith(("sqlite:///", "postgres://", "postgresql://")):
            raise ValueError("it must start with sqlite:/// or postgresql://")
        try:
            dj_database_url.parse(value)
        except ValueError as error:
            raise ValueError(f"it cannot be read: {error}") from None
        return value

    @field_validator("email_url")
    @classmethod
    def _is_a_mail_server(cls, value: str) -> str:
        mailer(value)
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
    def _what_goes_together(self) -> Self:
        if not self.secret_key:
            raise ValueError("SECRET_KEY is missing; `make setup` writes one into .env")
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
        if self.email_url and not self.email_from:
            raise ValueError("EMAIL_FROM is missing; EMAIL_URL needs the address that e-mail comes from")
        if self.email_url and not self.debug and not self.site_url:
            raise ValueError("SITE_URL is missing; the links in e-mail need the address of the pages")
        if self.price_source == "csv" and self.csv_prices_dir is None:
            raise ValueError("CSV_PRICES_DIR is missing; PRICE_SOURCE=csv reads TICKER.csv files from it")
        return self

    @property
    def mailers(self) -> dict[str, Any]:
        """Django's description of how e-mail is sent; without EMAIL_URL it is refused."""
        return {"default": mailer(self.email_url) or {"BACKEND": "stockapp.mail.NoMail"}}

    @property
    def database(self) -> dict[str, Any]:
        """Django's description of the database, without options."""
        return dict(dj_database_url.parse(self.database_url or f"sqlite:///{self.data_dir / 'stockapp.sqlite3'}"))


MAIL_SCHEMES = {"smtp": (25, {}), "smtp+tls": (587, {"use_tls": True}), "smtps": (465, {"use_ssl": True})}
MAIL_SECONDS = 15


def mailer(url: str) -> dict[str, Any]:
    """Django's description of the mail server at an address like smtp+tls://user:password@host:587; {} for none.

    Raises ValueError with what is wrong.
    """
    if not url:
        return {}
    parts = urlsplit(url)
    if parts.scheme == "console" and url == "console://":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in MAIL_SCHEMES or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("it must be like smtp+tls://user:password@host:587 (or smtp:// or smtps://), or console://")
    port, security = MAIL_SCHEMES[parts.scheme]
    login = {"username": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    server = {"host": parts.hostname, "port": parts.port or port, "timeout": MAIL_SECONDS}
    return {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {**server, **login, **security}}


def read() -> Environment:
    """Read the process's environment and the file that ENV_FILE names (`.env` unless set; none when empty).

    Raises BadEnvironment with one line that names the setting.
    """
    file = os.environ.get("ENV_FILE", ".env")
    try:
        return Environment(_env_file=BASE_DIR / file if file else None)  # type: ignore[call-arg]
    except ValidationError as error:
        raise BadEnvironment(_one_line(error)) from None


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]).upper() if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return f"Unknown setting {name}: see .env.example for those there are."
    reason = first["msg"].removeprefix("Value error, ")
    return f"Bad setting: {name + ': ' if name else ''}{reason}."
