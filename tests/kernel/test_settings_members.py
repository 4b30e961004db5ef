"""Members and teams through HTTP: inviting, changing, leaving, and what may never happen."""

import re

import pytest
from standing import CAST, PASSWORD

from kernel.access.actor import operator
from kernel.access.models import Invitation, Member, Role, Team
from kernel.accounts.models import Membership, Session
from kernel.events.models import Event
from kernel.records.change import create
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant
from kernel.web.accounts.invitations import token_of

SARA, REZA, MINA, EVE = (CAST[name] for name in ("sara", "reza", "mina", "eve"))


def url(person, *rest):
    pk = getattr(person, "member_id", None) or person
    return "/".join(("/settings/members", str(pk), *rest))


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.fixture
def roles(tenant_a):
    with in_tenant(tenant_a):
        return {code: str(pk) for code, pk in Role.objects.values_list("code", "pk")}


@pytest.fixture
def posting(django_capture_on_commit_callbacks):
    """Inside it, what is to follow the commit follows."""
    from contextlib import contextmanager

    from config.celery import app

    @contextmanager
    def run():
        eager = app.conf.task_always_eager
        app.conf.task_always_eager = True
        try:
            with django_capture_on_commit_callbacks(using="default", execute=True):
                yield
        finally:
            app.conf.task_always_eager = eager

    return run


def make(slug, **values):
    return create(operator().access(registry[slug]), values)


class TestMembers:
    def test_are_listed_with_where_they_stand(self, client_for, tenant_a):
        with in_tenant(tenant_a):
            make("members", name="Darcel Schlecht")
        page = text_of(client_for("sara").get("/settings/members"))
        assert "Reza Rep reza@a.example Sales representative North Active" in page
        assert re.search(r"Darcel Schlecht .*Without sign-in", page)
        assert "حوا" not in page

    def test_are_found_by_name(self, client_for):
        page = text_of(client_for("sara").get("/settings/members?q=mina"))
        assert "Mina Rep" in page
        assert "Reza Rep" not in page

    def test_those_of_another_company_do_not_exist(self, client_for):
        client = client_for("sara")
        assert client.get(url(EVE)).status_code == 404
        for act in ("invite", "withdraw", "activate", "hand-over"):
            assert client.post(url(EVE, act)).status_code == 404
        assert client.get(url(EVE, "deactivate")).status_code == 404

    def test_are_invited_by_mail_and_come_in(self, client_for, at, posting, mailoutbox, tenant_a, roles):
        given = {"name": "Nora New", "email": "Nora@A.example", "roles": [roles["rep"]], "invite": "true"}
        with posting():
            assert client_for("sara").post("/settings/members/new", given).status_code == 303
        assert [mail.to for mail in mailoutbox] == [["Nora New <nora@a.example>"]]
        link = re.search(r"https?://[^/]+(/join/\S+)", mailoutbox[0].body)[1]
        client = at("a")
        assert client.post(link, {"name": "Nora", "password": "seven green bicycles"}).status_code == 302
        assert client.get("/settings/profile").status_code == 200
        with in_tenant(tenant_a):
            nora = Member.objects.get(email="nora@a.example")
            assert nora.identity
            names = Event.objects.filter(record_id=nora.pk).order_by("pk").values_list("name", flat=True)
            assert list(names) == [
                "member.created",
                "member.invited",
                "member.updated",
                "member.joined",
                "member.signed_in",
            ]

    def test_an_invitation_is_sent_again_and_withdrawn(self, client_for, at, tenant_a, roles):
        sara = client_for("sara")
        given = {"name": "Nora New", "email": "nora@a.example", "roles": [roles["rep"]], "invite": "true"}
        sara.post("/settings/members/new", given)
        with in_tenant(tenant_a):
            nora = Member.objects.get(email="nora@a.example").pk
        assert "Invited" in text_of(sara.get("/settings/members"))
        assert sara.post(url(nora, "invite")).status_code == 303
        with in_tenant(tenant_a):
            token = token_of(Invitation.objects.filter(member=nora).latest("pk"))
        assert at("a").get(f"/join/{token}").status_code == 200
        assert sara.post(url(nora, "withdraw")).status_code == 303
        assert at("a").get(f"/join/{token}").status_code == 410
        assert "Without sign-in" in text_of(sara.get(url(nora)))

    def test_another_address_ends_the_invitation_to_the_old_one(self, client_for, at, tenant_a, roles):
        sara = client_for("sara")
        given = {"name": "Nora New", "email": "nora@a.example", "roles": [roles["rep"]], "invite": "true"}
        sara.post("/settings/members/new", given)
        with in_tenant(tenant_a):
            nora = Member.objects.get(email="nora@a.example").pk
            token = token_of(Invitation.objects.get(member=nora))
        sara.post(url(nora), given | {"name": "Nora Newer", "version": ""})
        assert at("a").get(f"/join/{token}").status_code == 200
        sara.post(url(nora), given | {"email": "somebody@else.example", "version": ""})
        assert at("a").get(f"/join/{token}").status_code == 410

    def test_one_who_is_in_cannot_be_invited(self, client_for, tenant_a):
        client_for("sara").post(url(REZA, "invite"))
        with in_tenant(tenant_a):
            assert not Invitation.objects.filter(member=REZA.member_id).exists()

    def test_an_invitation_needs_an_address_of_its_own(self, client_for, roles):
        sara = client_for("sara")
        response = sara.post("/settings/members/new", {"name": "No Mail", "roles": [roles["rep"]], "invite": "true"})
        assert response.status_code == 422
        assert 'href="#f-email"' in response.content.decode()
        assert 'value="No Mail"' in response.content.decode()
        taken = {"name": "Other Reza", "email": "reza@a.example", "roles": [roles["rep"]], "invite": "true"}
        response = sara.post("/settings/members/new", taken)
        assert response.status_code == 422
        assert "Another member has this email address." in text_of(response)

    def test_may_own_records_without_signing_in(self, client_for, tenant_a):
        assert client_for("sara").post("/settings/members/new", {"name": "Darcel"}).status_code == 303
        with in_tenant(tenant_a):
            assert Member.objects.get(name="Darcel").identity is None

    def test_are_changed_through_the_engine(self, client_for, tenant_a, roles):
        with in_tenant(tenant_a):
            north = str(Team.objects.get(name="North").pk)
            version = Member.objects.get(pk=MINA.member_id).version
        given = {
            "name": "Mina Manager", "roles": [roles["manager"]], "teams": [north], "manager": str(SARA.member_id),
            "version": version,
        }  # fmt: skip
        sara = client_for("sara")
        assert sara.post(url(MINA), given).status_code == 303
        with in_tenant(tenant_a):
            mina = Member.objects.get(pk=MINA.member_id)
            assert mina.manager_id == SARA.member_id
            assert list(mina.roles.values_list("code", flat=True)) == ["manager"]
            event = Event.objects.filter(record_id=mina.pk).latest("pk")
            assert {"name", "roles", "teams", "manager"} == event.changes.keys()
            assert event.member_id == SARA.member_id
        again = sara.post(url(MINA), given | {"name": "Old page"})
        assert again.status_code == 422
        assert "Somebody else changed this meanwhile" in text_of(again)
        assert 'value="Old page"' in again.content.decode()

    def test_reps_may_not(self, client_for, roles):
        reza = client_for("reza")
        assert reza.get(url(MINA)).status_code == 403
        assert reza.post(url(REZA), {"name": "Boss", "roles": [roles["admin"]]}).status_code == 403
        assert reza.post(url(MINA, "deactivate")).status_code == 403


