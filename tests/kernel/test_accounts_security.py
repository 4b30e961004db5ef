"""One's own way in: the devices one is signed in with, word of a new one, another address."""

import re

import pytest
from django.conf import settings as conf
from standing import CAST, PASSWORD

from kernel.access.models import Member
from kernel.accounts import resets
from kernel.accounts.models import EmailChange, Identity, Session
from kernel.events.models import Event
from kernel.tenancy.context import in_tenant

SARA, REZA, EVE = CAST["sara"], CAST["reza"], CAST["eve"]
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1"
FRESH = "seven green bicycles"


def sign_in(client, person=REZA, password=PASSWORD):
    return client.post("/login", {"email": person.email, "password": password})


def is_in(client):
    return client.get("/settings/security").status_code == 200


def handles(client):
    page = client.get("/settings/security").content.decode()
    return re.findall(r'name="device" value="(\w+)"', page)


class TestDevices:
    def test_are_listed_with_what_and_whence_and_this_one_first(self, at):
        sign_in(at("a", headers={"User-Agent": PHONE}, REMOTE_ADDR="10.1.2.3"))
        here = at("a")
        sign_in(here)
        page = here.get("/settings/security").content.decode()
        assert "Safari on iPhone" in page
        assert "10.1.2.3" in page
        assert page.index("This device") < page.index("Safari on iPhone")
        assert not any(key in page for key in Session.objects.values_list("session_key", flat=True))

    def test_one_is_signed_out_and_the_others_stay(self, at):
        here, there, third = at("a"), at("a"), at("a")
        for client in (there, third, here):
            sign_in(client)
        _mine, newest, _oldest = handles(here)
        assert here.post("/settings/security/devices/end", {"device": newest}).status_code == 303
        assert (is_in(here), is_in(there), is_in(third)) == (True, True, False)

    def test_those_of_others_are_out_of_reach(self, client_for):
        reza, sara = client_for("reza"), client_for("sara")
        assert reza.post("/settings/security/devices/end", {"device": handles(sara)[0]}).status_code == 303
        assert is_in(sara)
        assert len(handles(reza)) == 1

    def test_everywhere_is_here_too_and_the_ways_that_were_begun_end(self, client_for, at):
        here, there, other = client_for("reza"), client_for("reza"), client_for("sara")
        epoch = Identity.objects.get(pk=REZA.identity_id).session_epoch
        assert here.post("/settings/security/devices/end-all")["Location"] == "/login"
        assert (is_in(here), is_in(there), is_in(other)) == (False, False, True)
        assert Identity.objects.get(pk=REZA.identity_id).session_epoch == epoch + 1
        assert sign_in(at("a")).status_code == 302

    def test_a_new_password_leaves_this_one_alone_in_the_list(self, client_for):
        here = client_for("reza")
        client_for("reza")
        assert len(handles(here)) == 2
        here.post("/settings/security/password", {"current": PASSWORD, "password": FRESH})
        assert len(handles(here)) == 1


class TestNewDevice:
    def test_is_told_by_mail_once(self, at, posting, mailoutbox):
        phone = at("a", headers={"User-Agent": PHONE}, REMOTE_ADDR="10.9.8.7")
        for _time in range(2):
            with posting():
                sign_in(phone)
            phone.post("/logout")
        (letter,) = mailoutbox
        assert letter.to == [f"{REZA.name} <{REZA.email}>"]
        assert "Safari on iPhone" in letter.body
        assert "10.9.8.7" in letter.body
        assert f"http://a.{conf.BASE_DOMAIN}" in letter.body

    def test_a_browser_that_another_person_used_is_new(self, at, posting, mailoutbox):
        browser = at("a")
        for person in (SARA, REZA, SARA):
            with posting():
                sign_in(browser, person)
            browser.post("/logout")
        assert [letter.to[0] for letter in mailoutbox] == [f"{who.name} <{who.email}>" for who in (SARA, REZA)]

    def test_a_wrong_password_tells_nobody(self, at, posting, mailoutbox):
        with posting():
            sign_in(at("a"), password="wrong")
        assert mailoutbox == []

    def test_a_forged_cookie_is_no_device(self, at, posting, mailoutbox):
        browser = at("a")
        browser.cookies["device"] = f'["{REZA.identity_id}"]:x:y'
        with posting():
            sign_in(browser)
        assert len(mailoutbox) == 1

    def test_is_told_in_persian_on_the_public_site_too(self, at, posting, mailoutbox):
        with posting():
            at("", headers={"Accept-Language": "fa"}).post("/login", {"email": EVE.email, "password": PASSWORD})
        assert '<html lang="fa" dir="rtl">' in mailoutbox[0].alternatives[0][0]


