"""My own settings, the company's, and keys: each through HTTP, as the cast."""

import re

from standing import CAST, PASSWORD

from kernel.access.models import ApiKey, Member, Role
from kernel.accounts.models import Identity
from kernel.events.models import Event
from kernel.lib.ids import uuid7
from kernel.tenancy.context import in_tenant
from tenants.models import Tenant

FRESH = "seven green bicycles"
COMPANY = {"name": "Aster", "language": "en", "calendar": "gregorian", "timezone": "Europe/Berlin", "country": "US"}


def me(name):
    return Member.objects.get(pk=CAST[name].member_id)


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def entries(response):
    nav = re.search(r'<div class="settings">\s*<nav.*?</nav>', response.content.decode(), re.DOTALL)[0]
    return re.findall(r'href="/settings/([a-z-]+)"', nav)


class TestSections:
    def test_everybody_finds_what_is_theirs_and_no_more(self, client_for):
        mine = ["profile", "security", "notifications", "keys", "api"]
        assert entries(client_for("reza").get("/settings/profile")) == mine
        people = ["company", "members", "roles", "sso", "teams", "tags", "fields", "duplicates"]
        watched = ["consent", "audit", "privacy"]
        everything = [*mine, *people, *watched, "pipelines", "lost-reasons", "leads", "sources", "forms"]
        assert entries(client_for("sara").get("/settings/profile")) == everything

    def test_the_address_alone_opens_nothing(self, client_for):
        for name in ("reza", "kian", "nima", "leila"):
            client = client_for(name)
            for section in (
                "company",
                "members",
                "members/new",
                "teams",
                "teams/new",
                "pipelines",
                "lost-reasons",
                "sources",
            ):
                assert client.get(f"/settings/{section}").status_code == 403, (name, section)
                assert client.post(f"/settings/{section}", {"name": "x"}).status_code in (403, 405), (name, section)

    def test_strangers_are_sent_to_the_door(self, at):
        assert at("a").get("/settings/members")["Location"].startswith("/login")

    def test_settings_begin_with_me(self, client_for):
        assert client_for("kian").get("/settings")["Location"] == "/settings/profile"


class TestProfile:
    def save(self, client, **given):
        values = {"name": "Reza Rep", "language": "", "calendar": "", "timezone": "", "theme": ""}
        return client.post("/settings/profile", values | given)

    def test_choices_take_effect_at_once(self, client_for, tenant_a):
        client = client_for("reza")
        given = {"language": "fa", "calendar": "jalali", "timezone": "Asia/Tehran", "theme": "dark"}
        response = self.save(client, **given)
        assert (response.status_code, response["Location"]) == (303, "/settings/profile")
        page = client.get("/settings/profile").content.decode()
        assert 'lang="fa" dir="rtl" data-theme="dark"' in page
        with in_tenant(tenant_a):
            assert {name: getattr(me("reza"), name) for name in given} == given

    def test_own_theme_beats_the_cookie_of_another_browser(self, client_for):
        self.save(client_for("reza"), theme="light")
        other = client_for("reza")
        other.cookies["theme"] = "dark"
        assert 'data-theme="light"' in other.get("/settings/profile").content.decode()

    def test_a_rep_changes_their_own_name_and_it_is_written_down(self, client_for, tenant_a):
        assert self.save(client_for("reza"), name="  Reza   Rahimi ").status_code == 303
        with in_tenant(tenant_a):
            assert me("reza").name == me("reza").label == "Reza Rahimi"
            event = Event.objects.filter(record_id=CAST["reza"].member_id).latest("pk")
            assert event.name == "member.updated"
            assert event.changes["name"] == ["Reza Rep", "Reza Rahimi"]
            assert event.member_id == CAST["reza"].member_id

    def test_nothing_typed_is_lost(self, client_for, tenant_a):
        response = self.save(client_for("reza"), name=" ", timezone="Mars/Crater", theme="dark")
        assert response.status_code == 422
        assert 'href="#f-name"' in response.content.decode()
        assert '<option value="dark" selected>' in response.content.decode()
        with in_tenant(tenant_a):
            assert me("reza").theme == ""

    def test_nobody_makes_themselves_more_than_they_are(self, client_for, tenant_a):
        with in_tenant(tenant_a):
            admin = Role.objects.get(code="admin").pk
        self.save(client_for("reza"), roles=str(admin), active="", email="boss@a.example", name="Boss")
        with in_tenant(tenant_a):
            assert list(me("reza").roles.values_list("code", flat=True)) == ["rep"]
            assert (me("reza").email, me("reza").active) == ("reza@a.example", True)


class TestPassword:
    def change(self, client, current=PASSWORD, password=FRESH):
        return client.post("/settings/security/password", {"current": current, "password": password})

    def test_signs_out_everywhere_but_here(self, client_for):
        here, there = client_for("reza"), client_for("reza")
        assert self.change(here).status_code == 303
        assert here.get("/settings/profile").status_code == 200
        assert there.get("/settings/profile").status_code == 302
        assert Identity.objects.get(pk=CAST["reza"].identity_id).check_password(FRESH)

    def test_needs_the_one_that_is_right(self, client_for):
        response = self.change(client_for("reza"), current="wrong horse battery")
        assert response.status_code == 422
        assert "This is not your current password." in text_of(response)
        assert Identity.objects.get(pk=CAST["reza"].identity_id).check_password(PASSWORD)

    def test_keeps_to_the_rules_of_new_ones(self, client_for):
        response = self.change(client_for("reza"), password="short")
        assert response.status_code == 422
        assert "too short" in text_of(response)

    def test_cannot_be_guessed_without_end(self, client_for):
        client = client_for("reza")
        answers = [self.change(client, current=f"wrong horse {n}").status_code for n in range(10)]
        assert answers[0] == 422
        assert answers[-1] == 429


