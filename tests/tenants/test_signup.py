"""Signing up on the public site, step by step, and the ways it is refused."""

import datetime
import re
import threading
from unittest import mock

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import Client
from django.utils import timezone
from standing import CAST, PASSWORD

from kernel.access.models import Member
from kernel.accounts import codes
from kernel.accounts.models import EmailCode, Identity, Membership
from kernel.accounts.throttle import Limit
from kernel.tenancy.context import in_tenant
from tenants.lifecycle import remove
from tenants.models import Tenant
from tenants.signup import actions

SARA = CAST["sara"]
FRESH = "seven green bicycles"
KEPT = {"subdomain", "name", "language", "calendar", "currency", "money_unit", "timezone", "country"}


@pytest.fixture(autouse=True)
def _mail_at_once():
    """Tasks that a request starts run in it."""
    from config.celery import app

    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def later(**span):
    return mock.patch("django.utils.timezone.now", return_value=timezone.now() + datetime.timedelta(**span))


def form(**changes):
    return {
        "company": "Bright Lamps",
        "subdomain": "bright-lamps",
        "name": "Dara Lamp",
        "password": FRESH,
        "language": "en",
        "calendar": "gregorian",
        "currency": "USD",
        "timezone": "Europe/Berlin",
        **changes,
    }


def proved(client, email="dara@lamps.example"):
    """A browser that has typed the right code."""
    assert client.post("/signup", {"email": email}).status_code == 302
    code = EmailCode.objects.latest("created_at")
    assert client.post("/signup/code", {"code": codes.digits(code)})["Location"] == "/signup/workspace"
    return code


@pytest.fixture
def made():
    """Stands for provisioning where only the form is looked at: answers what it was asked to make."""
    asked = []

    def provision(**wishes):
        asked.append(wishes)
        tenant = Tenant.objects.create(
            **{
                name: wishes[name]
                for name in [
                    "subdomain",
                    "name",
                    "language",
                    "calendar",
                    "currency",
                    "money_unit",
                    "timezone",
                    "country",
                ]
            },
            status=Tenant.Status.ACTIVE,
        )
        identity = Identity.objects.with_email(wishes["owner_email"]) or Identity.objects.new(
            email=wishes["owner_email"], name=wishes["owner_name"], password=wishes["password"], language="en"
        )
        Membership.objects.create(identity=identity, tenant=tenant)
        return tenant

    with mock.patch.object(actions, "provision", provision):
        yield asked


