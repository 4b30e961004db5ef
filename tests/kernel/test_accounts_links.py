"""Ways in that come by mail or from the public site: reset, invitation, hand-off."""

import datetime
import re
from unittest import mock
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.utils import timezone
from standing import CAST, PASSWORD

from kernel.access.models import Invitation, Member
from kernel.accounts import resets
from kernel.accounts.models import Identity, Membership
from kernel.tenancy.context import in_tenant
from kernel.web.accounts.actions import invite, see_out
from kernel.web.accounts.crossing import into
from kernel.web.accounts.invitations import LIFETIME, new_invitation, token_of

pytestmark = pytest.mark.urls("private_urls")
SARA, EVE, REZA = CAST["sara"], CAST["eve"], CAST["reza"]
FRESH = "seven green bicycles"


def later(**span):
    return mock.patch("django.utils.timezone.now", return_value=timezone.now() + datetime.timedelta(**span))


def link_in(message):
    return re.search(r"https?://\S+", message.body)[0]


def is_in(client):
    """Whether somebody is signed in: the sign-in page sends them on."""
    return client.get("/login").status_code == 302


class TestReset:
    def ask(self, at, posting, email=SARA.email, host="a", **headers):
        with posting():
            return at(host).post("/forgot", {"email": email}, headers=headers)

    def test_a_link_by_mail_sets_a_new_password(self, at, posting, mailoutbox):
        assert self.ask(at, posting)["Location"] == "/forgot/sent"
        assert mailoutbox[0].to == [f"{SARA.name} <{SARA.email}>"]
        link = link_in(mailoutbox[0])
        assert link.startswith(f"http://a.{settings.BASE_DOMAIN}")
        path = "/reset/" + link.partition("/reset/")[2]
        client = at("a")
        assert 'autocomplete="new-password"' in client.get(path).content.decode()
        with posting():
            answer = client.post(path, {"password": FRESH})
        assert (answer.status_code, answer["Location"]) == (302, "/")
        assert is_in(client)
        assert Identity.objects.get(pk=SARA.identity_id).check_password(FRESH)
        assert "password was changed" in mailoutbox[1].subject
        # Once.
        assert at("a").get(path).status_code == 410
        assert at("a").post(path, {"password": "and another one here"}).status_code == 410
        assert Identity.objects.get(pk=SARA.identity_id).check_password(FRESH)

    @pytest.mark.parametrize("email", ["nobody@a.example", EVE.email], ids=["unknown", "of another tenant"])
    def test_the_answer_is_the_same_for_an_address_without_account(self, at, posting, mailoutbox, email):
        known, unknown = self.ask(at, posting), self.ask(at, posting, email)
        assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
        assert [message.to[0] for message in mailoutbox] == [f"{SARA.name} <{SARA.email}>"]

    def test_the_link_never_follows_a_forged_host(self, at, posting, mailoutbox):
        self.ask(at, posting, **{"X-Forwarded-Host": "evil.example"})
        assert "evil" not in mailoutbox[0].body + str(mailoutbox[0].alternatives)

    def test_the_mail_is_in_the_language_of_the_tenant_with_its_direction(self, at, posting, mailoutbox):
        self.ask(at, posting, EVE.email, "b")
        assert '<html lang="fa" dir="rtl">' in mailoutbox[0].alternatives[0][0]

    def test_a_token_of_one_tenant_is_nothing_at_another_nor_after_an_hour(self, at, tenant_a, tenant_b):
        identity = Identity.objects.get(pk=SARA.identity_id)
        Membership.objects.create(identity=identity, tenant=tenant_b)
        with in_tenant(tenant_b):
            Member.objects.filter(pk=EVE.member_id).update(identity=identity.pk)
        token = resets.new_token(identity, tenant_a)
        assert at("a").get(f"/reset/{token}").status_code == 200
        assert at("b").get(f"/reset/{token}").status_code == 410
        assert at("").get(f"/reset/{token}").status_code == 410
        assert at("a").get(f"/reset/{token[:-2]}xx").status_code == 410
        with later(minutes=61):
            assert at("a").get(f"/reset/{token}").status_code == 410

    def test_a_link_is_spent_by_any_change_of_password(self, at, tenant_a):
        identity = Identity.objects.get(pk=SARA.identity_id)
        token = resets.new_token(identity, tenant_a)
        identity.change_password(FRESH)
        assert at("a").post(f"/reset/{token}", {"password": "yet another password"}).status_code == 410

    @pytest.mark.parametrize(
        ("password", "why"),
        [
            ("short", "too short"),
            ("۱۲۳۴۵۶۷۸۹۰۱۲", "only digits"),
            ("aaaaaaaaaaaaa", "get guessed"),
            ("basketball1", "get guessed"),
            ("Password2024!", "get guessed"),
            ("P@ssw0rd-123", "get guessed"),
            ("qwertyuiop12", "get guessed"),
            (SARA.email, "too close"),
            ("sara-admin1", "too close"),
            ("", "Choose a password"),
        ],
    )
    def test_a_weak_password_is_refused_with_a_reason(self, at, tenant_a, password, why):
        token = resets.new_token(Identity.objects.get(pk=SARA.identity_id), tenant_a)
        answer = at("a").post(f"/reset/{token}", {"password": password})
        assert answer.status_code == 422
        assert why in answer.content.decode()
        assert Identity.objects.get(pk=SARA.identity_id).check_password(PASSWORD)

    def test_a_mailbox_is_not_flooded_and_a_caller_is_stopped(self, at, posting, mailoutbox):
        for _time in range(7):
            assert self.ask(at, posting).status_code == 302
        assert len(mailoutbox) == 4
        for number in range(20):
            last = self.ask(at, posting, f"n{number}@a.example")
        assert last.status_code == 429


