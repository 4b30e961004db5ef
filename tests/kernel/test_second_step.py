"""The second step of signing in: set up, asked for, lost, and forced by a role."""

import datetime
import re
from unittest import mock

import pyotp
import pytest
from django.utils import timezone
from role_sign_in import asked, press
from standing import CAST, PASSWORD

from kernel.access.models import Role
from kernel.accounts import factors
from kernel.accounts.models import Identity, Membership, RecoveryCode, Totp
from kernel.accounts.sealing import Secret, Unreadable
from kernel.events.models import Event
from kernel.tenancy.context import in_tenant

SARA, REZA, EVE = CAST["sara"], CAST["reza"], CAST["eve"]
SETUP = "/settings/security/second-step"
FRESH = "seven green bicycles"


@pytest.fixture(autouse=True)
def clock():
    """Stands still, and `clock(steps=1)` moves it: a code is taken once in its half minute."""
    start, moved = timezone.now(), [0]
    with mock.patch("django.utils.timezone.now", side_effect=lambda: start + datetime.timedelta(seconds=moved[0])):

        def move(steps):
            moved[0] += steps * factors.SECONDS

        yield move


def identity(person=REZA):
    return Identity.objects.get(pk=person.identity_id)


def code_now(secret):
    return pyotp.TOTP(secret).at(int(timezone.now().timestamp()))


@pytest.fixture
def app(clock):
    """reza's authenticator: its secret, with the recovery codes beside it."""
    secret = factors.begin(identity())
    codes = factors.confirm(identity(), code_now(secret))
    clock(steps=2)
    return secret, codes


def sign_in(client, person=REZA, **more):
    return client.post("/login", {"email": person.email, "password": PASSWORD, **more})


def is_in(client):
    return client.get("/settings/profile").status_code == 200


class TestSettingUp:
    def test_a_picture_and_a_code_of_the_app_turn_it_on(self, client_for, at):
        here, there = client_for("reza"), client_for("reza")
        page = here.get(SETUP).content.decode()
        assert "<svg" in page
        assert " style=" not in page
        secret = re.search(r">([A-Z2-7 ]{20,})</code>", page)[1].replace(" ", "")
        assert here.post(SETUP, {"code": "000000"}).status_code == 422
        assert not factors.has_second(identity())
        answer = here.post(SETUP, {"code": code_now(secret)})
        codes = re.findall(r"\b\w{4}-\w{4}-\w{4}-\w{4}\b", answer.content.decode().partition("<pre")[2])
        assert len(codes) == 10
        assert 'download="peyvand-recovery-codes.txt"' in answer.content.decode()
        assert answer["Cache-Control"] == "no-store"
        assert (is_in(here), is_in(there)) == (True, False)
        assert sign_in(at("a"))["Location"] == "/login/code"

    def test_neither_secret_nor_codes_are_readable_where_they_are_kept(self, app):
        secret, codes = app
        kept = str(list(Totp.objects.values())) + str(list(RecoveryCode.objects.values()))
        assert secret not in kept
        assert not any(code in kept or code.replace("-", "") in kept for code in codes)

    def test_one_that_is_on_shows_its_secret_to_nobody(self, client_for, app):
        answer = client_for("reza").get(SETUP)
        assert answer.status_code == 302
        assert app[0] not in client_for("reza").get("/settings/security").content.decode()

    def test_new_recovery_codes_end_the_old_ones_and_need_the_password(self, client_for, app):
        client = client_for("reza")
        assert client.post(f"{SETUP}/codes", {"proof": "wrong"}).status_code == 303
        assert RecoveryCode.objects.filter(digest=factors._digest(app[1][0])).exists()
        page = client.post(f"{SETUP}/codes", {"proof": PASSWORD}).content.decode()
        assert not factors.spend(identity(), app[1][0])
        assert factors.spend(identity(), re.search(r"\w{4}-\w{4}-\w{4}-\w{4}", page.partition("<pre")[2])[0])

    def test_turning_it_off_needs_the_password(self, client_for, at, app):
        client = client_for("reza")
        client.post(f"{SETUP}/off", {"proof": "wrong"})
        assert factors.has_second(identity())
        client.post(f"{SETUP}/off", {"proof": PASSWORD})
        assert not factors.has_second(identity())
        assert not RecoveryCode.objects.exists()
        assert sign_in(at("a"))["Location"] == "/"


