"""Signing in by a workspace's own provider, against one that runs: each way in, each answer that is not believed."""

import base64
import hmac
import json
import logging
import time
from urllib.parse import urlsplit

import pytest
from oidc_provider import CLIENT, DIANA, SECRET, idp, local, query_of, sent_back, signed
from standing import CAST, PASSWORD

from kernel.access.models import Invitation, Member, Provider, Role, Subject
from kernel.accounts import oidc
from kernel.accounts.models import Identity, Membership, Session
from kernel.accounts.sealing import Secret
from kernel.accounts.sessions import BY_PROVIDER
from kernel.events.models import Event
from kernel.tenancy.context import in_tenant

__all__ = ["idp", "local"]

REZA, SARA, EVE = CAST["reza"], CAST["sara"], CAST["eve"]


@pytest.fixture
def provider(idp, tenant_a):
    """A's, by which two domains sign in."""
    with in_tenant(tenant_a):
        return Provider.objects.create(
            name="Acme ID", issuer=idp.issuer, client_id=CLIENT, client_secret=Secret.of(SECRET),
            domains=["a.example", "new.example"], role=Role.objects.get(code="rep"),
        )  # fmt: skip


def change(tenant, **values):
    with in_tenant(tenant):
        Provider.objects.update(**values)


def as_reza(idp, **more):
    idp.person = {"sub": "r-1", "email": REZA.email, "email_verified": True, **more}


def begin(client, where="/login/sso"):
    answer = client.get(where)
    assert answer.status_code == 302, answer.content.decode()
    return answer["Location"]


def come_back(client, location):
    parts = urlsplit(location)
    return client.get(f"{parts.path}?{parts.query}")


def come(client, where="/login/sso"):
    """All of it, as a browser does."""
    return come_back(client, sent_back(begin(client, where)))


def is_in(client):
    return client.get("/settings/profile").status_code == 200


def asking(tenant, **asked):
    """What the role of a rep asks of signing in."""
    with in_tenant(tenant):
        role = Role.objects.get(code="rep")
        role.rules["sign_in"] = asked
        Role.objects.filter(pk=role.pk).update(rules=role.rules)


def refused(answer, *, status=403):
    assert answer.status_code == status, answer.content.decode()[:500]
    assert not Session.objects.filter(identity__email=DIANA["email"]).exists()
    return answer.content.decode()


class TestTheWay:
    def test_the_page_offers_it(self, at, provider):
        page = at("a").get("/login?next=/deals").content.decode()
        assert "Sign in with Acme ID" in page
        assert 'href="/login/sso?next=/deals"' in page

    def test_without_a_provider_there_is_no_such_way(self, at, idp):
        assert "/login/sso" not in at("a").get("/login").content.decode()
        assert at("a").get("/login/sso").status_code == 404
        assert at("a").get("/login/sso/back?code=x&state=y").status_code == 404

    def test_it_is_the_workspaces_own(self, at, provider):
        assert at("b").get("/login/sso").status_code == 404

    def test_it_asks_with_all_that_binds_the_answer_to_this_browser(self, at, provider, idp, settings):
        client = at("a")
        asked = query_of(begin(client))
        assert asked["redirect_uri"] == f"http://a.localhost{settings.LINK_PORT}/login/sso/back"
        assert asked["code_challenge_method"] == "S256"
        assert {len(asked[name]) for name in ("state", "nonce", "code_challenge")} == {43}
        cookie = client.cookies["sso"]
        assert (cookie["domain"], cookie["httponly"], cookie["samesite"], cookie["path"]) == ("", True, "Lax", "/")

    def test_whoever_is_in_already_goes_on(self, client_for, provider):
        answer = client_for("reza").get("/login/sso?next=/deals")
        assert (answer.status_code, answer["Location"]) == (302, "/deals")

    def test_one_comes_out_where_one_wanted_to_go(self, at, provider, idp):
        as_reza(idp)
        assert come(at("a"), "/login/sso?next=/deals%3Fview%3Dboard")["Location"] == "/deals?view=board"

    def test_one_is_not_led_to_other_sites(self, at, provider, idp):
        as_reza(idp)
        assert come(at("a"), "/login/sso?next=https://evil.example/")["Location"] == "/"