class TestJoin:
    @pytest.fixture
    def invited(self, tenant_a):
        with in_tenant(tenant_a):
            return Member.objects.create(name="Omid", email="Omid@Guests.example", label="Omid")

    @pytest.fixture
    def path(self, tenant_a, invited):
        with in_tenant(tenant_a):
            invitation = new_invitation(invited, Member.objects.get(pk=SARA.member_id))
            return f"/join/{token_of(invitation)}"

    def test_a_new_person_chooses_name_and_password_and_is_in(self, at, path, invited, tenant_a):
        client = at("a")
        page = client.get(path)
        assert page.status_code == 200
        assert "Sara Admin" in page.content.decode()
        answer = client.post(path, {"name": "Omid R.", "password": FRESH})
        assert (answer.status_code, answer["Location"]) == (302, "/")
        assert is_in(client)
        identity = Identity.objects.with_email("omid@guests.example")
        assert identity.check_password(FRESH)
        assert Membership.objects.filter(identity=identity, tenant=tenant_a).exists()
        with in_tenant(tenant_a):
            invited.refresh_from_db()
        assert (invited.identity, invited.name, invited.label) == (identity.pk, "Omid R.", "Omid R.")
        assert at("a").get(path).status_code == 410
        assert at("a").post(path, {"name": "Other", "password": "another password here"}).status_code == 410

    def test_somebody_we_know_types_the_password_they_have(self, at, path):
        Identity.objects.new(email="omid@guests.example", name="Omid", password=PASSWORD, language="en")
        client = at("a")
        assert 'autocomplete="current-password"' in client.get(path).content.decode()
        assert client.post(path, {"name": "x", "password": "new password here"}).status_code == 422
        assert not is_in(client)
        assert client.post(path, {"password": PASSWORD}).status_code == 302
        assert is_in(client)

    def test_errors_keep_what_was_typed(self, at, path):
        answer = at("a").post(path, {"name": "Omid Rahimi", "password": "short"})
        assert answer.status_code == 422
        assert 'value="Omid Rahimi"' in answer.content.decode()

    def test_it_ends_after_a_week_by_a_newer_one_and_with_the_member(self, at, path, invited, tenant_a):
        with later(seconds=LIFETIME.total_seconds() + 60):
            assert at("a").get(path).status_code == 410
        assert at("b").get(path).status_code == 410
        assert at("a").get("/join/something").status_code == 410
        assert at("a").get(path).status_code == 200
        with in_tenant(tenant_a):
            Member.objects.filter(pk=invited.pk).update(active=False)
        assert at("a").get(path).status_code == 410
        with in_tenant(tenant_a):
            Member.objects.filter(pk=invited.pk).update(active=True)
            new_invitation(invited, None)
        assert at("a").get(path).status_code == 410

    def test_a_link_sent_to_one_address_does_not_prove_another(self, at, path, invited, tenant_a):
        with in_tenant(tenant_a):
            Member.objects.filter(pk=invited.pk).update(email="victim@elsewhere.example")
        assert at("a").get(path).status_code == 410
        assert at("a").post(path, {"name": "Omid", "password": FRESH}).status_code == 410
        assert Identity.objects.with_email("victim@elsewhere.example") is None

    def test_inviting_sends_the_link_of_this_tenant(self, at, posting, mailoutbox, invited, tenant_a):
        with posting(), in_tenant(tenant_a):
            invite(invited, Member.objects.get(pk=SARA.member_id))
        message = mailoutbox[0]
        assert message.to == ["Omid <Omid@Guests.example>"]
        assert "Sara Admin invites you" in message.body
        link = link_in(message)
        assert link.startswith(f"http://a.{settings.BASE_DOMAIN}")
        assert at("a").get("/join/" + link.partition("/join/")[2]).status_code == 200

    def test_only_a_digest_of_the_token_is_kept(self, path, tenant_a):
        token = path.rpartition("/")[2]
        with in_tenant(tenant_a):
            row = Invitation.objects.values().get()
        assert token not in str(row)

    def test_two_members_of_one_address_can_not_both_be_it(self, at, path, tenant_a):
        identity = Identity.objects.new(email="omid@guests.example", name="Omid", password=PASSWORD, language="en")
        with in_tenant(tenant_a):
            Member.objects.filter(pk=REZA.member_id).update(identity=identity.pk)
        assert at("a").post(path, {"password": PASSWORD}).status_code == 410

    def test_seeing_out_ends_sessions_here_and_leaves_the_identity(self, client_for, tenant_a):
        client = client_for("reza")
        with in_tenant(tenant_a):
            see_out(Member.objects.get(pk=REZA.member_id))
        assert not is_in(client)
        assert Identity.objects.filter(pk=REZA.identity_id).exists()
        assert not Membership.objects.filter(identity=REZA.identity_id).exists()