class TestSigningIn:
    @pytest.fixture
    def halfway(self, at, app):
        client = at("a")
        assert sign_in(client, next="/r/deals")["Location"] == "/login/code?next=%2Fr%2Fdeals"
        return client

    def test_the_password_alone_opens_nothing(self, halfway):
        assert not is_in(halfway)
        assert halfway.get("/login/code").status_code == 200

    def test_with_the_code_one_is_in_where_one_wanted_to_go(self, halfway, app):
        answer = halfway.post("/login/code", {"code": code_now(app[0]), "next": "/r/deals"})
        assert (answer.status_code, answer["Location"]) == (302, "/r/deals")
        assert is_in(halfway)

    def test_the_code_may_be_typed_in_persian_digits_with_a_gap(self, halfway, app):
        code = code_now(app[0]).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
        assert halfway.post("/login/code", {"code": f"{code[:3]} {code[3:]}"}).status_code == 302

    @pytest.mark.parametrize("typed", ["000000", "12345", "", "abcdef"])
    def test_a_wrong_code_opens_nothing(self, halfway, typed):
        assert halfway.post("/login/code", {"code": typed}).status_code == 422
        assert not is_in(halfway)

    def test_a_step_is_not_taken_twice(self, halfway, at, app):
        code = code_now(app[0])
        halfway.post("/login/code", {"code": code})
        second = at("a")
        sign_in(second)
        answer = second.post("/login/code", {"code": code})
        assert answer.status_code == 422
        assert "used already" in answer.content.decode()

    def test_a_code_before_one_that_was_taken_is_not_taken_either(self, halfway, at, app, clock):
        before = code_now(app[0])
        clock(steps=1)
        halfway.post("/login/code", {"code": code_now(app[0])})
        second = at("a")
        sign_in(second)
        assert second.post("/login/code", {"code": before}).status_code == 422

    def test_a_code_of_some_minutes_ago_is_too_old(self, halfway, app, clock):
        old = code_now(app[0])
        clock(steps=3)
        assert halfway.post("/login/code", {"code": old}).status_code == 422

    def test_guessing_is_stopped_whichever_sort_of_code(self, halfway, app):
        for n in range(factors.TRIES.times):
            path = "/login/code?recovery" if n % 2 else "/login/code"
            assert halfway.post(path, {"code": f"00000{n}"}).status_code == 422
        assert halfway.post("/login/code", {"code": code_now(app[0])}).status_code == 429
        assert halfway.post("/login/code?recovery", {"code": app[1][0]}).status_code == 429

    def test_a_recovery_code_lets_in_once(self, halfway, at, app):
        typed = app[1][3].upper().replace("-", " ")
        assert halfway.post("/login/code?recovery", {"code": typed}).status_code == 302
        assert is_in(halfway)
        second = at("a")
        sign_in(second)
        assert second.post("/login/code?recovery", {"code": typed}).status_code == 422
        assert not is_in(second)

    def test_the_code_of_another_person_is_none(self, halfway, clock):
        secret = factors.begin(identity(SARA))
        factors.confirm(identity(SARA), code_now(secret))
        clock(steps=2)
        assert halfway.post("/login/code", {"code": code_now(secret)}).status_code == 422

    def test_half_a_sign_in_ends_after_five_minutes_and_with_the_password(self, halfway, app, clock):
        with mock.patch("time.time", return_value=timezone.now().timestamp() + 301):
            assert halfway.post("/login/code", {"code": code_now(app[0])})["Location"] == "/login"
        assert halfway.get("/login/code").status_code == 200
        identity().change_password(FRESH)
        assert halfway.get("/login/code")["Location"] == "/login"

    def test_half_a_sign_in_at_one_workspace_is_none_at_another(self, halfway, at, tenant_b):
        other = at("b")
        other.cookies["halfway"] = halfway.cookies["halfway"].value
        assert other.get("/login/code")["Location"] == "/login"

    def test_the_public_site_asks_too(self, at, app, tenant_b):
        Membership.objects.create(identity=identity(), tenant=tenant_b)
        client = at("")
        assert sign_in(client)["Location"] == "/login/code"
        assert client.get("/workspaces").status_code == 302
        assert client.post("/login/code", {"code": code_now(app[0])})["Location"] == "/workspaces"
        assert client.get("/workspaces").status_code == 200

    def test_a_new_password_by_mail_does_not_go_around_it(self, at, app, tenant_a):
        from kernel.accounts import resets

        client = at("a")
        token = resets.new_token(identity(), tenant_a)
        assert client.post(f"/reset/{token}", {"password": FRESH})["Location"] == "/login/code"
        assert not is_in(client)
        assert client.post("/login/code", {"code": code_now(app[0])}).status_code == 302
        assert is_in(client)