class TestAddress:
    def test_a_code_goes_to_the_address(self, at, mailoutbox):
        client = at("")
        answer = client.post("/signup", {"email": " Dara@Lamps.example "})
        assert (answer.status_code, answer["Location"]) == (302, "/signup/code")
        code = EmailCode.objects.get()
        assert code.email == "dara@lamps.example"
        message = mailoutbox[0]
        assert message.to == ["dara@lamps.example"]
        assert re.search(r"\b\d{6}\b", message.subject)[0] == codes.digits(code)
        assert codes.digits(code) in message.body
        assert codes.digits(code) in message.alternatives[0][0]
        assert "dara@lamps.example" in client.get("/signup/code").content.decode()

    def test_the_mail_is_in_the_language_of_the_page(self, at, mailoutbox):
        at("").post("/signup", {"email": "dara@lamps.example"}, headers={"Accept-Language": "fa"})
        assert 'dir="rtl"' in mailoutbox[0].alternatives[0][0]

    @pytest.mark.parametrize(
        "email", ["", "dara", "dara@", "@lamps.example", "da ra@lamps.example", "a@b@c.example", "x" * 330]
    )
    def test_what_is_no_address_is_refused_and_stays_on_the_page(self, at, mailoutbox, email):
        answer = at("").post("/signup", {"email": email})
        assert answer.status_code == 422
        assert f'value="{email}"' in answer.content.decode()
        assert not mailoutbox

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [
            ("dara@پیوند.example", f"dara@{'پیوند'.encode('idna').decode()}.example"),
            ("\u200fdara@lamps.example\u200e", "dara@lamps.example"),
            ("dara۱۲@lamps.example", "dara12@lamps.example"),
        ],
    )
    def test_addresses_of_the_wide_world(self, at, mailoutbox, typed, kept):
        assert at("").post("/signup", {"email": typed}).status_code == 302
        assert EmailCode.objects.get().email == kept

    def test_a_known_address_is_answered_like_an_unknown_one(self, at, mailoutbox):
        pages = []
        for email in (SARA.email, "fresh@a.example"):
            client = at("")
            answer = client.post("/signup", {"email": email})
            page = client.get("/signup/code").content.decode().replace(email, "")
            pages.append((answer.status_code, answer["Location"], re.sub(r"[\w-]{64}|%40|email=[^\"]*", "", page)))
        assert pages[0] == pages[1]
        assert len(mailoutbox) == 2

    def test_a_mailbox_is_not_flooded(self, at, mailoutbox):
        for _time in range(6):
            assert at("").post("/signup", {"email": "dara@lamps.example"}).status_code == 302
        answer = at("", REMOTE_ADDR="10.0.0.9").post("/signup", {"email": "DARA@lamps.example"})
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0
        assert len(mailoutbox) == 6

    def test_one_caller_does_not_write_to_everybody(self, at, mailoutbox):
        statuses = {at("").post("/signup", {"email": f"n{n}@lamps.example"}).status_code for n in range(25)}
        assert statuses == {302, 429}
        assert len(mailoutbox) == 20

    def test_the_code_is_sent_even_when_the_queue_is_away(self, at, mailoutbox):
        from kombu.exceptions import OperationalError

        with mock.patch("tenants.signup.views.send_code.delay", side_effect=OperationalError):
            assert at("").post("/signup", {"email": "dara@lamps.example"}).status_code == 302
        assert len(mailoutbox) == 1


class TestCode:
    def begin(self, at):
        client = at("")
        client.post("/signup", {"email": "dara@lamps.example"})
        return client, EmailCode.objects.get()

    def wrong(self, code):
        return f"{(int(codes.digits(code)) + 1) % 1_000_000:06d}"

    def test_the_right_one_goes_on_also_in_persian_digits(self, at):
        client, code = self.begin(at)
        persian = codes.digits(code).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
        answer = client.post("/signup/code", {"code": f"{persian[:3]} {persian[3:]}"})
        assert (answer.status_code, answer["Location"]) == (302, "/signup/workspace")
        assert client.get("/signup/workspace").status_code == 200

    def test_a_wrong_one_says_how_many_tries_are_left_and_five_are_the_end(self, at):
        client, code = self.begin(at)
        for left in (4, 3, 2, 1):
            answer = client.post("/signup/code", {"code": self.wrong(code)})
            assert answer.status_code == 422
            assert re.search(rf"You have {left} tr(y|ies) left", answer.content.decode())
        assert "no longer works" in client.post("/signup/code", {"code": self.wrong(code)}).content.decode()
        assert client.post("/signup/code", {"code": codes.digits(code)}).status_code == 422
        assert client.get("/signup/workspace")["Location"] == "/signup/code"

    def test_ten_minutes_are_the_end(self, at):
        client, code = self.begin(at)
        with later(minutes=10, seconds=1):
            assert client.post("/signup/code", {"code": codes.digits(code)}).status_code == 422
            assert "Send a new code" in client.get("/signup/code").content.decode()

    def test_what_is_not_six_digits_costs_no_try(self, at):
        client, code = self.begin(at)
        for typed in ("", "12345", "abcdef", "1234567"):
            assert client.post("/signup/code", {"code": typed}).status_code == 422
        code.refresh_from_db()
        assert code.tries == 0

    def test_the_code_of_another_browser_does_not_help(self, at):
        mine, code = self.begin(at)
        other = at("")
        other.post("/signup", {"email": "other@lamps.example"})
        assert other.post("/signup/code", {"code": codes.digits(code)}).status_code == 422
        stranger = at("")
        assert stranger.post("/signup/code", {"code": codes.digits(code)})["Location"] == "/signup"
        assert stranger.get("/signup/workspace")["Location"] == "/signup"
        assert mine.post("/signup/code", {"code": codes.digits(code)}).status_code == 302

    def test_a_forged_cookie_is_no_way_round(self, at):
        client, code = self.begin(at)
        client.cookies["signup"] = str(code.pk)
        assert client.get("/signup/workspace")["Location"] == "/signup"

    def test_an_address_proved_is_worth_an_hour(self, at):
        client = at("")
        proved(client)
        with later(minutes=61):
            assert client.get("/signup/workspace")["Location"] == "/signup/code"

    def test_nothing_that_was_sent_is_kept(self, at):
        _client, code = self.begin(at)
        assert codes.digits(code) not in str(EmailCode.objects.values().get())
        with later(days=3):
            assert codes.forget_old() >= 1
        assert not EmailCode.objects.exists()


