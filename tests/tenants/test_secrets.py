"""`manage.py secrets rotate`: everything that is sealed comes under today's key, and is found to be brought there."""

import ast
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from standing import CAST

from kernel.accounts import resealing, sealing
from kernel.accounts.models import Totp
from kernel.accounts.sealing import Secret

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = ("sara", "reza", "mina")


def rotate():
    out = io.StringIO()
    call_command("secrets", "rotate", "--json", stdout=out)
    return {(row["field"], row["where"]): (row["earlier"], row["current"]) for row in json.loads(out.getvalue())}


def another_key(settings, *fallbacks):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" * 6, list(fallbacks)


@pytest.fixture
def kept():
    for name in PEOPLE:
        Totp.objects.create(identity_id=CAST[name].identity_id, secret=Secret.of(f"of {name}"))


TOTP = ("accounts.Totp.secret", "")


def test_what_an_earlier_key_sealed_comes_under_todays(kept, settings):
    another_key(settings, settings.SECRET_KEY)
    assert rotate()[TOTP] == (3, 0)
    settings.SECRET_KEY_FALLBACKS = []
    assert {row.secret.reveal() for row in Totp.objects.all()} == {f"of {name}" for name in PEOPLE}


def test_done_again_it_does_nothing(kept, settings):
    another_key(settings, settings.SECRET_KEY)
    rotate()
    before = list(Totp.objects.values_list("pk", "secret"))
    assert rotate()[TOTP] == (0, 3)
    assert [(pk, s.sealed) for pk, s in Totp.objects.values_list("pk", "secret")] == [
        (pk, s.sealed) for pk, s in before
    ]


def test_cut_off_it_goes_on_where_it_was(kept, settings, monkeypatch):
    monkeypatch.setattr(resealing, "AT_ONCE", 1)
    another_key(settings, settings.SECRET_KEY)
    row = Totp.objects.order_by("pk").first()
    Totp.objects.filter(pk=row.pk).update(secret=row.secret.renewed())
    assert rotate()[TOTP] == (2, 1)


def test_what_nobody_can_read_is_told_and_nothing_is_changed(kept, settings):
    earlier = settings.SECRET_KEY
    another_key(settings)
    Totp.objects.filter(pk=CAST["reza"].identity_id).update(secret=Secret.of("new"))
    another_key(settings)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a-third-key-" * 6, [earlier]
    with pytest.raises(CommandError, match=r"Nothing was changed: 1 of accounts\.Totp\.secret can be read by neither"):
        rotate()
    assert not any(row.secret.is_current for row in Totp.objects.all())


def test_nothing_is_kept_in_the_clear():
    with pytest.raises(TypeError):
        Totp.objects.create(identity_id=CAST["sara"].identity_id, secret="in the clear")


@pytest.mark.nodb
def test_whatever_is_encrypted_is_in_a_field_that_the_command_knows():
    """Encryption stands in one module, which gives it to fields that it finds again."""
    files = [file for folder in ("platform", "tenants", "crm_core", "billing", "integrations")
             for file in (ROOT / folder).rglob("*.py") if "node_modules" not in file.parts]  # fmt: skip
    trees = {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text()) for file in files}
    encrypting = {
        name for name, tree in trees.items() for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography.fernet"))
        or (isinstance(node, ast.Attribute) and node.attr == "sealed")
    }  # fmt: skip
    assert encrypting == {"platform/kernel/accounts/sealing.py"}
    assert ("Totp", "secret") in {(model.__name__, field) for model, field in sealing.sealed_fields()}