class TestHandOff:
    """From the public site into a workspace: a code opens the way to the browser that it was given to alone."""

    @pytest.fixture
    def begun(self, at, tenant_a):
        """A browser at the public site, sent on its way, and where to."""

        def begin(identity=None, tenant=None, next_page=""):
            identity = identity or Identity.objects.get(pk=SARA.identity_id)
            sent = into(tenant or tenant_a, identity)
            origin = at("")
            origin.cookies = sent.cookies
            return origin, sent["Location"] + (f"&next={next_page}" if next_page else "")

        return begin

    def follow(self, location, **browsers):
        """Along the redirects, each host with the cookies that it gave."""
        for _step in range(4):
            parts = urlsplit(location)
            browser = browsers["a" if parts.hostname.startswith("a.") else "public"]
            answer = browser.get(f"{parts.path}?{parts.query}" if parts.query else parts.path)
            if not answer.headers.get("Location", "/").startswith("http"):
                return answer
            location = answer["Location"]
        return answer

    def test_a_code_lets_in_once_where_it_was_made_for(self, at, begun):
        origin, way = begun(next_page="/room")
        inside = at("a")
        answer = self.follow(way, public=origin, a=inside)
        assert (answer.status_code, answer["Location"]) == (302, "/room")
        assert is_in(inside)
        assert self.follow(way, public=origin, a=inside)["Location"] in ("/", "/room")
        assert self.follow(way, public=origin, a=at("a")).status_code == 410

    def test_a_link_with_somebody_elses_code_signs_nobody_in(self, at, begun):
        """The hole that it closes: whoever opens it would work in the workspace as the one who sent it."""
        _attacker, way = begun()
        victim = at("a")
        answer = self.follow(way, public=at(""), a=victim)
        assert answer["Location"] == "/login"
        assert not is_in(victim)

    def test_a_code_that_was_bound_opens_nothing_in_another_browser(self, at, begun):
        attacker, way = begun()
        mine = at("a")
        asked = urlsplit(mine.get("/enter?" + urlsplit(way).query)["Location"])
        bound = urlsplit(attacker.get(f"{asked.path}?{asked.query}")["Location"])
        victim = at("a")
        assert victim.get(f"{bound.path}?{bound.query}").status_code == 410
        victim.cookies["arrival"] = "guessed"
        assert victim.get(f"{bound.path}?{bound.query}").status_code == 410
        assert not is_in(victim)
        assert mine.get(f"{bound.path}?{bound.query}")["Location"] == "/"

    def test_a_victim_who_is_on_their_own_way_arrives_as_themselves(self, at, begun):
        reza = Identity.objects.get(pk=REZA.identity_id)
        victim_origin, _own = begun(reza)
        _attacker, way = begun()
        victim = at("a")
        self.follow(way, public=victim_origin, a=victim)
        assert victim.get("/room").content.decode() == REZA.name

    @pytest.mark.parametrize("browser", ["", "x", "g" * 64, "0" * 63])
    def test_what_is_no_digest_is_bound_to_nothing(self, begun, browser):
        origin, _way = begun()
        assert origin.get("/enter/back", {"browser": browser})["Location"] == "/login"

    def test_it_works_for_a_minute_and_nowhere_else(self, at, begun):
        _origin, way = begun()
        query = urlsplit(way).query
        assert at("b").get(f"/enter?{query}").status_code == 410
        with later(seconds=61):
            assert at("a").get(f"/enter?{query}").status_code == 410
        assert at("a").get("/enter").status_code == 410

    def test_it_is_worth_nothing_after_a_change_of_password_or_without_a_member(self, at, begun, tenant_b):
        identity = Identity.objects.get(pk=SARA.identity_id)
        origin, way = begun()
        identity.change_password(FRESH)
        assert self.follow(way, public=origin, a=at("a")).status_code == 410
        stranger = Identity.objects.new(email="x@y.example", name="X", password=FRESH, language="en")
        origin, way = begun(stranger)
        assert self.follow(way, public=origin, a=at("a")).status_code == 410

    def test_it_sends_nobody_to_another_site(self, at, begun):
        origin, way = begun(next_page="//evil.example")
        assert self.follow(way, public=origin, a=at("a"))["Location"] == "/"