class TestAdministrators:
    def test_the_last_one_stays_one(self, client_for, tenant_a, roles):
        response = client_for("sara").post(url(SARA), {"name": "Sara", "roles": [roles["rep"]], "version": ""})
        assert response.status_code == 422
        assert "This is the only administrator who can sign in." in text_of(response)
        with in_tenant(tenant_a):
            assert Member.objects.get(pk=SARA.member_id).roles.filter(code="admin").exists()

    def test_the_api_refuses_as_the_page_does(self, api_for, roles):
        api = api_for("sara")
        assert api.patch(f"/api/v1/members/{SARA.member_id}", {"roles": [roles["rep"]]}).status_code == 400
        assert api.patch(f"/api/v1/members/{SARA.member_id}", {"active": False}).status_code == 400
        assert api.delete(f"/api/v1/members/{SARA.member_id}").status_code == 400

    def test_one_of_two_may_step_back_the_other_not(self, client_for, tenant_a, roles):
        sara = client_for("sara")
        assert sara.post(url(MINA), {"name": "Mina", "roles": [roles["admin"]], "version": ""}).status_code == 303
        assert sara.post(url(SARA), {"name": "Sara", "roles": [roles["rep"]], "version": ""}).status_code == 303
        assert sara.get("/settings/members").status_code == 403
        mina = client_for("mina")
        assert mina.post(url(MINA), {"name": "Mina", "roles": [roles["rep"]], "version": ""}).status_code == 422

    def test_nobody_deactivates_themselves(self, client_for, tenant_a):
        response = client_for("sara").post(url(SARA, "deactivate"), {"successor": str(MINA.member_id)})
        assert response.status_code == 422
        with in_tenant(tenant_a):
            assert Member.objects.get(pk=SARA.member_id).active


