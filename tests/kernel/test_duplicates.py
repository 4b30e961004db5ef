"""Records like others: what tells them, what a form, a program and a file are told, and what nobody is told."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, ClassVar

import pytest
from django.core.management import call_command
from django.db import connections
from importing import begin, records

from kernel.access.actor import actor_for, operator
from kernel.access.models import Role
from kernel.records import key_changes
from kernel.records.change import create, delete, edit
from kernel.records.duplicates import Duplicates, asking, candidates, keys_of
from kernel.records.key_changes import derive_keys, derive_what_is_behind
from kernel.records.models import DuplicateKeys, DuplicateRule
from kernel.records.types import registry
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant, tenant_only
from kernel.transfer import preview

PHONE = "+14155550123"


def contact(**values: Any) -> Any:
    return create(operator().access(registry["contacts"]), {"last_name": "Moon", **values})


def rule(slug: str = "contacts", **values: Any) -> None:
    DuplicateRule.objects.update_or_create(record_type=slug, defaults=values)


def alike(member: Any, text: dict[str, Any], slug: str = "contacts") -> Any:
    access = actor_for(member, "page").access(registry[slug])
    record = registry[slug].model(**text)
    return candidates(access, keys_of(registry[slug], record))


class TestKeys:
    @pytest.mark.parametrize("name", ["علی رضایی", "علي رضايی", "عليرضايي", "علی‌رضایی", "آقای دکتر سید علی رضائی"])
    def test_spellings_of_a_name_are_suggested(self, in_a: Any, member: Any, name: str) -> None:
        there = contact(first_name="علی", last_name="رضایی")
        found = alike(member("sara"), {"last_name": name})
        assert [item.record.pk for item in found.shown] == [there.pk]

    @pytest.mark.parametrize("name", ["شرکت صنعتی نور (سهامی خاص)", "نور", "گروه نور"])
    def test_words_for_company_do_not_tell_two_apart(self, in_a: Any, member: Any, name: str) -> None:
        there = create(operator().access(registry["companies"]), {"name": "شرکت نور"})
        assert [c.record.pk for c in alike(member("sara"), {"name": name}, "companies").shown] == [there.pk]

    def test_every_number_of_a_contact_tells(self, in_a: Any, member: Any) -> None:
        points = [{"kind": "phone", "value": "+14155550100"}, {"kind": "phone", "value": PHONE}]
        there = contact(contact_points=points)
        with pytest.raises(Duplicates) as caught:
            rule(api="block")
            create(actor_for(member("sara"), "api").access(registry["contacts"]), {"last_name": "X", "phone": PHONE})
        assert caught.value.found.shown[0].record.pk == there.pk

    def test_what_is_in_the_trash_is_not_like_anything(self, in_a: Any, member: Any) -> None:
        there = contact(phone=PHONE)
        delete(operator().access(registry["contacts"]), there)
        rule(api="block")
        create(actor_for(member("sara"), "api").access(registry["contacts"]), {"last_name": "X", "phone": PHONE})

    def test_keys_are_derived_anew(self, in_a: Any) -> None:
        there = contact(phone=PHONE)
        keys = there.duplicate_keys
        type(there).objects.filter(pk=there.pk).update(duplicate_keys=[])
        assert derive_keys(registry["contacts"]) == 1
        assert type(there).objects.get(pk=there.pk).duplicate_keys == keys
        assert derive_keys(registry["contacts"]) == 0

    def test_an_operator_has_them_derived_anew(self, tenant_a: Any, capsys: Any) -> None:
        with in_tenant(tenant_a):
            there = contact(phone=PHONE)
            type(there).objects.filter(pk=there.pk).update(duplicate_keys=["phone:0"])
        for changed in (1, 0):
            call_command("duplicates", "a", "--json")
            assert json.loads(capsys.readouterr().out)["contacts"] == changed
        with in_tenant(tenant_a):
            assert f"phone:{PHONE}" in type(there).objects.get(pk=there.pk).duplicate_keys

    def test_a_tenant_s_keys_follow_the_code_by_themselves(self, in_a: Any, monkeypatch: Any) -> None:
        every = [contact(last_name=f"Moon {n}", phone=f"+1415555010{n}") for n in range(5)]
        kept = {there.pk: there.duplicate_keys for there in every}
        assert derive_what_is_behind() is False
        type(every[0]).objects.update(duplicate_keys=["of an older code"])
        assert derive_what_is_behind() is False
        assert type(every[0]).objects.filter(duplicate_keys=["of an older code"]).count() == 5
        DuplicateKeys.objects.update(digest="of an older code")
        monkeypatch.setattr(key_changes, "CHUNK", 2)
        monkeypatch.setattr(key_changes, "SECONDS", 0)
        assert derive_what_is_behind() is True  # nothing was done, and nothing is forgotten
        clock = iter(range(100))
        monkeypatch.setattr(key_changes.time, "monotonic", lambda: next(clock))
        monkeypatch.setattr(key_changes, "SECONDS", 2)
        sweeps = 1
        while derive_what_is_behind():
            sweeps += 1
        assert sweeps > 2
        assert {there.pk: there.duplicate_keys for there in type(every[0]).objects.all()} == kept

    def test_the_other_tenant_is_not_asked(self, tenant_a: Any, tenant_b: Any, member: Any) -> None:
        with in_tenant(tenant_b):
            contact(last_name="Only there")
        with in_tenant(tenant_a):
            assert not alike(member("sara"), {"last_name": "Only there"})


class TestForm:
    def post(self, client: Any, **more: str) -> Any:
        values = {"last_name": "Sun", "contact_points-count": "1", "contact_points-0-kind": "phone"}
        return client.post("/r/contacts/new", {**values, "contact_points-0-value": PHONE, **more})

    def test_the_hint_names_who_has_the_number_and_why(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            there = contact(phone=PHONE)
        data = {"contact_points-count": "1", "contact_points-0-kind": "phone", "contact_points-0-value": PHONE}
        html = client_for("sara").post("/r/contacts/alike", data).content.decode()
        assert f"/r/contacts/{there.pk}" in html and "same phone number" in html

    def test_the_hint_offers_to_look_at_it_and_to_take_it(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            there = contact(phone=PHONE)
        html = client_for("sara").post("/r/contacts/alike", {"last_name": "Moon"}).content.decode()
        assert f'hx-get="/r/contacts/{there.pk}?peek=1"' in html
        assert f'data-drop href="/r/contacts/{there.pk}"' in html

    def test_of_a_record_that_is_there_only_what_is_new_is_looked_for(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            there, mine, twin = contact(phone=PHONE), contact(last_name="Sun"), contact(last_name="Sun")
        client = client_for("sara")
        ask = f"/r/contacts/alike?record={mine.pk}"
        assert not client.post(ask, {"last_name": "Sun"}).content.strip(), f"{twin} was like it before"
        html = client.post(ask, {"phone": PHONE}).content.decode()
        assert f'href="/r/contacts/merge?ids={mine.pk},{there.pk}"' in html
        assert str(mine.pk) not in html.replace(f"ids={mine.pk}", "")

    def test_the_editor_of_a_field_asks_where_the_field_tells(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            mine = contact(phone=PHONE)
        client, ask = client_for("sara"), f"/r/contacts/alike?record={mine.pk}"
        assert ask in client.get(f"/r/contacts/{mine.pk}/cell/phone").content.decode()
        assert "alike" not in client.get(f"/r/contacts/{mine.pk}/cell/city").content.decode()
        assert ask in client.get(f"/r/contacts/{mine.pk}/edit").content.decode()

    def test_whoever_may_not_edit_a_record_is_not_hinted_at_what_it_is_like(
        self, tenant_a: Any, client_for: Any, member: Any
    ) -> None:
        with in_tenant(tenant_a):
            contact(phone=PHONE)
            mine = contact(last_name="Sun", owner=member("mina").pk)
        told = client_for("reza").post(f"/r/contacts/alike?record={mine.pk}", {"phone": PHONE})
        assert told.status_code in (403, 404)
        assert client_for("sara").post("/r/contacts/alike?record=none", {"phone": PHONE}).status_code == 404

    def test_a_picker_that_makes_one_asks_first(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            there = create(operator().access(registry["companies"]), {"name": "Nile Foods Ltd"})
        client = client_for("sara")
        asked = client.post("/r/companies/options", {"label": "nile foods ltd"})
        assert asked.status_code == 409
        assert [item["id"] for item in asked.json()["candidates"]] == [str(there.pk)]
        assert asked.json()["may_insist"] is True
        assert client.post("/r/companies/options", {"label": "Nile Foods Ltd", "anyway": "1"}).status_code == 201

    def test_nothing_alike_says_nothing(self, client_for: Any) -> None:
        assert not client_for("sara").post("/r/contacts/alike", {"last_name": "Nobody"}).content.strip()

    def test_saving_asks_once_and_takes_yes(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            contact(phone=PHONE)
        client = client_for("sara")
        asked = self.post(client)
        assert asked.status_code == 422 and 'name="anyway"' in asked.content.decode()
        assert self.post(client, anyway="1").status_code == 303

    def test_a_rule_that_refuses_takes_no_yes(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            contact(phone=PHONE)
            rule(form="block")
        refused = self.post(client_for("sara"), anyway="1")
        assert refused.status_code == 422 and 'name="anyway"' not in refused.content.decode()

    def test_a_rule_that_allows_neither_hints_nor_asks(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            contact(phone=PHONE)
            rule(form="allow")
        client = client_for("sara")
        assert "/r/contacts/alike" not in client.get("/r/contacts/new").content.decode()
        assert self.post(client).status_code == 303

    def test_a_hidden_field_neither_matches_nor_is_named(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            contact(phone=PHONE, national_id="0012345678", owner=there_member("mina").pk)
            role = Role.objects.get(code="rep")
            role.rules["types"]["contacts"] = {"fields": {"*": "edit", "national_id": "none"}}
            role.save()
            access = actor_for(there_member("mina"), "page").access(registry["contacts"])
            assert "national_id" not in access.readable()
            assert not candidates(access, ["national:0012345678"])
        told = client_for("mina").post("/r/contacts/alike", {"last_name": "Q", "national_id": "0012345678"})
        assert not told.content.strip()

    def test_one_out_of_reach_is_said_to_exist_or_nothing(self, tenant_a: Any, client_for: Any, member: Any) -> None:
        with in_tenant(tenant_a):
            there = contact(last_name="Secretly", phone=PHONE, owner=member("mina").pk)
        client = client_for("reza")
        html = self.post(client).content.decode()
        assert "that you cannot see" in html and "Secretly" not in html and str(there.pk) not in html
        with in_tenant(tenant_a):
            rule(form="block", tells_unseen=False)
        assert self.post(client).status_code == 303


def there_member(name: str) -> Any:
    from standing import CAST

    from kernel.access.models import Member

    return Member.objects.get(pk=CAST[name].member_id)


class TestApi:
    SUN: ClassVar[dict[str, str]] = {"last_name": "Sun", "phone": PHONE}

    def test_asked_with_the_ids_and_made_all_the_same(self, tenant_a: Any, api_for: Any) -> None:
        with in_tenant(tenant_a):
            there = contact(phone=PHONE)
        api = api_for("sara")
        asked = api.post("/api/v1/contacts", self.SUN)
        assert asked.status_code == 409
        assert [item["id"] for item in asked.json()["candidates"]] == [str(there.pk)]
        assert asked.json()["may_insist"] is True
        made = api.post("/api/v1/contacts?duplicates=allow", self.SUN)
        assert made.status_code == 201
        assert made["Link"] == f'</api/v1/contacts/{there.pk}>; rel="duplicate"'
        assert api.post("/api/v1/contacts?duplicates=perhaps", self.SUN).status_code == 400

    def test_one_out_of_reach_is_no_candidate(self, tenant_a: Any, api_for: Any, member: Any) -> None:
        with in_tenant(tenant_a):
            there = contact(last_name="Secretly", phone=PHONE, owner=member("mina").pk)
        asked = api_for("reza").post("/api/v1/contacts", self.SUN)
        assert (asked.status_code, asked.json()["candidates"]) == (409, [])
        assert "Secretly" not in asked.content.decode() and str(there.pk) not in asked.content.decode()

    def test_a_batch_asks_of_each(self, tenant_a: Any, api_for: Any) -> None:
        with in_tenant(tenant_a):
            contact(phone=PHONE)
        body = {"operations": [{"op": "create", "values": self.SUN}], "mode": "each"}
        answer = api_for("sara").post("/api/v1/contacts/batch", body).json()
        assert (answer["done"], answer["results"][0]["status"]) == (0, 409)
        assert api_for("sara").post("/api/v1/contacts/batch?duplicates=allow", body).json()["done"] == 1

    def test_the_schema_tells_of_it(self, api_for: Any) -> None:
        paths = api_for("sara").get("/api/v1/schema").json()["paths"]
        for path, is_there in (("contacts", True), ("contacts/batch", True), ("deals", False)):
            parameters = paths[f"/{path}"]["post"]["parameters"] if f"/{path}" in paths else None
            parameters = parameters or paths[f"/api/v1/{path}"]["post"]["parameters"]
            assert ("duplicates" in str(parameters)) == is_there, path

    def test_refused_with_the_ids(self, tenant_a: Any, api_for: Any) -> None:
        with in_tenant(tenant_a):
            there = contact(phone=PHONE)
            rule(api="block")
        answer = api_for("sara").post("/api/v1/contacts", {"last_name": "Sun", "phone": PHONE})
        assert answer.status_code == 409 and answer["Content-Type"] == "application/problem+json"
        assert [item["id"] for item in answer.json()["candidates"]] == [str(there.pk)]

    def test_an_edit_cannot_take_what_another_has(self, in_a: Any, member: Any) -> None:
        contact(phone=PHONE)
        other = contact(last_name="Other")
        rule(api="block")
        access = actor_for(member("sara"), "api").access(registry["contacts"])
        with pytest.raises(Duplicates):
            edit(access, other, {"phone": PHONE})
        edit(access, other, {"last_name": "Still"})


class TestImport:
    TEXT = f"last_name,phone\nSun,{PHONE}\nStar,+14155550199\nStar again,+14155550199\n"

    def test_a_refusing_rule_refuses_the_rows(self, tenant_a: Any, member: Any) -> None:
        with in_tenant(tenant_a):
            contact(phone=PHONE)
            rule(imports="block")
            run = begin(actor_for(member("sara"), "page"), "contacts", self.TEXT, match="none")
        with tenant_only(tenant_a):
            work(str(run.pk))
        with in_tenant(tenant_a):
            run.refresh_from_db()
            assert (run.counts["created"], run.counts["refused"]) == (1, 2)

    def test_a_warning_rule_counts_them_beforehand(self, in_a: Any, member: Any, tmp_path: Any) -> None:
        contact(phone=PHONE)
        actor = actor_for(member("sara"), "page")
        run = begin(actor, "contacts", self.TEXT, match="none")
        path = tmp_path / "rows.csv"
        path.write_text(self.TEXT)
        assert preview.Look(run, actor, path).preview().alike == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("via", ["page", "api"])
def test_two_alike_at_the_same_moment_leave_one(tenant_a: Any, member: Any, via: str) -> None:
    with in_tenant(tenant_a):
        rule(form="block", api="warn")
        sara = member("sara")
    start = Barrier(4)

    def one(number: int) -> bool:
        try:
            start.wait(5)
            with in_tenant(tenant_a):
                access = actor_for(sara, via).access(registry["contacts"])
                with asking(via == "api"):
                    create(access, {"last_name": f"Sun {number}", "phone": PHONE})
        except Duplicates:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [False, False, False, True]
    with in_tenant(tenant_a):
        assert records("contacts").filter(phone=PHONE).count() == 1


class TestSettings:
    def test_rules_are_kept(self, tenant_a: Any, client_for: Any) -> None:
        client = client_for("sara")
        assert client.get("/settings/duplicates").status_code == 200
        posted = {
            f"{r.slug}-{n}": "warn" for r in registry.values() if r.duplicate_keys for n in ("form", "api", "imports")
        }
        assert client.post("/settings/duplicates", {**posted, "contacts-api": "block"}).status_code == 303
        with in_tenant(tenant_a):
            kept = DuplicateRule.objects.get(record_type="contacts")
            assert (kept.form, kept.api, kept.tells_unseen) == ("warn", "block", False)

    def test_not_for_everybody(self, client_for: Any) -> None:
        assert client_for("reza").get("/settings/duplicates").status_code == 403