class TestWhoComesIn:
    def test_a_member_is_who_they_are(self, at, provider, idp, tenant_a):
        as_reza(idp, name="Somebody Else")
        client = at("a")
        assert come(client)["Location"] == "/"
        assert is_in(client)
        with in_tenant(tenant_a):
            held = Subject.objects.get()
            assert (held.member_id, held.issuer, held.subject) == (REZA.member_id, idp.issuer, "r-1")
            assert Member.objects.get(pk=REZA.member_id).name == REZA.name
            assert Event.objects.filter(name="member.came_by_provider", member_id=REZA.member_id).count() == 1

    def test_somebody_new_becomes_a_member_with_the_default_role(self, at, provider, idp, tenant_a):
        client = at("a")
        assert come(client)["Location"] == "/"
        assert is_in(client)
        with in_tenant(tenant_a):
            member = Member.objects.get(email=DIANA["email"])
            assert (member.name, member.identity) == ("Diana New", Identity.objects.with_email(DIANA["email"]).pk)
            assert [role.code for role in member.roles.all()] == ["rep"]
        identity = Identity.objects.get(pk=member.identity)
        assert not identity.has_password
        assert [one.tenant_id for one in identity.memberships.all()] == [tenant_a.pk]

    def test_the_second_time_is_the_same_person_whatever_their_address_is(self, at, provider, idp, tenant_a):
        come(at("a"))
        idp.person |= {"email": "diana.married@new.example"}
        client = at("a")
        come(client)
        assert is_in(client)
        with in_tenant(tenant_a):
            assert Member.objects.filter(email__endswith="@new.example").count() == 1
        assert Identity.objects.filter(email__endswith="@new.example").count() == 1

    def test_another_account_with_the_same_address_is_somebody_else(self, at, provider, idp):
        come(at("a"))
        idp.person |= {"sub": "d-2"}
        page = come(at("a"))
        assert page.status_code == 403
        assert "another account of Acme ID" in page.content.decode()

    def test_an_administrator_lets_the_account_go_and_the_next_is_theirs(self, at, provider, idp, client_for, tenant_a):
        as_reza(idp)
        come(at("a"))
        idp.person |= {"sub": "r-2"}
        where = f"/settings/members/{REZA.member_id}"
        assert client_for("leila").post(f"{where}/provider").status_code == 403
        assert come(at("a")).status_code == 403
        sara = client_for("sara")
        assert "Let the old account go" in sara.get(where).content.decode()
        assert sara.post(f"{where}/provider").status_code in (302, 303)
        client = at("a")
        come(client)
        assert is_in(client)
        with in_tenant(tenant_a):
            assert Event.objects.get(name="member.provider_account_forgotten").record_id == REZA.member_id
        assert "Let the old account go" not in sara.get(f"/settings/members/{CAST['mina'].member_id}").content.decode()

    def test_of_another_provider_with_the_same_subject_too(self, at, provider, idp, tenant_a):
        come(at("a"))
        with in_tenant(tenant_a):
            Subject.objects.update(issuer="https://an.earlier.example")
        idp.person |= {"sub": "d-2"}
        client = at("a")
        come(client)
        assert is_in(client)
        with in_tenant(tenant_a):
            assert Subject.objects.get().subject == "d-2"

    def test_whoever_was_invited_is_let_in_as_what_they_were_invited(self, at, provider, tenant_a):
        with in_tenant(tenant_a):
            invited = Member.objects.create(name="D.", email=DIANA["email"])
            invited.roles.set([Role.objects.get(code="manager")])
        client = at("a")
        come(client)
        assert is_in(client)
        with in_tenant(tenant_a):
            assert [role.code for role in Member.objects.get(pk=invited.pk).roles.all()] == ["manager"]
            assert Member.objects.filter(email=DIANA["email"]).count() == 1

    @pytest.mark.parametrize("change_it", [{"active": False}, {"deleted_at": "2026-01-01T00:00Z"}])
    @pytest.mark.parametrize("before", [True, False])
    def test_whoever_was_shut_out_stays_out(self, at, provider, idp, tenant_a, change_it, before):
        as_reza(idp)
        if before:
            come(at("a"))
        with in_tenant(tenant_a):
            Member.objects.filter(pk=REZA.member_id).update(**change_it)
        page = come(at("a"))
        assert page.status_code == 403
        assert "was closed" in page.content.decode()

    def test_a_closed_identity_stays_closed(self, at, provider, idp):
        as_reza(idp)
        Identity.objects.filter(pk=REZA.identity_id).update(is_active=False)
        assert come(at("a")).status_code == 403

    @pytest.mark.parametrize("verified", [False, None, "no", 1])
    def test_an_address_that_nobody_verified_is_none(self, at, provider, idp, verified):
        idp.person["email_verified"] = verified
        assert "does not say that your e-mail address is yours" in refused(come(at("a")))

    @pytest.mark.parametrize(("verified", "comes_in"), [(None, True), (False, False)])
    def test_silence_about_an_address_is_enough_where_the_company_says_so(
        self, at, provider, idp, tenant_a, verified, comes_in
    ):
        change(tenant_a, vouches_for_addresses=True)
        idp.person["email_verified"] = verified
        client = at("a")
        come(client)
        assert is_in(client) == comes_in

    @pytest.mark.parametrize(
        "email",
        [
            "re\u200bza@a.example",
            "mailto:reza@a.example",
            "reza@\uff41.example",
            "\u212aate@a.example",
            "x" * 260 + "@a.example",
        ],
    )
    def test_an_address_is_read_as_no_other(self, at, provider, idp, email):
        idp.person = {**DIANA, "email": email}
        assert "does not say that your e-mail address is yours" in refused(come(at("a")))

    def test_a_name_that_cannot_be_kept_keeps_nobody_out(self, at, provider, idp, tenant_a):
        idp.person = {**DIANA, "name": "Di\x00ana"}
        assert come(at("a")).status_code == 302
        with in_tenant(tenant_a):
            assert Member.objects.get(email=DIANA["email"]).name == "Diana"

    def test_an_address_of_another_domain_is_not_let_in(self, at, provider, idp):
        idp.person["email"] = "diana@new.example.evil.example"
        assert "are not let in here" in refused(come(at("a")))

    def test_a_role_that_may_do_everything_is_never_given(self, at, provider, tenant_a):
        with in_tenant(tenant_a):
            Provider.objects.update(role=Role.objects.get(code="admin"))
        refused(come(at("a")))

    def test_without_a_default_role_only_members_come_in(self, at, provider, idp, tenant_a):
        change(tenant_a, role=None)
        refused(come(at("a")))
        as_reza(idp)
        client = at("a")
        come(client)
        assert is_in(client)

    def test_an_address_that_others_wrote_for_a_member_finds_nobody(self, at, provider, tenant_a):
        """What stands in a member's row is not what they sign in with."""
        with in_tenant(tenant_a):
            Member.objects.filter(pk=SARA.member_id).update(email=DIANA["email"])
        assert "signs in with another" in refused(come(at("a")))

    def test_the_address_may_be_told_by_the_userinfo_endpoint(self, at, provider, idp):
        idp.claims = {"email": None, "email_verified": None}
        idp.userinfo = dict(DIANA)
        client = at("a")
        come(client)
        assert is_in(client)

    def test_but_not_that_of_another_subject(self, at, provider, idp):
        idp.claims = {"email": None, "email_verified": None}
        idp.userinfo = DIANA | {"sub": "d-2"}
        refused(come(at("a")))