class TestForcedByARole:
    @pytest.fixture(autouse=True)
    def _forced(self, tenant_a):
        with in_tenant(tenant_a):
            role = Role.objects.get(code="rep")
            Role.objects.filter(pk=role.pk).update(rules=role.rules | {"sign_in": {"second_factor": True}})

    @pytest.mark.parametrize("path", ["/", "/r/deals", "/settings/profile", "/settings/security", "/search?q=x"])
    def test_who_has_none_is_led_to_set_it_up(self, client_for, path):
        assert client_for("reza").get(path)["Location"] == SETUP
        assert client_for("kian").get(path).status_code == 200

    def test_and_can_do_nothing_else(self, client_for):
        client = client_for("reza")
        assert client.post("/r/companies/new", {"name": "X"})["Location"] == SETUP
        assert client.get("/api/v1/me").status_code == 403
        assert client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == SETUP
        assert 'href="/r/deals"' not in client.get(SETUP).content.decode()

    def test_then_everything_is_open(self, client_for):
        client = client_for("reza")
        client.get(SETUP)
        client.post(SETUP, {"code": code_now(factors.begin(identity()))})
        assert client.get("/r/deals").status_code == 200
        assert client.get("/api/v1/me").status_code == 200

    def test_one_who_signs_in_with_it_goes_on(self, at, app):
        client = at("a")
        sign_in(client)
        client.post("/login/code", {"code": code_now(app[0])})
        assert is_in(client)

    def test_turning_it_off_leads_back_to_setting_it_up(self, at, app):
        client = at("a")
        sign_in(client)
        client.post("/login/code", {"code": code_now(app[0])})
        client.post(f"{SETUP}/off", {"proof": PASSWORD})
        assert client.get("/")["Location"] == SETUP