class TestLeaving:
    @pytest.fixture
    def holdings(self, tenant_a):
        """Reza owns a deal of each outcome, one of them imported as lost without a reason, and leads a team."""
        with in_tenant(tenant_a):
            company = make("companies", name="Acme", owner=REZA.member_id)
            deals = [make("deals", name=f"Deal {n}", owner=REZA.member_id) for n in range(3)]
            lost = create(
                operator(via="import").access(registry["deals"]),
                {"name": "Lost", "owner": REZA.member_id, "stage": _stage("lost")},
            )
            make("notes", body="Called", about={"type": "deals", "id": str(deals[0].pk)}, owner=REZA.member_id)
            Team.objects.filter(name="North").update(lead=REZA.member_id)
            Member.objects.filter(pk=MINA.member_id).update(manager=REZA.member_id)
            return {"company": company.pk, "deals": [deal.pk for deal in deals], "lost": lost.pk}

    def leave(self, client, to=MINA):
        return client.post(url(REZA, "deactivate"), {"successor": str(to.member_id)})

    def run(self, tenant):
        with in_tenant(tenant):
            run = Run.objects.get(kind="handover")
            work(str(run.pk))
            run.refresh_from_db()
            return run

    def test_hands_everything_over(self, client_for, tenant_a, holdings):
        sara, reza = client_for("sara"), client_for("reza")
        asked = text_of(sara.get(url(REZA, "deactivate")))
        assert "Deals 4" in asked
        assert self.leave(sara).status_code == 303
        assert reza.get("/settings/profile").status_code == 302  # out at once
        assert 'hx-get="' in sara.get(url(REZA)).content.decode()
        run = self.run(tenant_a)
        assert (run.status, run.counts, run.done, run.total) == ("done", {"moved": 6, "refused": 0}, 6, 6)
        with in_tenant(tenant_a):
            for slug in ("deals", "companies", "notes"):
                owners = set(registry[slug].model.objects.values_list("owner", flat=True))
                assert owners == {MINA.member_id}, slug
            assert Team.objects.get(name="North").lead_id == MINA.member_id
            assert Member.objects.get(pk=MINA.member_id).manager_id is None
            events = Event.objects.filter(change_set=run.pk)
            assert events.filter(record_type="deals").count() == 4
            assert set(events.values_list("member", flat=True)) == {SARA.member_id}
        assert "6 records were handed over" in text_of(sara.get(url(REZA)))

    def test_goes_on_where_a_dead_worker_left(self, client_for, tenant_a, holdings, monkeypatch):
        from kernel.web.settings import runs

        monkeypatch.setattr(runs, "BATCH", 1)
        self.leave(client_for("sara"))
        real, moved = runs._move_some, []

        def dies(*args):
            if len(moved) == 2:
                raise KeyboardInterrupt
            if has_moved := real(*args):
                moved.append(args)
            return has_moved

        monkeypatch.setattr(runs, "_move_some", dies)
        with in_tenant(tenant_a), pytest.raises(KeyboardInterrupt):
            work(str(Run.objects.get(kind="handover").pk))
        monkeypatch.setattr(runs, "_move_some", real)
        with in_tenant(tenant_a):
            half = Run.objects.get(kind="handover")
            assert 0 < half.done < 6
            Run.objects.update(lease_until=None)
        run = self.run(tenant_a)
        assert (run.status, run.counts["moved"], run.done) == ("done", 6, 6)

    def test_leaves_what_is_written_once_with_its_writer(self, client_for, tenant_a, holdings):
        with in_tenant(tenant_a):
            rose, news = make("contacts", last_name="Rose"), make("consent-purposes", name="News")
            about = {"type": "contacts", "id": str(rose.pk)}
            said = {"purpose": news.pk, "channel": "email", "state": "given", "how": "phone"}
            consent = make("consents", about=about, owner=REZA.member_id, **said)
        self.leave(client_for("sara"))
        assert self.run(tenant_a).counts == {"moved": 6, "refused": 0}
        with in_tenant(tenant_a):
            consent.refresh_from_db()
        assert consent.owner_id == REZA.member_id

    def test_somebody_must_take_over(self, client_for, tenant_a, holdings):
        response = client_for("sara").post(url(REZA, "deactivate"), {"successor": ""})
        assert response.status_code == 422
        assert "Choose who takes over" in text_of(response)
        with in_tenant(tenant_a):
            assert Member.objects.get(pk=REZA.member_id).active

    def test_nobody_of_another_company_or_the_leaver_takes_over(self, client_for, holdings):
        sara = client_for("sara")
        assert self.leave(sara, to=EVE).status_code == 422
        assert self.leave(sara, to=REZA).status_code == 422

    def test_twice_is_once(self, client_for, tenant_a, holdings):
        sara = client_for("sara")
        self.leave(sara)
        assert self.leave(sara).status_code == 302
        with in_tenant(tenant_a):
            assert Run.objects.filter(kind="handover").count() == 1

    def test_what_a_failed_handover_left_is_handed_over_later(self, client_for, tenant_a, holdings):
        sara = client_for("sara")
        self.leave(sara)
        with in_tenant(tenant_a):
            Run.objects.update(status="failed", error="It broke.")
        page = text_of(sara.get(url(REZA)))
        assert "It broke." in page
        assert sara.post(url(REZA, "hand-over"), {"successor": ""}).status_code == 422
        assert sara.post(url(REZA, "hand-over"), {"successor": str(SARA.member_id)}).status_code == 303
        with in_tenant(tenant_a):
            run = Run.objects.filter(kind="handover").latest("pk")
            work(str(run.pk))
            assert set(registry["deals"].model.objects.values_list("owner", flat=True)) == {SARA.member_id}

    def test_clears_up_behind_and_lets_them_back_in(self, client_for, at, posting, tenant_a):
        sara, reza = client_for("sara"), client_for("reza")
        key = {"name": "Mine", "role": "", "id": "01900000-0000-7000-8000-000000000001"}
        secret = re.search(r"pk_[\w-]{20,}", reza.post("/settings/keys", key).content.decode())[0]
        with posting():
            assert sara.post(url(REZA, "deactivate"), {"successor": ""}).status_code == 303
        mine = {"identity": REZA.identity_id, "tenant": tenant_a.pk}
        assert not Membership.objects.filter(**mine).exists()
        assert not Session.objects.filter(**mine).exists()
        assert at("a").post("/login", {"email": REZA.email, "password": PASSWORD}).status_code == 422
        assert sara.post(url(REZA, "activate")).status_code == 303
        assert Membership.objects.filter(**mine).exists()
        assert at("a").post("/login", {"email": REZA.email, "password": PASSWORD}).status_code == 302
        assert at("a", HTTP_AUTHORIZATION=f"Bearer {secret}").get("/api/v1/me").status_code == 401