class TestWorkspace:
    def test_persian_speakers_are_offered_what_they_use(self, at, made):
        client = at("")
        proved(client)
        page = client.get("/signup/workspace?lang=fa").content.decode()
        for value in ("fa", "jalali", "IRR", "Asia/Tehran"):
            assert re.search(rf'<option value="{value}" selected', page), value
        assert re.search(r'<input type="checkbox"[^>]*checked[^>]*name="toman"', page)
        page = client.get("/signup/workspace?lang=en").content.decode()
        for value in ("en", "gregorian", "USD"):
            assert re.search(rf'<option value="{value}" selected', page), value

    def test_what_is_asked_for_is_made(self, at, made):
        client = at("")
        proved(client)
        answer = client.post(
            "/signup/workspace",
            form(company=" چراغ‌های  روشن ", language="fa", calendar="jalali", currency="IRR", toman="true",
                 timezone="Asia/Tehran", samples="true"),
        )  # fmt: skip
        assert answer.status_code == 302
        assert made == [
            {
                "subdomain": "bright-lamps", "name": "چراغ‌های روشن", "language": "fa", "calendar": "jalali",
                "currency": "IRR", "money_unit": "toman", "timezone": "Asia/Tehran", "country": "IR",
                "owner_email": "dara@lamps.example",
                "owner_name": "Dara Lamp", "password": FRESH, "with_samples": True,
            }
        ]  # fmt: skip

    def test_toman_is_for_rial_alone(self, at, made):
        client = at("")
        proved(client)
        client.post("/signup/workspace", form(currency="USD", toman="true"))
        assert made[0]["money_unit"] == ""

    @pytest.mark.parametrize(
        ("field", "value", "why"),
        [
            ("company", "", "Type the name of your company"),
            ("name", "  ", "Type your name"),
            ("password", "short", "too short"),
            ("password", "dara@lamps.example", "too close"),
            ("subdomain", "", "Choose the address"),
            ("subdomain", "admin", "reserved"),
            ("subdomain", "bright_lamps", "Did you mean bright-lamps"),
            ("subdomain", "рaypal", "Did you mean paypal"),
            ("subdomain", "-x-", "Use letters, digits"),
            ("subdomain", "a" * 40, "Use between 3 and 32"),
            ("subdomain", "xn--80ak6aa92e", "Use letters, digits"),
            ("language", "tlh", "not one of the available"),
            ("calendar", "mayan", "not one of the available"),
            ("currency", "XXX", "not one of the available"),
            ("timezone", "Mars/Olympus", "not one of the available"),
        ],
    )
    def test_each_field_says_what_is_wrong_and_nothing_else_is_lost(self, at, made, field, value, why):
        client = at("")
        proved(client)
        answer = client.post("/signup/workspace", form(**{field: value}))
        page = answer.content.decode()
        assert answer.status_code == 422
        assert why in page
        assert f'href="#f-{field}"' in page
        kept = form(**{field: value})
        for name in ("company", "subdomain", "name"):
            assert f'value="{kept[name].strip()}"' in page or name == field
        assert FRESH not in page
        assert not made

    def test_taken_and_look_alike_addresses_are_refused_with_others_offered(self, at, made, tenant_a):
        Tenant.objects.filter(pk=tenant_a.pk).update(subdomain="bright-lamps", lookalike="bright-lamps")
        client = at("")
        proved(client)
        page = client.post("/signup/workspace", form()).content.decode()
        assert "is taken" in page
        assert "bright-lamps-co" in page
        assert client.post("/signup/workspace", form(subdomain="bright-1amps")).status_code == 422
        assert not made

    def test_an_address_taken_in_the_last_moment_is_an_error_on_the_field(self, at):
        client = at("")
        proved(client)
        taken = ValidationError({"subdomain": ValidationError("This address is taken. Choose another.")})
        with mock.patch.object(actions, "provision", side_effect=taken):
            answer = client.post("/signup/workspace", form())
        assert answer.status_code == 422
        assert 'href="#f-subdomain"' in answer.content.decode()
        with mock.patch.object(actions, "provision", side_effect=RuntimeError("a crash")), pytest.raises(RuntimeError):
            client.post("/signup/workspace", form())
        assert EmailCode.objects.get().claimed_at is None

    def test_somebody_we_know_types_the_password_they_have(self, at, made):
        client = at("")
        proved(client, SARA.email)
        page = client.get("/signup/workspace").content.decode()
        assert 'autocomplete="current-password"' in page
        assert 'name="name"' not in page
        assert client.post("/signup/workspace", form(password=FRESH)).status_code == 422
        assert not made
        assert client.post("/signup/workspace", form(password=PASSWORD)).status_code == 302
        assert Identity.objects.get(pk=SARA.identity_id).check_password(PASSWORD)

    def test_sent_twice_it_makes_one(self, at, made):
        client = at("")
        proved(client)
        first = client.post("/signup/workspace", form())
        second = client.post("/signup/workspace", form())
        again = client.get("/signup/workspace")
        assert len(made) == 1
        places = [answer["Location"].partition("?")[0] for answer in (first, second, again)]
        assert places == [f"http://bright-lamps.{settings.BASE_DOMAIN}{settings.LINK_PORT}/enter"] * 3

    def test_while_the_first_is_at_work_the_second_waits_and_goes_where_it_leads(self, at, made, tenant_a):
        client = at("")
        code = proved(client)
        Identity.objects.new(email=code.email, name="Dara", password=FRESH, language="en")
        assert codes.claim(code)
        naps = []

        def nap(seconds):
            naps.append(seconds)
            if len(naps) == 3:
                EmailCode.objects.filter(pk=code.pk).update(tenant=tenant_a.pk)

        with mock.patch.object(actions.time, "sleep", nap):
            answer = client.post("/signup/workspace", form())
        assert answer["Location"].startswith(f"{tenant_a.url}/enter?code=")
        assert not made

    def test_a_second_that_waits_too_long_may_try_again(self, at, made):
        client = at("")
        code = proved(client)
        assert codes.claim(code)
        with mock.patch.object(actions, "PATIENCE", -1):
            answer = client.post("/signup/workspace", form())
        assert answer.status_code == 503
        assert "still being made" in answer.content.decode()
        assert not made
        with later(minutes=2):  # the first was killed
            assert client.post("/signup/workspace", form()).status_code == 302