def broken_signature(idp, claims):
    head, body, tail = signed(idp.keys[0], claims).split(".")
    return f"{head}.{body}.{tail[:-6]}AAAAAA"


def by_hand(header, claims, secret=b""):
    def part(content):
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    text = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    return f"{text}.{part(hmac.digest(secret, text.encode(), 'sha256')) if secret else ''}"


def of_none(idp, claims):
    return by_hand({"alg": "none"}, claims)


def by_the_public_key(idp, claims):
    return by_hand({"alg": "HS256", "kid": idp.keys[0].as_dict()["kid"]}, claims, idp.keys[0].as_pem(private=False))


def by_the_secret(idp, claims):
    return by_hand({"alg": "HS256"}, claims, SECRET.encode())


def by_a_key_of_ones_own(idp, claims):
    kept, theirs = idp.keys, idp.new_key()
    idp.keys = kept
    return signed(theirs, claims, kid=kept[0].as_dict()["kid"])


class TestWhatIsNotBelieved:
    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "https://evil.example"}, {"iss": None}, {"aud": "somebody-else"}, {"aud": None}, {"aud": []},
            {"aud": [CLIENT, "another"]}, {"azp": "another"}, {"aud": [CLIENT, "another"], "azp": "another"},
            {"exp": None}, {"exp": "never"}, {"iat": None}, {"nonce": "of-another-sign-in"}, {"nonce": None},
            {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 256}, {"sub": "a\x00b"},
        ],
        ids=str,
    )  # fmt: skip
    def test_claims_of_something_else(self, at, provider, idp, claims):
        idp.claims = claims
        refused(come(at("a")), status=502)

    @pytest.mark.parametrize(("claim", "seconds"), [("exp", -120), ("iat", 600), ("nbf", 600)])
    def test_another_time_than_now(self, at, provider, idp, claim, seconds):
        idp.claims = {claim: int(time.time()) + seconds}
        refused(come(at("a")), status=502)

    def test_more_than_one_audience_is_fine_if_it_was_given_to_us(self, at, provider, idp):
        idp.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
        assert come(at("a")).status_code == 302

    @pytest.mark.parametrize(
        "forge", [broken_signature, of_none, by_the_public_key, by_the_secret, by_a_key_of_ones_own]
    )
    def test_what_the_provider_did_not_sign(self, at, provider, idp, forge):
        client = at("a")
        where = begin(client)
        now = int(time.time())
        said = {"iss": idp.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query_of(where)["nonce"]}
        idp.token = forge(idp, said | DIANA)
        refused(come_back(client, sent_back(where)), status=502)

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.b.c.d.e", "{}"])
    def test_what_is_no_token(self, at, provider, idp, token):
        idp.token = token
        refused(come(at("a")), status=502)

    def test_a_state_of_another_browser(self, at, provider):
        mine, theirs = at("a"), at("a")
        begin(mine)
        refused(come_back(mine, sent_back(begin(theirs))), status=400)

    def test_an_answer_that_nobody_asked_for(self, at, provider):
        theirs = at("a")
        refused(come_back(at("a"), sent_back(begin(theirs))), status=400)

    def test_an_answer_that_was_used(self, at, provider):
        client = at("a")
        back = sent_back(begin(client))
        assert come_back(client, back).status_code == 302
        client.post("/logout")
        assert come_back(client, back).status_code == 400
        assert not is_in(client)

    def test_an_attempt_of_another_workspace(self, at, provider, idp, tenant_b):
        with in_tenant(tenant_b):
            Provider.objects.create(
                name="B", issuer=idp.issuer, client_id=CLIENT, client_secret=Secret.of(SECRET), domains=["new.example"]
            )
        theirs, mine = at("a"), at("b")
        back = sent_back(begin(theirs))
        mine.cookies = theirs.cookies
        assert come_back(mine, back).status_code == 400

    def test_an_attempt_that_took_too_long(self, at, provider, monkeypatch):
        client = at("a")
        back = sent_back(begin(client))
        later = time.time() + 11 * 60
        monkeypatch.setattr("django.core.signing.time.time", lambda: later)
        assert come_back(client, back).status_code == 400

    def test_an_answer_in_another_issuers_name(self, at, provider, idp):
        client = at("a")
        back = sent_back(begin(client)).replace("iss=http", "iss=ftp")
        refused(come_back(client, back))

    def test_a_refusal_of_the_provider(self, at, provider):
        client = at("a")
        state = query_of(begin(client))["state"]
        page = client.get(f"/login/sso/back?error=access_denied&error_description=<b>no</b>&state={state}")
        assert page.status_code == 403
        assert "Acme ID did not let you in." in page.content.decode()
        assert "<b>no" not in page.content.decode()

    def test_a_code_that_is_none(self, at, provider):
        client = at("a")
        state = query_of(begin(client))["state"]
        refused(client.get(f"/login/sso/back?code=guessed&state={state}"), status=502)

    def test_a_provider_that_calls_itself_otherwise(self, at, provider, idp):
        idp.more = {"issuer": "https://evil.example"}
        assert at("a").get("/login/sso").status_code == 502

    def test_one_that_is_broken_is_told_in_a_sentence(self, at, provider, idp):
        idp.is_broken = True
        page = at("a").get("/login/sso")
        assert page.status_code == 502
        assert "does not work at the moment" in page.content.decode()

    def test_one_that_hangs_is_not_asked_again_at_once(self, at, provider, tenant_a):
        change(tenant_a, issuer="http://127.0.0.1:1")
        assert at("a").get("/login/sso").status_code == 502
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(oidc, "discover", lambda issuer: pytest.fail("asked again"))
            assert at("a").get("/login/sso").status_code == 502

    def test_one_in_a_private_network_is_not_asked(self, at, provider, idp, settings):
        settings.OUTGOING_ALLOW = []
        assert at("a").get("/login/sso").status_code == 502
        assert idp.asked == []

    def test_too_many_tries_are_refused(self, at, provider, monkeypatch):
        from kernel.web.accounts import provider as views

        monkeypatch.setattr(views, "PER_IP", views.throttle.Limit("sso-test", times=1, seconds=600))
        begin(at("a"))
        assert at("a").get("/login/sso").status_code == 429


