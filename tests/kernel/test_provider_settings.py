"""The settings of the company's provider: what is wrong is told on its field, and nobody shuts everybody out."""

import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from oidc_provider import CLIENT, SECRET, idp, local, serving
from standing import CAST

from kernel.access.models import Member, Provider, Role
from kernel.accounts.models import Identity
from kernel.events.models import Event
from kernel.tenancy.context import in_tenant
from kernel.web.accounts.expiring import warn_of_secrets

__all__ = ["idp", "local"]

SARA = CAST["sara"]


@pytest.fixture
def typed(idp, tenant_a):
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
    return {
        "name": "Acme ID", "issuer": idp.issuer, "client_id": CLIENT, "client_secret": SECRET,
        "secret_expires": "2027-05-01", "domains": "@A.example, بنفشه.example", "role": str(role.pk),
    }  # fmt: skip


@pytest.fixture
def sara(client_for):
    return client_for("sara")


@pytest.fixture
def saved(sara, typed):
    assert sara.post("/settings/sso", typed).status_code in (302, 303)


def held(tenant):
    with in_tenant(tenant):
        return Provider.objects.select_related("role").first()


def errors(answer):
    """By field."""
    assert answer.status_code == 422, answer.status_code
    return {name: [str(text) for text in texts] for name, texts in answer.context["form"].errors.items()}


class TestConnecting:
    def test_what_is_saved(self, saved, tenant_a, idp):
        row = held(tenant_a)
        assert (row.name, row.issuer, row.client_id, row.role.code) == ("Acme ID", idp.issuer, CLIENT, "rep")
        assert (row.domains, row.secret_expires) == (["a.example", "xn--ngby1bth.example"], dt.date(2027, 5, 1))
        assert row.client_secret.reveal() == SECRET
        assert (row.is_enforced, row.does_second_step) == (False, False)
        assert [key["kind"] for key in row.state["keys"]] == ["RSA"]

    def test_the_secret_is_sealed_and_shown_nowhere(self, saved, sara, tenant_a):
        page = sara.get("/settings/sso").content.decode()
        audit = sara.get("/settings/audit").content.decode()
        with in_tenant(tenant_a):
            told = str(list(Event.objects.values_list("changes", flat=True)))
            kept = str(list(Provider.objects.extra(select={"raw": "client_secret"}).values_list("raw", flat=True)))
        for said in (page, audit, told, kept):
            assert SECRET not in said
        assert "New client secret" in audit

    def test_the_history_tells_who_did_it(self, saved, sara, typed, tenant_a):
        sara.post("/settings/sso", typed | {"name": "Aster ID", "client_secret": ""})
        with in_tenant(tenant_a):
            event = Event.objects.filter(name="provider.changed").latest("pk")
        assert (event.member_id, event.changes) == (SARA.member_id, {"name": ["Acme ID", "Aster ID"]})

    def test_the_page_shows_what_the_provider_has_to_know(self, sara, settings):
        assert f"http://a.localhost{settings.LINK_PORT}/login/sso/back" in sara.get("/settings/sso").content.decode()

    @pytest.mark.parametrize("name", ["reza", "leila"])
    def test_only_those_who_may_do_everything(self, client_for, name):
        for answer in (client_for(name).get("/settings/sso"), client_for(name).post("/settings/sso/off")):
            assert answer.status_code == 403

    @pytest.mark.parametrize(
        ("given", "field", "word"),
        [
            ({"issuer": "login.example"}, "issuer", "https://"),
            ({"client_id": "nobody"}, "client_secret", "does not take this client"),
            ({"client_secret": "wrong"}, "client_secret", "does not take this client"),
            ({"client_secret": ""}, "client_secret", "Type the client secret"),
            ({"domains": "me@a.example"}, "domains", "is no domain"),
            ({"domains": "*.example"}, "domains", "is no domain"),
            ({"domains": " "}, "domains", "after the @"),
            ({"secret_expires": "soon"}, "secret_expires", ""),
            ({"name": ""}, "name", "Type the name"),
        ],
        ids=str,
    )
    def test_what_is_wrong_stands_on_its_field(self, sara, typed, tenant_a, given, field, word):
        told = errors(sara.post("/settings/sso", typed | given))
        assert list(told) == [field]
        assert word in told[field][0]
        assert held(tenant_a) is None

    @pytest.mark.parametrize(
        ("more", "word"),
        [
            ({"issuer": "https://other.example"}, "calls itself"),
            ({"jwks_uri": "https://169.254.169.254/keys"}, "private network"),
            ({"authorization_endpoint": "javascript:alert(1)"}, "https://"),
            ({"token_endpoint": None}, "https://"),
            ({"response_types_supported": ["token"]}, "authorization code"),
        ],
        ids=str,
    )
    def test_a_description_that_will_not_do(self, sara, typed, idp, more, word):
        idp.more = more
        assert word in errors(sara.post("/settings/sso", typed))["issuer"][0]

    def test_a_provider_without_keys(self, sara, typed, idp):
        kept, idp.keys = idp.keys, []
        told = errors(sara.post("/settings/sso", typed))
        idp.keys = kept
        assert "shows no keys" in told["issuer"][0]

    def test_one_in_a_private_network(self, sara, typed, idp, settings):
        settings.OUTGOING_ALLOW = []
        told = errors(sara.post("/settings/sso", typed | {"issuer": idp.issuer.replace("http:", "https:")}))
        assert "private network" in told["issuer"][0]
        assert idp.asked == []

    def test_a_role_that_may_do_everything_is_not_offered(self, sara, typed, tenant_a):
        with in_tenant(tenant_a):
            admin = str(Role.objects.get(code="admin").pk)
        assert admin not in sara.get("/settings/sso").content.decode()
        assert list(errors(sara.post("/settings/sso", typed | {"role": admin}))) == ["role"]

    def test_the_secret_goes_to_no_other_place(self, saved, sara, typed, tenant_a):
        """Whoever came to this page later could have it sent to a provider of their own."""
        with serving() as evil:
            told = errors(sara.post("/settings/sso", typed | {"issuer": evil.issuer, "client_secret": ""}))
            assert list(told) == ["client_secret"]
            assert "/token" not in evil.asked

    def test_what_is_no_matter_of_the_provider_is_saved_without_asking_it(self, saved, sara, typed, idp, tenant_a):
        idp.is_broken = True
        assert sara.post("/settings/sso", typed | {"name": "Other", "client_secret": ""}).status_code in (302, 303)
        assert (held(tenant_a).name, held(tenant_a).client_secret.reveal()) == ("Other", SECRET)