class TestTheRole:
    def test_an_administrator_says_so_and_takes_it_back(self, client_for, tenant_a):
        sara = client_for("sara")
        assert press(sara, tenant_a, second_factor="true").status_code == 303
        assert asked(tenant_a) == {"second_factor": True}
        with in_tenant(tenant_a):
            assert Event.objects.filter(name="role.rules_changed").exists()
            pk = Role.objects.get(code="rep").pk
        assert "Ask for a second step" in sara.get(f"/settings/roles/{pk}").content.decode()
        press(sara, tenant_a)
        assert asked(tenant_a) is None

    def test_nobody_else_does(self, client_for, api_for, tenant_a):
        with in_tenant(tenant_a):
            manager = Role.objects.get(code="manager")
            rules = manager.rules | {"system": [*manager.rules["system"], "roles"], "sign_in": {"second_factor": False}}
            Role.objects.filter(pk=manager.pk).update(rules=rules)
            rep = Role.objects.get(code="rep")
            Role.objects.filter(pk=rep.pk).update(rules=rep.rules | {"sign_in": {"second_factor": True}})
        press(client_for("leila"), tenant_a)
        assert asked(tenant_a) == {"second_factor": True}
        answer = api_for("leila").patch(f"/api/v1/roles/{rep.pk}", {"rules": rep.rules})
        assert answer.status_code in (400, 403, 422)
        assert asked(tenant_a) == {"second_factor": True}

    @pytest.mark.parametrize("wrong", [{"second_factor": "yes"}, {"third": True}, []])
    def test_what_is_not_of_its_shape_is_refused(self, api_for, tenant_a, wrong):
        with in_tenant(tenant_a):
            rep = Role.objects.get(code="rep")
        answer = api_for("sara").patch(f"/api/v1/roles/{rep.pk}", {"rules": rep.rules | {"sign_in": wrong}})
        assert answer.status_code == 400
        assert asked(tenant_a) is None


class TestLost:
    def send(self, client, posting, person=REZA):
        with posting():
            return client.post(f"/settings/members/{person.member_id}/second-step")

    def link(self, mailoutbox):
        return "/second-step/" + re.search(r"/second-step/(\S+)", mailoutbox[-1].body)[1]

    def test_the_letter_and_the_password_let_in_once(self, client_for, at, app, posting, mailoutbox, tenant_a):
        assert self.send(client_for("sara"), posting).status_code == 303
        assert mailoutbox[-1].to == [f"{REZA.name} <{REZA.email}>"]
        client, path = at("a"), self.link(mailoutbox)
        assert client.get(path).status_code == 200
        assert client.post(path, {"password": "wrong"}).status_code == 422
        assert factors.has_second(identity())
        assert client.post(path, {"password": PASSWORD})["Location"] == "/"
        assert is_in(client)
        assert not factors.has_second(identity())
        assert at("a").get(path).status_code == 410
        with in_tenant(tenant_a):
            event = Event.objects.get(name="member.second_step_reset")
        assert (event.record_id, event.member_id) == (REZA.member_id, SARA.member_id)

    def test_the_letter_is_worth_nothing_elsewhere_or_after_a_new_set_up(
        self, client_for, at, app, posting, mailoutbox, clock
    ):
        self.send(client_for("sara"), posting)
        path = self.link(mailoutbox)
        assert at("b").get(path).status_code == 410
        factors.drop(identity())
        factors.confirm(identity(), code_now(factors.begin(identity())))
        clock(steps=1)
        assert at("a").get(path).status_code == 410

    def test_only_who_may_hand_out_their_roles_sends_it(self, client_for, app, posting, mailoutbox):
        assert self.send(client_for("mina"), posting).status_code == 403
        assert self.send(client_for("reza"), posting).status_code == 403
        assert self.send(client_for("sara"), posting, CAST["mina"]).status_code == 403  # has none
        assert mailoutbox == []


class TestSealing:
    def test_a_secret_is_read_by_an_earlier_key_and_by_no_other(self, settings):
        secret = Secret.of("a secret")
        assert "a secret" not in f"{secret} {secret!r} {secret.sealed}"
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another-key-" * 6
        assert secret.reveal() == "a secret"
        settings.SECRET_KEY_FALLBACKS = []
        with pytest.raises(Unreadable):
            secret.reveal()

    def test_a_code_that_is_taken_brings_its_secret_under_the_new_key(self, app, settings):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another-key-" * 6
        assert factors.check(identity(), code_now(app[0]))
        settings.SECRET_KEY_FALLBACKS = []
        assert Totp.objects.get().secret.reveal() == app[0]