class TestKeys:
    def test_the_provider_may_change_its_key_at_any_time(self, at, provider, idp):
        as_reza(idp)
        assert come(at("a")).status_code == 302
        idp.new_key()
        assert come(at("a")).status_code == 302
        idp.new_key("EC")
        assert come(at("a")).status_code == 302

    def test_what_an_old_key_signed_is_worth_nothing(self, at, provider, idp):
        client = at("a")
        where = begin(client)
        old, now = idp.keys[0], int(time.time())
        said = {"iss": idp.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query_of(where)["nonce"]}
        idp.token = signed(old, said | DIANA)
        idp.new_key()
        refused(come_back(client, sent_back(where)), status=502)

    def test_a_provider_that_wants_the_secret_in_the_form(self, at, provider, idp):
        as_reza(idp)
        idp.more = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
        assert come(at("a")).status_code == 302


class TestNoMoreThanThisWorkspace:
    """A person of two companies, of whom one lets its provider say who they are."""

    @pytest.fixture
    def both(self, provider, idp, tenant_b):
        """Reza works at B too."""
        Membership.objects.create(identity_id=REZA.identity_id, tenant=tenant_b)
        with in_tenant(tenant_b):
            Member.objects.create(name="Reza", email=REZA.email, identity=REZA.identity_id)
        as_reza(idp)

    @pytest.fixture
    def client(self, at, both):
        client = at("a")
        come(client)
        assert is_in(client)
        return client

    def test_it_leads_into_no_other(self, client, tenant_b):
        assert client.get("/workspaces").status_code == 403
        assert client.post("/workspaces/open", {"tenant": str(tenant_b.pk)}).status_code == 403
        assert "/workspaces" not in client.get("/settings/profile").content.decode()

    def test_a_session_of_ones_own_does(self, client_for, both, tenant_b):
        client = client_for("reza")
        assert client.get("/workspaces").status_code == 200
        assert client.post("/workspaces/open", {"tenant": str(tenant_b.pk)}).status_code == 302

    @pytest.mark.parametrize(
        ("verb", "path"),
        [
            ("post", "password"), ("post", "email"), ("post", "email/withdraw"), ("get", "second-step"),
            ("post", "second-step"), ("post", "second-step/codes"), ("post", "second-step/off"),
            ("post", "passkeys"), ("post", "passkeys/options"),
        ],
    )  # fmt: skip
    def test_it_changes_nothing_of_the_person(self, client, verb, path):
        sent = {"current": PASSWORD, "proof": PASSWORD, "password": "a new long password", "email": "x@evil.example"}
        assert getattr(client, verb)(f"/settings/security/{path}", sent).status_code == 403
        assert Identity.objects.get(pk=REZA.identity_id).check_password(PASSWORD)

    def test_it_does_not_show_where_else_the_person_is(self, client, client_for, at):
        other = at("", headers={"User-Agent": "Elsewhere Firefox"})
        other.post("/login", {"email": REZA.email, "password": PASSWORD})
        assert Session.objects.filter(identity_id=REZA.identity_id, tenant=None).exists()
        page = client.get("/settings/security").content.decode()
        assert "Firefox" not in page
        assert "Acme ID" in page
        assert 'name="current"' not in page

    def test_signing_out_everywhere_ends_the_sessions_here_alone(self, client, at):
        other = at("")
        other.post("/login", {"email": REZA.email, "password": PASSWORD})
        before = Identity.objects.get(pk=REZA.identity_id).session_epoch
        assert client.post("/settings/security/devices/end-all").status_code in (302, 303)
        assert not is_in(client)
        assert Session.objects.filter(identity_id=REZA.identity_id, tenant=None).count() == 1
        assert Identity.objects.get(pk=REZA.identity_id).session_epoch == before

    def test_another_workspaces_provider_gets_nobody_in_here(self, at, idp, tenant_b, provider):
        """Its administrators may send whatever names they like."""
        with in_tenant(tenant_b):
            Provider.objects.create(
                name="Evil", issuer=idp.issuer, client_id=CLIENT, client_secret=Secret.of(SECRET),
                domains=["a.example"], role=Role.objects.get(code="rep"),
            )  # fmt: skip
        idp.person = {"sub": "s", "email": SARA.email, "email_verified": True}
        client = at("b")
        assert come(client).status_code == 302
        session = client.cookies["session"].value
        there = at("a")
        there.cookies["session"] = session
        assert there.get("/settings/profile").status_code == 302
        identity = Identity.objects.get(pk=SARA.identity_id)
        assert identity.check_password(PASSWORD)
        assert client.get("/workspaces").status_code == 403

    def test_it_lasts_for_a_day_of_work(self, client, monkeypatch):
        from django.utils import timezone

        later = timezone.now() + BY_PROVIDER
        monkeypatch.setattr("kernel.accounts.sessions.timezone.now", lambda: later)
        assert not is_in(client)

    def test_the_secret_and_the_tokens_are_nowhere(self, client, at, provider, idp, caplog, tenant_a):
        caplog.set_level(logging.DEBUG)
        idp.token = "a.secret.token"
        answer = come(at("a"))
        said = caplog.text + answer.content.decode()
        with in_tenant(tenant_a):
            held = Provider.objects.get()
            said += repr(held.__dict__) + str(held.client_secret)
        for hidden in (SECRET, "a.secret.token", "an-access-token"):
            assert hidden not in said