class TestTesting:
    def test_it_says_that_it_works_and_saves_nothing(self, sara, typed, tenant_a):
        answer = sara.post("/settings/sso/test", typed)
        assert answer.status_code == 200
        assert "The provider answers" in answer.content.decode()
        assert held(tenant_a) is None

    def test_it_reads_the_keys_anew(self, saved, sara, typed, idp, tenant_a):
        idp.new_key("EC")
        assert sara.post("/settings/sso/test", typed | {"client_secret": ""}).status_code == 200
        assert [key["kind"] for key in held(tenant_a).state["keys"]] == ["EC"]

    def test_it_says_what_is_wrong(self, saved, sara, typed):
        assert "client_secret" in errors(sara.post("/settings/sso/test", typed | {"client_secret": "wrong"}))


class TestTheOnlyWay:
    def press(self, client, *people, on=True):
        chosen = [str(CAST[name].member_id) for name in people]
        return client.post("/settings/sso/only", {"is_enforced": "on" if on else "", "break_glass": chosen})

    def test_with_somebody_who_may_still_use_a_password(self, saved, sara, tenant_a):
        assert self.press(sara, "sara").status_code in (302, 303)
        assert (held(tenant_a).is_enforced, held(tenant_a).break_glass) == (True, [SARA.member_id])
        assert sara.get("/settings/sso").status_code == 200

    def test_without_anybody_it_is_refused(self, saved, sara, tenant_a):
        answer = self.press(sara)
        assert answer.status_code == 422
        assert "Choose at least one" in answer.content.decode()
        assert not held(tenant_a).is_enforced

    def test_only_administrators_with_a_password_can_be_chosen(self, saved, sara, tenant_a):
        assert self.press(sara, "reza").status_code == 422
        Identity.objects.filter(pk=SARA.identity_id).update(password="!")
        assert self.press(sara, "sara").status_code == 422
        assert not held(tenant_a).is_enforced

    def test_nobody_shuts_themselves_out(self, saved, sara, tenant_a):
        with in_tenant(tenant_a):
            Member.objects.get(pk=CAST["leila"].member_id).roles.add(Role.objects.get(code="admin"))
        answer = self.press(sara, "leila")
        assert answer.status_code == 422
        assert "shut you out" in answer.content.decode()

    def test_one_who_is_no_administrator_any_more_may_it_no_more(self, saved, sara, client_for, tenant_a):
        self.press(sara, "sara")
        with in_tenant(tenant_a):
            Member.objects.get(pk=SARA.member_id).roles.set([Role.objects.get(code="rep")])
        assert client_for("sara").get("/settings/profile").status_code == 302

    def test_it_can_be_taken_back(self, saved, sara, client_for, tenant_a):
        self.press(sara, "sara")
        self.press(sara, "sara", on=False)
        assert client_for("reza").get("/settings/profile").status_code == 200

    def test_without_a_provider_there_is_nothing_to_make_the_only_way(self, sara, idp, tenant_a):
        assert self.press(sara, "sara").status_code in (302, 303)
        assert held(tenant_a) is None