class TestSwitching:
    @pytest.fixture
    def in_both(self, tenant_b):
        """Sara works in B too, as Eve's colleague."""
        Membership.objects.create(identity_id=SARA.identity_id, tenant=tenant_b)
        with in_tenant(tenant_b):
            Member.objects.create(name="سارا", label="سارا", identity=SARA.identity_id)

    @pytest.mark.urls("config.urls_tenant")
    def test_the_shell_offers_it_to_whoever_has_several(self, client_for, in_both):
        assert 'href="/workspaces"' in client_for("sara").get("/settings/profile").content.decode()
        assert 'href="/workspaces"' not in client_for("reza").get("/settings/profile").content.decode()

    def test_one_goes_over_and_is_in_there_with_what_one_showed(self, client_for, at, in_both, tenant_b):
        here, there = client_for("sara"), at("b")
        assert tenant_b.name in here.get("/workspaces").content.decode()
        location = here.post("/workspaces/open", {"tenant": str(tenant_b.pk)})["Location"]
        for _step in range(3):
            parts = urlsplit(location)
            browser = here if parts.hostname.startswith("a.") else there
            location = browser.get(f"{parts.path}?{parts.query}")["Location"]
        assert location == "/"
        assert is_in(there)
        assert is_in(here)

    def test_only_into_ones_own(self, client_for, tenant_b):
        assert client_for("sara").post("/workspaces/open", {"tenant": str(tenant_b.pk)}).status_code == 404

    def test_a_removed_member_is_out_at_once_and_keeps_the_others(self, client_for, in_both, tenant_b):
        with in_tenant(tenant_b):
            see_out(Member.objects.get(identity=SARA.identity_id))
        here = client_for("sara")
        assert here.post("/workspaces/open", {"tenant": str(tenant_b.pk)}).status_code == 404
        assert is_in(here)
