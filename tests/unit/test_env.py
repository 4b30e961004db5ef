"""The environment: typed, told in sentences, never shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import env
from config.mail import mail_settings

pytestmark = pytest.mark.nodb
ROOT = Path(__file__).resolve().parents[2]
OWN_SERVICES = {
    "DATABASE_URL": "postgresql://tenants:hush@db.invalid/cell1",
    "PLATFORM_DATABASE_URL": "postgresql://platform:hush@db.invalid/platform",
    "REDIS_URL": "redis://queue.invalid:6379/0",
    "SECRET_KEY": "k" * 60,
    "BASE_DOMAIN": "peyvand.example",
    "EMAIL_URL": "smtps://me:hush@mail.invalid",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for variable in env.VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    return monkeypatch


def manage(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return subprocess.run(
        [sys.executable, str(ROOT / "platform" / "manage.py"), *arguments],
        env=kept | {"PEYVAND_HOME": str(home)} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_variable_has_a_sentence():
    for variable in env.VARIABLES:
        assert variable.sentence.endswith("."), variable.name
        assert len(variable.sentence) > 10, variable.name


def test_without_addresses_the_embedded_services_are_used(environment):
    assert env.embedded()
    assert env.read("DATABASE_URL") is None
    assert env.read("BASE_DOMAIN") == "localhost"
    assert env.read("HTTPS") is False


def test_with_own_services_https_is_the_default(environment):
    for name, value in OWN_SERVICES.items():
        environment.setenv(name, value)
    assert not env.embedded()
    assert env.read("HTTPS") is True


@pytest.mark.parametrize("missing", sorted(OWN_SERVICES))
def test_a_missing_variable_is_named(environment, missing):
    for name, value in OWN_SERVICES.items():
        if name != missing:
            environment.setenv(name, value)
    with pytest.raises(env.EnvError, match=f"^{missing} is not set"):
        env.read(missing)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("WEB_WORKERS", "none"),
        ("DATABASE_URL", "mysql://x"),
        ("SECRET_KEY", "short"),
        ("BASE_DOMAIN", "https://peyvand.example/"),
        ("METRICS_ALLOW", "everybody"),
        ("HTTPS", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("EMAIL_URL", "mail.example"),
    ],
)
def test_a_malformed_variable_is_named_without_its_value(environment, name, value):
    environment.setenv(name, value)
    with pytest.raises(env.EnvError) as caught:
        env.read(name)
    assert str(caught.value).startswith(f"{name} can't be used: it must be ")
    assert value not in str(caught.value).split(".", 1)[0].removeprefix(name)


def test_the_start_stops_with_one_sentence(tmp_path):
    result = manage("check", home=tmp_path, PORT="eighty")
    assert result.returncode == 1
    assert result.stderr.startswith("PORT can't be used")
    assert "Traceback" not in result.stderr


def test_env_command_shows_meaning_and_state_but_no_value(tmp_path):
    result = manage("env", home=tmp_path, **OWN_SERVICES)
    assert result.returncode == 0, result.stderr
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert set(lines) == {variable.name for variable in env.VARIABLES}
    assert " set " in lines["SECRET_KEY"]
    assert " - " in lines["SENTRY_DSN"]
    assert "hush" not in result.stdout and "kkkk" not in result.stdout


def test_env_command_tells_what_is_missing(tmp_path):
    result = manage("env", home=tmp_path, DATABASE_URL=OWN_SERVICES["DATABASE_URL"])
    assert result.returncode == 1
    assert "PLATFORM_DATABASE_URL is not set." in result.stderr


def test_without_running_services_a_command_says_how_to_start_them(tmp_path):
    result = manage("migrate", "--database", "platform", home=tmp_path)
    assert result.returncode == 1
    assert "isn't running" in result.stderr and "make services" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtps://me:p%40ss@mail.example", 465, True, False),
        ("smtp+starttls://me:p%40ss@mail.example:2525", 2525, False, True),
    ],
)
def test_mail_server_from_its_address(url, port, ssl, tls, tmp_path):
    settings = mail_settings(url, tmp_path)
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_SSL"], settings["EMAIL_USE_TLS"]) == (port, ssl, tls)
    assert settings["EMAIL_HOST_PASSWORD"] == ("p@ss" if "p%40ss" in url else "")


def test_without_a_mail_server_mail_goes_to_files(tmp_path):
    assert mail_settings(None, tmp_path)["EMAIL_FILE_PATH"] == str(tmp_path / "mail")