class TestRolesAsk:
    def test_addresses_and_hours_hold(self, at, provider, idp, tenant_a):
        as_reza(idp)
        asking(tenant_a, networks=["192.0.2.1"])
        client = at("a")
        come(client)
        assert client.get("/settings/profile").status_code == 403

    def test_a_second_step_is_asked_of_the_provider(self, at, provider, idp, tenant_a):
        as_reza(idp)
        asking(tenant_a, second_factor=True)
        client = at("a")
        come(client)
        page = client.get("/settings/profile")
        assert page.status_code == 403
        assert "your provider told of none" in page.content.decode()
        assert client.get("/settings/security/second-step").status_code == 403

    def test_one_that_tells_of_it_is_enough(self, at, provider, idp, tenant_a):
        as_reza(idp, amr=["pwd", "mfa"])
        asking(tenant_a, second_factor=True)
        client = at("a")
        come(client)
        assert is_in(client)

    def test_or_an_administrator_says_that_it_sees_to_it(self, at, provider, idp, tenant_a):
        as_reza(idp)
        asking(tenant_a, second_factor=True)
        change(tenant_a, does_second_step=True)
        client = at("a")
        come(client)
        assert is_in(client)


class TestTheOnlyWay:
    @pytest.fixture
    def only(self, provider, tenant_a, idp):
        change(tenant_a, is_enforced=True, break_glass=[SARA.member_id])
        as_reza(idp)

    def sign_in(self, client, person):
        return client.post("/login", {"email": person.email, "password": PASSWORD})

    def test_the_page_says_so(self, at, only):
        page = at("a").get("/login").content.decode()
        assert "This workspace signs in by Acme ID." in page
        assert 'name="password"' not in page
        assert 'name="password"' in at("a").get("/login?password").content.decode()

    def test_a_password_opens_nothing(self, at, only):
        client = at("a")
        answer = self.sign_in(client, REZA)
        assert answer.status_code == 403
        assert "This workspace signs in by Acme ID." in answer.content.decode()
        assert not is_in(client)

    def test_a_wrong_one_is_told_as_ever(self, at, only):
        for person in (REZA, SARA):
            answer = at("a").post("/login", {"email": person.email, "password": "wrong"})
            assert answer.status_code == 422

    def test_a_session_from_before_is_worth_nothing(self, client_for, only):
        client = client_for("reza")
        assert client.get("/settings/profile")["Location"].startswith("/login")
        assert client.get("/api/v1/deals").status_code == 401

    def test_the_provider_lets_in(self, at, only):
        client = at("a")
        come(client)
        assert is_in(client)

    def test_keys_of_programs_stay(self, api_for, only):
        assert api_for("reza").get("/api/v1/deals").status_code == 200

    def test_no_new_password_is_set_here(self, at, only):
        for answer in (at("a").get("/forgot"), at("a").post("/forgot", {"email": REZA.email})):
            assert answer.status_code == 403

    def test_a_link_for_one_is_refused_too(self, at, only, tenant_a):
        from kernel.accounts import resets

        token = resets.new_token(Identity.objects.get(pk=REZA.identity_id), tenant_a)
        assert at("a").get(f"/reset/{token}").status_code == 403

    def test_an_invitation_is_taken_up_by_the_provider(self, at, only, tenant_a):
        from kernel.web.accounts.invitations import new_invitation, token_of

        with in_tenant(tenant_a):
            token = token_of(new_invitation(Member.objects.create(name="N", email="n@new.example"), None))
        answer = at("a").get(f"/join/{token}")
        assert answer.status_code == 403
        assert "Sign in with Acme ID" in answer.content.decode()
        with in_tenant(tenant_a):
            assert Invitation.objects.get().used_at is None

    def test_the_way_from_another_workspace_leads_to_the_provider(self, at, only):
        public = at("")
        public.post("/login", {"email": REZA.email, "password": PASSWORD})
        where = public.cookies["handoff"].value
        client = at("a")
        answer = client.get(f"/enter?code={where}&next=/deals")
        browser = query_of(answer["Location"])["browser"]
        public.get(f"/enter/back?browser={browser}")
        answer = client.get(f"/enter?code={where}&next=/deals")
        assert answer["Location"] == "/login/sso?next=/deals"
        assert not is_in(client)

    def test_who_may_break_the_glass_comes_in_and_the_others_hear_of_it(self, at, only, posting, mailoutbox, tenant_a):
        with in_tenant(tenant_a):
            second = Member.objects.get(pk=CAST["leila"].member_id)
            second.roles.add(Role.objects.get(code="admin"))
        client = at("a")
        with posting():
            assert self.sign_in(client, SARA).status_code == 302
        assert is_in(client)
        with in_tenant(tenant_a):
            event = Event.objects.get(name="member.came_past_provider")
            assert (event.member_id, event.ip) == (SARA.member_id, "127.0.0.1")
        told = [letter for letter in mailoutbox if "past the provider" in letter.subject]
        assert [letter.to for letter in told] == [[f"{CAST['leila'].name} <{CAST['leila'].email}>"]]
        assert SARA.name in told[0].body

    def test_by_the_provider_they_come_in_without_a_word(self, at, only, idp, tenant_a):
        idp.person = {"sub": "s-1", "email": SARA.email, "email_verified": True}
        client = at("a")
        come(client)
        assert is_in(client)
        with in_tenant(tenant_a):
            assert not Event.objects.filter(name="member.came_past_provider").exists()