class TestTeams:
    def team(self, tenant, name):
        with in_tenant(tenant):
            return Team.objects.get(name=name, deleted_at=None)

    def test_are_a_tree(self, client_for):
        page = text_of(client_for("sara").get("/settings/teams"))
        assert page.index("Head office") < page.index("North") < page.index("South")

    def test_are_made_changed_and_deleted(self, client_for, tenant_a):
        sara = client_for("sara")
        head = self.team(tenant_a, "Head office")
        given = {"name": "East", "parent": str(head.pk), "lead": str(MINA.member_id)}
        assert sara.post("/settings/teams/new", given).status_code == 303
        east = self.team(tenant_a, "East")
        assert (east.parent_id, east.lead_id) == (head.pk, MINA.member_id)
        assert sara.post(f"/settings/teams/{east.pk}", given | {"name": "Far East", "version": 1}).status_code == 303
        assert sara.post(f"/settings/teams/{east.pk}/delete").status_code == 303
        with in_tenant(tenant_a):
            names = Event.objects.filter(record_id=east.pk).order_by("pk").values_list("name", flat=True)
            assert list(names) == ["team.created", "team.updated", "team.deleted"]

    def test_none_stands_below_itself(self, client_for, tenant_a, api_for):
        head, north = self.team(tenant_a, "Head office"), self.team(tenant_a, "North")
        response = client_for("sara").post(
            f"/settings/teams/{head.pk}", {"name": "Head office", "parent": str(north.pk)}
        )
        assert response.status_code == 422
        assert "“North” is already below this team." in text_of(response)
        assert 'href="#f-parent"' in response.content.decode()
        assert api_for("sara").patch(f"/api/v1/teams/{head.pk}", {"parent": str(head.pk)}).status_code == 400

    def test_two_do_not_share_a_name(self, client_for):
        response = client_for("sara").post("/settings/teams/new", {"name": "NORTH "})
        assert response.status_code == 422
        assert "There is a team of this name already." in text_of(response)

    def test_one_that_is_not_empty_stays(self, client_for, tenant_a):
        north = self.team(tenant_a, "North")
        client_for("sara").post(f"/settings/teams/{north.pk}/delete")
        assert self.team(tenant_a, "North").deleted_at is None


def _stage(kind):
    return registry["stages"].model.objects.filter(kind=kind).first().pk