class TestLiveCheck:
    def look(self, at, **asked):
        return at("").get("/signup/address", asked).content.decode()

    def test_it_answers_while_one_types(self, at):
        assert f"bright-lamps.{settings.BASE_DOMAIN}" in self.look(at, subdomain="Bright-Lamps")
        assert "reserved" in self.look(at, subdomain="admin")
        assert "Did you mean" in self.look(at, subdomain="pаypal")
        taken = self.look(at, subdomain="a" * 3 if Tenant.objects.filter(subdomain="aaa").exists() else "www")
        assert 'class="error"' in taken

    def test_it_suggests_from_the_name_of_the_company_in_both_scripts(self, at):
        assert 'value="bright-lamps"' in self.look(at, company="Bright Lamps Inc.")
        assert 'value="nilgon"' in self.look(at, company="شرکت نیلگون")

    def test_the_first_suggestion_is_filled_in_and_the_others_stay_to_choose(self, at):
        answer = at("").get("/signup/address", {"company": "Bright Lamps Inc.", "subdomain": "", "proposed": ""})
        assert answer["HX-Retarget"] == "#address"
        text = answer.content.decode()
        assert 'name="subdomain" value="bright-lamps"' in text
        assert ">bright-lamps-co<" in text

    def test_it_follows_the_company_until_somebody_types_another(self, at):
        asked = {"company": "Bright Lamps", "subdomain": "bright", "proposed": "bright"}
        assert 'name="subdomain" value="bright-lamps"' in self.look(at, **asked)
        typed = at("").get("/signup/address", {**asked, "subdomain": "shiny"})
        assert "HX-Retarget" not in typed
        assert "<input" not in typed.content.decode()

    def test_without_a_script_it_is_filled_in_when_the_form_comes_back(self, at):
        client = at("")
        proved(client)
        answer = client.post("/signup/workspace", form(company="Bright Lamps", subdomain=""))
        assert 'name="subdomain" value="bright-lamps"' in answer.content.decode()

    def test_a_suggestion_fills_the_field(self, at):
        assert 'value="bright-co"' in self.look(at, fill="bright-co")

    def test_what_is_typed_is_never_markup(self, at):
        for asked in ({"subdomain": "<b>x"}, {"company": "<b>x"}, {"fill": '"><b>x'}):
            assert "<b>x" not in self.look(at, **asked)

    def test_it_can_not_be_asked_without_end(self, at):
        client = at("")
        with mock.patch("tenants.signup.views.LOOKS_PER_IP", Limit("look", times=2, seconds=60)):
            assert {client.get("/signup/address").status_code for _time in range(4)} == {200, 429}