class TestAnotherAddress:
    NEW = "reza@new.example"

    def ask(self, client, posting, email=NEW, proof=PASSWORD):
        with posting():
            return client.post("/settings/security/email", {"email": email, "proof": proof})

    def links(self, mailoutbox):
        """{mailbox: path}"""
        return {
            re.search(r"<?([\w.]+@[\w.]+)>?$", letter.to[0])[1]: "/email/" + re.search(r"/email/(\S+)", letter.body)[1]
            for letter in mailoutbox
        }

    def test_takes_effect_when_both_mailboxes_said_yes(self, client_for, at, posting, mailoutbox, tenant_a):
        client = client_for("reza")
        assert self.ask(client, posting).status_code == 303
        links = self.links(mailoutbox)
        assert set(links) == {REZA.email, self.NEW}
        stranger = at("a")
        for mailbox in (self.NEW, REZA.email):
            assert Identity.objects.get(pk=REZA.identity_id).email == REZA.email
            assert stranger.get(links[mailbox]).status_code == 200
            with posting():
                stranger.post(links[mailbox])
        assert Identity.objects.get(pk=REZA.identity_id).email == self.NEW
        assert is_in(client)
        with in_tenant(tenant_a):
            assert Member.objects.get(pk=REZA.member_id).email == self.NEW
            changed = Event.objects.get(record_id=REZA.member_id, changes__has_key="email")
            assert (changed.changes["email"], changed.member_id) == ([REZA.email, self.NEW], REZA.member_id)
        assert at("a").post("/login", {"email": self.NEW, "password": PASSWORD}).status_code == 302
        assert sign_in(at("a")).status_code == 422
        assert stranger.get(links[self.NEW]).status_code == 410

    @pytest.mark.parametrize("side", ["old", "new"])
    def test_one_yes_is_not_enough_and_a_look_is_none(self, client_for, at, posting, mailoutbox, side):
        self.ask(client_for("reza"), posting)
        link = self.links(mailoutbox)[REZA.email if side == "old" else self.NEW]
        at("a").get(link)
        assert EmailChange.objects.get().old_said_yes_at is EmailChange.objects.get().new_said_yes_at is None
        for _twice in range(2):
            assert "there too" in at("a").post(link).content.decode()
        assert Identity.objects.get(pk=REZA.identity_id).email == REZA.email

    def test_needs_the_password(self, client_for, posting, mailoutbox):
        answer = self.ask(client_for("reza"), posting, proof="wrong horse battery")
        assert answer.status_code == 422
        assert "This is not your current password." in answer.content.decode()
        assert mailoutbox == []

    def test_an_address_that_is_taken_is_not_told(self, client_for, posting, mailoutbox):
        free, taken = (self.ask(client_for("reza"), posting, email) for email in (self.NEW, EVE.email))
        assert (free.status_code, free["Location"]) == (taken.status_code, taken["Location"])
        assert [letter.to[0] for letter in mailoutbox if EVE.email in letter.to[0]] == []

    def test_one_taken_meanwhile_stays_with_who_has_it(self, client_for, at, posting, mailoutbox):
        self.ask(client_for("reza"), posting)
        Identity.objects.new(email=self.NEW, name="Other", password=PASSWORD, language="en")
        for link in self.links(mailoutbox).values():
            answer = at("a").post(link)
        assert "cannot be used" in answer.content.decode()
        assert Identity.objects.get(pk=REZA.identity_id).email == REZA.email

    def test_is_taken_back_and_its_links_with_it(self, client_for, at, posting, mailoutbox):
        client = client_for("reza")
        self.ask(client, posting)
        assert client.post("/settings/security/email/withdraw").status_code == 303
        assert {at("a").get(link).status_code for link in self.links(mailoutbox).values()} == {410}

    def test_links_are_worth_nothing_elsewhere(self, client_for, at, posting, mailoutbox, tenant_b):
        self.ask(client_for("reza"), posting)
        assert {at("b").get(link).status_code for link in self.links(mailoutbox).values()} == {410}
        assert at("a").get("/email/nonsense").status_code == 410

    def test_a_colleague_known_by_it_stays_so(self, client_for, at, posting, mailoutbox, tenant_a):
        with in_tenant(tenant_a):
            Member.objects.filter(pk=CAST["mina"].member_id).update(email=self.NEW)
        self.ask(client_for("reza"), posting)
        for link in self.links(mailoutbox).values():
            with posting():
                at("a").post(link)
        with in_tenant(tenant_a):
            assert Member.objects.get(pk=REZA.member_id).email == REZA.email
        assert Identity.objects.get(pk=REZA.identity_id).email == self.NEW

    def test_a_letter_for_a_new_password_sent_to_the_old_address_ends(self, at, tenant_a):
        token = resets.new_token(Identity.objects.get(pk=REZA.identity_id), tenant_a)
        assert at("a").get(f"/reset/{token}").status_code == 200
        Identity.objects.filter(pk=REZA.identity_id).update(email=self.NEW)
        assert at("a").get(f"/reset/{token}").status_code == 410
