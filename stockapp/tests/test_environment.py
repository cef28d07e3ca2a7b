"""The environment: what stops the start does so in one line that names the setting."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stockapp.environment import BASE_DIR, BadEnvironment, Environment, read

KEY = "a-key-for-these-tests-alone-which-is-long-enough-and-varied"
GOOD = {"ENV_FILE": "", "SECRET_KEY": KEY, "DEBUG": "true"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_is_not_set_has_its_default(environment: pytest.MonkeyPatch) -> None:
    env = read()
    assert (env.price_source, env.workers, env.time_zone, env.log_level) == ("yahoo", 2, "UTC", "INFO")
    assert env.keep_raw_data_days == env.keep_results_days == 730
    assert env.data_dir == BASE_DIR / "data"
    assert env.database["NAME"] == str(BASE_DIR / "data" / "stockapp.sqlite3")


def test_every_setting_is_read(environment: pytest.MonkeyPatch) -> None:
    values = {
        "DEBUG": "false",
        "ALLOWED_HOSTS": "a.example.org, b.example.org",
        "CSRF_TRUSTED_ORIGINS": "https://a.example.org",
        "DATABASE_URL": "postgresql://me:secret@db.example.org:5433/stocks",
        "DATA_DIR": "/srv/stockapp",
        "PRICE_SOURCE": "csv",
        "CSV_PRICES_DIR": "prices",
        "YAHOO_URL": "",
        "WORKERS": "4",
        "TIME_ZONE": "Asia/Kolkata",
        "LOG_LEVEL": "debug",
    }
    for name, value in values.items():
        environment.setenv(name, value)
    env = read()
    assert env.allowed_hosts == ("a.example.org", "b.example.org")
    assert env.csrf_trusted_origins == ("https://a.example.org",)
    assert (env.database["HOST"], env.database["PORT"], env.database["NAME"]) == ("db.example.org", 5433, "stocks")
    assert (env.data_dir, env.csv_prices_dir) == (Path("/srv/stockapp"), BASE_DIR / "prices")
    assert (env.workers, env.time_zone, env.log_level, env.debug) == (4, "Asia/Kolkata", "DEBUG", False)


def test_proxies_are_named_and_those_of_this_machine_unless_others_are(environment: pytest.MonkeyPatch) -> None:
    assert read().trusted_proxies == ("127.0.0.1", "::1", "unix")
    environment.setenv("TRUSTED_PROXIES", "10.0.0.5, 2001:db8::/64,unix")
    assert read().trusted_proxies == ("10.0.0.5", "2001:db8::/64", "unix")
    environment.setenv("TRUSTED_PROXIES", "none")
    assert read().trusted_proxies == ()


def test_raw_data_is_kept_two_years_but_no_longer_than_results(environment: pytest.MonkeyPatch) -> None:
    assert (read().keep_raw_data_days, read().keep_results_days) == (730, 730)
    environment.setenv("KEEP_RESULTS_DAYS", "100")
    assert read().keep_raw_data_days == 100
    environment.setenv("KEEP_RESULTS_DAYS", "2000")
    assert read().keep_raw_data_days == 730


def test_what_stands_in_for_yahoo_is_on_this_machine_and_for_trials_only(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("YAHOO_URL", "http://127.0.0.1:8009/")
    assert read().yahoo_url == "http://127.0.0.1:8009"
    environment.setenv("DEBUG", "false")
    environment.setenv("ALLOWED_HOSTS", "example.org")
    with pytest.raises(BadEnvironment, match="YAHOO_URL is for trials"):
        read()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "", "Bad setting: SECRET_KEY is missing; `make setup` writes one into .env."),
        ("DEBUG", "perhaps", "Bad setting: DEBUG: "),
        ("DEBUG", "false", "Bad setting: ALLOWED_HOSTS is missing; "),
        ("CSRF_TRUSTED_ORIGINS", "a.example.org", "Bad setting: CSRF_TRUSTED_ORIGINS: 'a.example.org' must start with"),
        ("DATABASE_URL", "mysql://x", "Bad setting: DATABASE_URL: it must start with sqlite:/// or postgresql://."),
        ("DATABASE_URL", "postgresql://u:p@127.0.0.1:notaport/x", "Bad setting: DATABASE_URL: it cannot be read: "),
        (
            "DEFAULT_EXCHANGE",
            "nse",
            "Bad setting: DEFAULT_EXCHANGE: 'nse' is no exchange that is known here; there are: US, ",
        ),
        ("PRICE_SOURCE", "oracle", "Bad setting: PRICE_SOURCE: 'oracle' is no price source; "),
        ("PRICE_SOURCE", "csv", "Bad setting: CSV_PRICES_DIR is missing; "),
        (
            "YAHOO_URL",
            "http://prices.example.org",
            "Bad setting: YAHOO_URL: it must be on this machine, like http://127",
        ),
        ("YAHOO_URL", "https://127.0.0.1:8009", "Bad setting: YAHOO_URL: it must be on this machine, like http://127"),
        ("WORKERS", "0", "Bad setting: WORKERS: Input should be greater than or equal to 1."),
        ("KEEP_RAW_DATA_DAYS", "0", "Bad setting: KEEP_RAW_DATA_DAYS: Input should be greater than or equal to 1."),
        ("KEEP_RESULTS_DAYS", "60", "Bad setting: KEEP_RESULTS_DAYS must not be less than "),
        (
            "TRUSTED_PROXIES",
            "1",
            "Bad setting: TRUSTED_PROXIES: 1 is no address. It names the proxies now, not how many",
        ),
        (
            "TRUSTED_PROXIES",
            "0",
            "Bad setting: TRUSTED_PROXIES: 0 is no address. It names the proxies now, not how many",
        ),
        (
            "TRUSTED_PROXIES",
            "::ffff:0:0/96",
            "Bad setting: TRUSTED_PROXIES: ::ffff:0:0/96 would trust everybody; name the proxies alone.",
        ),
        ("TRUSTED_PROXIES", "10.0.0.5/8", "Bad setting: TRUSTED_PROXIES: 10.0.0.5/8 has host bits set."),
        (
            "TRUSTED_PROXIES",
            "::/0",
            "Bad setting: TRUSTED_PROXIES: ::/0 would trust everybody; name the proxies alone.",
        ),
        ("TRUSTED_PROXIES", "10.0.0.5,nginx", "Bad setting: TRUSTED_PROXIES: 'nginx' does not appear to be an IPv4 or"),
        (
            "REQUESTS_PER_MINUTE_PER_USER",
            "59",
            "Bad setting: REQUESTS_PER_MINUTE_PER_USER: Input should be greater than",
        ),
        ("LOGINS_PER_MINUTE_PER_ADDRESS", "0", "Bad setting: LOGINS_PER_MINUTE_PER_ADDRESS: Input should be greater"),
        (
            "DEADLINE_SECONDS_PER_STOCK",
            "99999999999999",
            "Bad setting: DEADLINE_SECONDS_PER_STOCK: Input should be less",
        ),
        ("KEEP_RESULTS_DAYS", "800000", "Bad setting: KEEP_RESULTS_DAYS: Input should be less than or equal to 36500."),
        (
            "REQUESTS_PER_SECOND",
            "0",
            "Bad setting: REQUESTS_PER_SECOND: Input should be greater than or equal to 0.01.",
        ),
        (
            "ALLOWED_HOSTS",
            "a.org,https://b.org",
            "Bad setting: ALLOWED_HOSTS: 'https://b.org' is no host; write a name",
        ),
        (
            "METRICS_TOKEN",
            "f" * 15,
            "Bad setting: METRICS_TOKEN: it has fewer than 16 letters; make one with python3 -c",
        ),
        ("TIME_ZONE", "Mumbai", "Bad setting: TIME_ZONE: 'Mumbai' is no time zone; use a name like Asia/Kolkata."),
        ("LOG_LEVEL", "loud", "Bad setting: LOG_LEVEL: "),
    ],
)
def test_a_bad_value_is_one_line(environment: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    environment.setenv(name, value)
    with pytest.raises(BadEnvironment) as rejection:
        read()
    assert str(rejection.value).startswith(sentence)
    assert "\n" not in str(rejection.value)


def test_every_number_has_a_lower_and_an_upper_bound(
    environment: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    numbers = {name: field for name, field in Environment.model_fields.items() if field.annotation in (int, float)}
    assert {"requests_per_second", "keep_results_days", "workers"} <= set(numbers)
    for name, field in numbers.items():
        limits = {
            key: getattr(rule, key) for rule in field.metadata for key in ("ge", "gt", "le", "lt") if hasattr(rule, key)
        }
        with subtests.test(name):
            assert set(limits) == {"ge", "le"}
            for value in (limits["ge"] - 1, limits["le"] + 1, "1e300", "9" * 30, "inf", "-inf", "nan"):
                environment.setenv(name.upper(), str(value))
                with pytest.raises(
                    BadEnvironment, match=f"^Bad setting: {name.upper()}: Input should be "
                ) as rejection:
                    read()
                assert "\n" not in str(rejection.value)
            environment.delenv(name.upper())


def test_the_largest_numbers_are_dates_and_rows_that_there_are() -> None:
    most = {
        name: max(getattr(rule, "le", 0) for rule in field.metadata)
        for name, field in Environment.model_fields.items()
        if field.metadata
    }
    now = datetime.now(UTC)
    assert (now + timedelta(seconds=most["deadline_seconds_per_stock"] * most["max_stocks_per_job"])).year < 2100
    for name in ("keep_raw_data_days", "keep_details_days", "keep_results_days"):
        assert (now - timedelta(days=most[name])).year > 1900


def test_hosts_are_what_a_request_can_name(environment: pytest.MonkeyPatch, subtests: pytest.Subtests) -> None:
    good = (
        "stocks.example.org",
        ".example.org",
        "LOCALHOST",
        "10.0.0.5",
        "[::1]",
        "[2001:db8::1]",
        "*",
        "a-b.xn--p1ai",
    )
    environment.setenv("ALLOWED_HOSTS", ", ".join(good))
    assert read().allowed_hosts == good
    bad = (
        "http://a.org",
        "a.org/",
        "a.org:8000",
        "*.a.org",
        "::1",
        "[::1]:80",
        "[nine]",
        "a org",
        "a..org",
        "a.org.",
        "a_b.org",
        "ä.org",
        ".",
    )
    for host in bad:
        environment.setenv("ALLOWED_HOSTS", f"localhost,{host}")
        with subtests.test(host), pytest.raises(BadEnvironment, match=r"ALLOWED_HOSTS: .* is no host; write a name"):
            read()


def test_no_setting_has_a_line_break_or_a_control_character(
    environment: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    texts = [name for name, field in Environment.model_fields.items() if field.annotation not in (int, float, bool)]
    assert {"secret_key", "email_from", "site_url", "data_dir", "allowed_hosts", "metrics_token"} <= set(texts)
    for name in texts:
        for letter in ("\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\udcff"):
            environment.setenv(name.upper(), f"hunter2{letter}Bcc: eve@example.org")
            with subtests.test(name=name, letter=ascii(letter)):
                with pytest.raises(BadEnvironment, match=f"^Bad setting: {name.upper()}: ") as rejection:
                    read()
                assert "line break, a tab or another character that cannot be printed" in str(rejection.value)
                assert "hunter2" not in str(rejection.value)
        environment.setenv(name.upper(), GOOD.get(name.upper(), ""))


def test_an_unknown_name_in_the_file_is_refused(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("SECERT_KEY=abc\n")
    environment.setenv("ENV_FILE", str(file))
    with pytest.raises(BadEnvironment, match=r"^Unknown setting SECERT_KEY: see \.env\.example"):
        read()


def test_a_line_of_the_file_that_may_be_a_part_of_a_secret_is_not_repeated(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "env"
    file.write_text("METRICS_TOKEN=\nhunter2+abc/def==\n")
    environment.setenv("ENV_FILE", str(file))
    with pytest.raises(BadEnvironment, match=r"^Unknown setting: see \.env\.example"):
        read()


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("k3y" * 16, "SECRET_KEY has fewer than 50 letters; make one with python3 -c 'import secrets; print("),
        ("abcd" * 20, "SECRET_KEY can be guessed; make one with python3 -c "),
        (f"django-insecure-{KEY}", "SECRET_KEY can be guessed; make one with python3 -c "),
    ],
)
def test_a_weak_key_stops_the_start_on_a_server_only(environment: pytest.MonkeyPatch, key: str, sentence: str) -> None:
    environment.setenv("SECRET_KEY", key)
    assert read().secret_key.get_secret_value() == key
    environment.setenv("DEBUG", "false")
    environment.setenv("ALLOWED_HOSTS", "example.org")
    with pytest.raises(BadEnvironment, match=f"^Bad setting: {re.escape(sentence)}") as rejection:
        read()
    assert key not in str(rejection.value)


def test_no_secret_is_shown_by_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgresql://me:pass%2Fword@db.example.org/stocks?sslpassword=of-the-file")
    environment.setenv("EMAIL_URL", "smtp://me:of-the-mail@mail.example.org")
    environment.setenv("EMAIL_FROM", "me@example.org")
    environment.setenv("METRICS_TOKEN", "of-prometheus-alone")
    env = read()
    assert env.secrets == (KEY, "of-prometheus-alone", "pass%2Fword", "of-the-mail", "of-the-file", "pass/word")
    assert [text for text in env.secrets if text in f"{env!r} {env!s} {vars(env)['secret_key']}"] == []


def test_a_bad_address_is_refused_without_the_password_in_it(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("EMAIL_FROM", "me@example.org")
    refusals = []
    for name, address in (
        ("DATABASE_URL", "postgresql://me:{}@127.0.0.1:5432/stocks"),
        ("DATABASE_URL", "postgresql://me:{}\uff0f@127.0.0.1/stocks"),
        ("DATABASE_URL", "mysql://me:{}@127.0.0.1/stocks"),
        ("EMAIL_URL", "smtp://me:{}@127.0.0.1:25"),
        ("EMAIL_URL", "smtp://me:{}\uff0f@127.0.0.1:25"),
    ):
        for password in ("hunter2/x", "hunter2#x", "hunter2?x", "hunter2:x", "hunter2]x", "1/hunter2"):
            environment.setenv(name, address.format(password))
            try:
                read()
            except BadEnvironment as rejection:
                refusals.append(str(rejection))
            environment.delenv(name)
    assert len(refusals) > 20
    assert {refusal.partition(" it ")[0] for refusal in refusals} == {
        "Bad setting: DATABASE_URL:",
        "Bad setting: EMAIL_URL:",
    }
    assert [refusal for refusal in refusals if "hunter2" in refusal] == []


def test_subdomains_are_bound_to_https_only_where_the_owner_says_so(environment: pytest.MonkeyPatch) -> None:
    assert (read().hsts_subdomains, read().hsts_preload) == (False, False)
    environment.setenv("HSTS_PRELOAD", "true")
    with pytest.raises(BadEnvironment, match="HSTS_PRELOAD needs HSTS_SUBDOMAINS=true"):
        read()
    environment.setenv("HSTS_SUBDOMAINS", "true")
    assert read().hsts_preload


def run(**env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    return subprocess.run(
        command, cwd=BASE_DIR, env=os.environ | GOOD | env, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_bad_setting_stops_the_command_without_a_traceback() -> None:
    done = run(WORKERS="many")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Bad setting: WORKERS:")


@pytest.mark.slow
def test_a_database_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    closed = run(DATABASE_URL="postgresql://stockapp@127.0.0.1:1/nothing", DATA_DIR=str(tmp_path))
    file = tmp_path / "a file"
    file.write_text("")
    unwritable = run(DATABASE_URL="", DATA_DIR=str(file))
    (tmp_path / "noise").write_bytes(b"no database " * 100)
    noise = run(DATABASE_URL=f"sqlite:///{tmp_path / 'noise'}", DATA_DIR=str(tmp_path))
    sentence = "The database cannot be used: "
    for done, words in ((closed, sentence), (unwritable, "DATA_DIR"), (noise, sentence)):
        assert done.returncode != 0
        assert "Traceback" not in done.stderr
        assert words in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("smtp+tls://me%40x:pass%2Fword@mail.example.org", ("mail.example.org", 587, "me@x", "pass/word", True, None)),
        ("smtps://mail.example.org:4650", ("mail.example.org", 4650, "", "", None, True)),
        ("smtp://127.0.0.1", ("127.0.0.1", 25, "", "", None, None)),
    ],
)
def test_a_mail_server_is_read_from_its_address(
    environment: pytest.MonkeyPatch, url: str, options: tuple[object, ...]
) -> None:
    environment.setenv("EMAIL_URL", url)
    environment.setenv("EMAIL_FROM", "stocks@example.org")
    given = read().mailers["default"]["OPTIONS"]
    names = ("host", "port", "username", "password", "use_tls", "use_ssl")
    assert tuple(given.get(name) for name in names) == options


def test_without_a_mail_server_nothing_is_sent(environment: pytest.MonkeyPatch) -> None:
    assert read().mailers["default"]["BACKEND"] == "stockapp.mail.NoMail"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"EMAIL_URL": "mail.example.org"}, "EMAIL_URL: it must be like smtp"),
        ({"EMAIL_URL": "smtp://mail.example.org/?tls=yes"}, "EMAIL_URL: it must be like smtp"),
        ({"EMAIL_URL": "smtp://mail.example.org:many"}, "EMAIL_URL"),
        ({"EMAIL_URL": "smtp://mail.example.org"}, "EMAIL_FROM is missing"),
        ({"EMAIL_URL": "console://", "EMAIL_FROM": "a@b.org", "DEBUG": "false", "ALLOWED_HOSTS": "b.org"}, "SITE_URL"),
        ({"SITE_URL": "stocks.example.org"}, "SITE_URL: it must be where the pages are"),
        ({"SITE_URL": "https://example.org/stocks"}, "SITE_URL: it must be where the pages are"),
        ({"SCHEDULE_DELAY_MINUTES": "5"}, "SCHEDULE_DELAY_MINUTES"),
        ({"ALLOW_PRIVATE_NOTICES": "perhaps"}, "ALLOW_PRIVATE_NOTICES"),
    ],
)
def test_what_messages_need_is_read_strictly(
    environment: pytest.MonkeyPatch, given: dict[str, str], sentence: str
) -> None:
    for name, value in given.items():
        environment.setenv(name, value)
    with pytest.raises(BadEnvironment, match=sentence):
        read()