@pytest.fixture
def cleared():
    """Removes what a test that really commits has made."""
    names = []
    yield names
    for tenant in Tenant.objects.filter(subdomain__in=names):
        remove(tenant)


class TestTheWholeWay:
    """Nothing stands in for anything here: a schema is made."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_from_an_address_to_being_in(self, at, mailoutbox, cleared):
        cleared.append("bright-lamps")
        client = at("")
        client.post("/signup", {"email": "dara@lamps.example"})
        digits = re.search(r"\d{6}", mailoutbox[0].body)[0]
        client.post("/signup/code", {"code": digits})
        answer = client.post("/signup/workspace", form())
        base, _, way = answer["Location"].partition("/enter")
        tenant = Tenant.objects.get(subdomain="bright-lamps")
        assert (base, tenant.status) == (tenant.url, "active")
        inside = Client(HTTP_HOST=tenant.host)
        asked = inside.get(f"/enter{way}")["Location"].partition("/enter/back")[2]
        bound = client.get(f"/enter/back{asked}")["Location"].partition("/enter")[2]
        assert inside.get(f"/enter{bound}")["Location"] == "/"
        assert inside.get("/login").status_code == 302
        with in_tenant(tenant):
            owner = Member.objects.get()
            assert (owner.name, owner.email) == ("Dara Lamp", "dara@lamps.example")
            assert [role.code for role in owner.roles.all()] == ["admin"]
        assert (
            Client(HTTP_HOST=tenant.host).post("/login", {"email": "dara@lamps.example", "password": FRESH}).status_code
            == 302
        )

    def test_of_two_who_race_for_an_address_one_wins_and_one_gets_a_field_error(self, at, cleared):
        cleared.append("bright-lamps")
        clients = [at(""), at("")]
        for number, client in enumerate(clients):
            proved(client, f"racer{number}@lamps.example")
        start, answers = threading.Barrier(2), []

        def run(client):
            start.wait()
            try:
                answers.append(client.post("/signup/workspace", form()))
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers) == [302, 422]
        lost = next(answer for answer in answers if answer.status_code == 422)
        assert 'href="#f-subdomain"' in lost.content.decode()
        assert Tenant.objects.filter(subdomain="bright-lamps").count() == 1
        assert Identity.objects.filter(email__startswith="racer").count() == 1


def test_the_way_in_without_a_password_ends_soon_after(at, made):
    client = at("")
    proved(client)
    assert "/enter?code=" in client.post("/signup/workspace", form())["Location"]
    assert "/enter?code=" in client.get("/signup/workspace")["Location"]
    with later(minutes=5):
        assert "code=" not in client.get("/signup/workspace")["Location"]