class TestCompany:
    def test_is_seen_by_the_next_request(self, client_for):
        client = client_for("sara")
        response = client.post("/settings/company", COMPANY | {"name": " Aster  & Co ", "language": "fa"})
        assert response.status_code == 303
        tenant = Tenant.objects.get(subdomain="a")
        assert (tenant.name, tenant.language, tenant.currency) == ("Aster & Co", "fa", "USD")
        assert 'lang="fa"' in client_for("kian").get("/settings/profile").content.decode()

    def test_toman_is_offered_where_amounts_are_in_rial(self, client_for):
        assert 'name="toman"' not in client_for("sara").get("/settings/company").content.decode()
        eve = client_for("eve")
        assert 'name="toman"' in eve.get("/settings/company").content.decode()
        given = COMPANY | {
            "name": "بهار",
            "language": "fa",
            "calendar": "jalali",
            "timezone": "Asia/Tehran",
            "country": "IR",
        }
        assert eve.post("/settings/company", given).status_code == 303
        assert Tenant.objects.get(subdomain="b").money_unit == ""

    def test_refuses_what_is_not_offered(self, client_for):
        response = client_for("sara").post("/settings/company", COMPANY | {"timezone": "Mars/Crater", "name": ""})
        assert response.status_code == 422
        assert 'href="#f-timezone"' in response.content.decode()
        assert Tenant.objects.get(subdomain="a").name == "Aster Trading"

    def test_cannot_change_what_is_fixed(self, client_for):
        given = COMPANY | {"currency": "IRR", "subdomain": "b", "schema_name": "t_b", "status": "suspended"}
        client_for("sara").post("/settings/company", given)
        tenant = Tenant.objects.get(subdomain="a")
        assert (tenant.currency, tenant.schema_name, tenant.status) == ("USD", "t_a", "active")


class TestKeys:
    def make(self, client, **given):
        return client.post("/settings/keys", {"name": "Web form", "role": "", "id": str(uuid7())} | given)

    def secret(self, response):
        return re.search(r"pk_[\w-]{20,}", response.content.decode())[0]

    def test_works_then_is_revoked(self, client_for, at, tenant_a):
        client = client_for("reza")
        secret = self.secret(self.make(client))
        program = at("a", HTTP_AUTHORIZATION=f"Bearer {secret}")
        assert program.get("/api/v1/me").status_code == 200
        page = client.get("/settings/keys").content.decode()
        assert secret[:9] in page
        assert secret not in page
        with in_tenant(tenant_a):
            key = ApiKey.objects.get(prefix=secret[:9])
        assert client.post(f"/settings/keys/{key.pk}/revoke").status_code == 303
        assert program.get("/api/v1/me").status_code == 401
        with in_tenant(tenant_a):
            names = list(
                Event.objects.filter(record_id=CAST["reza"].member_id).order_by("pk").values_list("name", flat=True)
            )
        assert names[-2:] == ["member.key_created", "member.key_revoked"]

    def test_sent_twice_makes_one(self, client_for, tenant_a):
        client, pk = client_for("reza"), str(uuid7())
        assert self.make(client, id=pk).status_code == 200
        again = self.make(client, id=pk)
        assert again.status_code == 303
        with in_tenant(tenant_a):
            assert ApiKey.objects.filter(member=CAST["reza"].member_id).count() == 1

    def test_says_what_is_missing(self, client_for):
        response = self.make(client_for("reza"), name="")
        assert response.status_code == 422
        assert "Say what the key is for" in text_of(response)

    def test_never_does_more_than_its_maker(self, client_for, tenant_a):
        with in_tenant(tenant_a):
            roles = dict(Role.objects.values_list("code", "pk"))
        assert self.make(client_for("reza"), role=str(roles["admin"])).status_code == 422
        assert self.make(client_for("reza"), role=str(roles["rep"])).status_code == 200
        assert self.make(client_for("sara"), role=str(roles["read-only"])).status_code == 200

    def test_others_keys_are_the_administrators_to_see(self, client_for, tenant_a):
        self.make(client_for("reza"), name="Of Reza")
        with in_tenant(tenant_a):
            key = ApiKey.objects.get(name="Of Reza")
        assert "Of Reza" not in text_of(client_for("mina").get("/settings/keys"))
        assert client_for("mina").post(f"/settings/keys/{key.pk}/revoke").status_code == 404
        assert client_for("eve").post(f"/settings/keys/{key.pk}/revoke").status_code == 404
        assert "Of Reza" in text_of(client_for("sara").get("/settings/keys"))
        assert client_for("sara").post(f"/settings/keys/{key.pk}/revoke").status_code == 303

    def test_ends_with_the_role_it_was_made_with(self, client_for, at, tenant_a):
        with in_tenant(tenant_a):
            roles = dict(Role.objects.values_list("code", "pk"))
        secret = self.secret(self.make(client_for("leila"), role=str(roles["manager"])))
        client_for("sara").post(
            f"/settings/members/{CAST['leila'].member_id}",
            {"name": "Leila", "roles": [str(roles["rep"])], "version": ""},
        )
        assert at("a", HTTP_AUTHORIZATION=f"Bearer {secret}").get("/api/v1/me").status_code == 401