class TestDoingWithoutIt:
    def test_who_came_in_by_it_is_out(self, saved, sara, at, idp, tenant_a):
        from test_provider_sign_in import come, is_in

        idp.person = {"sub": "r", "email": CAST["reza"].email, "email_verified": True}
        client = at("a")
        come(client)
        assert is_in(client)
        assert sara.post("/settings/sso/off").status_code in (302, 303)
        assert held(tenant_a) is None
        assert not is_in(client)
        assert sara.get("/settings/sso").status_code == 200


class TestTheSecretRunsOut:
    def sweep(self, tenant, posting):
        with posting(), in_tenant(tenant):
            warn_of_secrets()

    def runs_out(self, tenant, days):
        with in_tenant(tenant):
            Provider.objects.update(secret_expires=timezone.localdate() + dt.timedelta(days=days))

    def test_administrators_are_told_once(self, saved, tenant_a, posting, mailoutbox):
        self.runs_out(tenant_a, 30)
        self.sweep(tenant_a, posting)
        self.sweep(tenant_a, posting)
        assert [letter.to for letter in mailoutbox] == [[f"{SARA.name} <{SARA.email}>"]]
        assert "/settings/sso" in mailoutbox[0].body

    def test_of_another_day_they_are_told_anew(self, saved, tenant_a, posting, mailoutbox):
        self.runs_out(tenant_a, 30)
        self.sweep(tenant_a, posting)
        self.runs_out(tenant_a, 20)
        self.sweep(tenant_a, posting)
        assert len(mailoutbox) == 2

    def test_not_before(self, saved, tenant_a, posting, mailoutbox):
        self.runs_out(tenant_a, 31)
        self.sweep(tenant_a, posting)
        assert mailoutbox == []

    @pytest.mark.parametrize(("days", "word"), [(31, ""), (30, "Runs out soon"), (-1, "Ran out")])
    def test_the_page_says_so(self, saved, sara, tenant_a, days, word):
        self.runs_out(tenant_a, days)
        page = sara.get("/settings/sso").content.decode()
        assert [one for one in ("Runs out soon", "Ran out") if one in page] == ([word] if word else [])


class TestOperators:
    def run(self, *args):
        out = io.StringIO()
        call_command("sso", *args, "--json", stdout=out)
        return json.loads(out.getvalue())

    def test_they_see_it_without_its_secret(self, saved):
        shown = self.run("show", "a")
        assert (shown["name"], shown["client_id"]) == ("Acme ID", CLIENT)
        assert SECRET not in json.dumps(shown)

    def test_they_let_passwords_in_again(self, saved, sara, client_for, tenant_a):
        TestTheOnlyWay().press(sara, "sara")
        self.run("allow-passwords", "a")
        assert client_for("reza").get("/settings/profile").status_code == 200
        with in_tenant(tenant_a):
            event = Event.objects.filter(name="provider.changed").latest("pk")
        assert (event.via, event.changes) == ("operator", {"is_enforced": [True, False]})

    def test_they_remove_it(self, saved, tenant_a):
        self.run("off", "a")
        assert held(tenant_a) is None

    def test_where_there_is_none_they_are_told(self):
        with pytest.raises(CommandError, match="a has no sign-in provider"):
            self.run("show", "a")


def test_rotating_brings_the_secrets_of_workspaces_over(saved, tenant_a, settings):
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another-key-" * 6
    out = io.StringIO()
    call_command("secrets", "rotate", "--json", stdout=out)
    assert {"where": "a", "field": "access.Provider.client_secret", "current": 0, "earlier": 1, "unreadable": 0} in (
        json.loads(out.getvalue())
    )
    settings.SECRET_KEY_FALLBACKS = []
    assert held(tenant_a).client_secret.reveal() == SECRET
