"""Search over all types: what is found, in which order, and what it must never tell."""

from typing import Any

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext

from kernel.access.actor import Actor, actor_for
from kernel.access.models import Member
from kernel.records import vocabulary
from kernel.records.change import create
from kernel.records.find import find
from kernel.records.types import registry
from kernel.search.finding import search
from kernel.search.marks import pieces
from kernel.tenancy.context import in_tenant


def made(actor: Actor, slug: str, **values: Any) -> Any:
    """With its words, which are kept when the transaction is committed."""
    record = create(actor.access(registry[slug]), values)
    vocabulary.keep(vocabulary.words_in(record.search))
    return record


def found(actor: Actor, text: str, **more: Any) -> list[str]:
    return [hit.label for hit in search(actor, text, **more).hits]


@pytest.fixture
def eve(in_b: Any, member: Any) -> Actor:
    return actor_for(member("eve"), "page")


@pytest.fixture
def sara(in_a: Any, member: Any) -> Actor:
    return actor_for(member("sara"), "page")


VARIANTS = [
    ("علی رضا کاظمی", "علیرضا"),
    ("علیرضا کاظمی", "علی رضا"),
    ("علی‌رضا کاظمی", "علیرضا"),
    ("علیرضا کاظمی", "علی‌رضا کاظمی"),
    ("علیرضا کاظمی", "كاظمي"),
    ("کاظم عليّ", "علی"),
    ("فروشگاه ۲۴", "24"),
    ("فروشگاه 24", "۲۴"),
    ("مؤسسهٔ آرمان", "موسسه ارمان"),
    ("نرم‌افزار کویر", "نرم افزار"),
    ("نرم افزار کویر", "نرم‌افزار"),
    ("سامانه گستر", "گستر سامانه"),
    ("Café Noir", "cafe"),
]


@pytest.mark.parametrize(("label", "typed"), VARIANTS)
def test_one_name_is_found_however_it_is_spelled(eve: Actor, label: str, typed: str) -> None:
    made(eve, "companies", name=label)
    assert found(eve, typed) == [label]
    assert [row.label for row in find(eve.access(registry["companies"]), {"q": typed}).page().rows] == [label]


SLIPS = [
    ("محمدی", "محندی"),
    ("فراهانی", "فراهنی"),
    ("فراهانی", "فراهاانی"),
    ("سلطانی", "سلاطنی"),
    ("Johnson", "Jonhson"),
    ("Johnson", "Johnsen"),
    ("Meridian Foods", "meridan foods"),
]


@pytest.mark.parametrize(("label", "typed"), SLIPS)
def test_one_slip_in_a_word_is_forgiven(eve: Actor, label: str, typed: str) -> None:
    made(eve, "companies", name=label)
    results = search(eve, typed)
    assert [hit.label for hit in results.hits] == [label]
    assert results.is_similar


def test_whoever_types_a_name_is_shown_no_others(sara: Actor) -> None:
    for name in ("Zemblan", "Zemblar"):
        made(sara, "companies", name=name)
    assert found(sara, "zemblan") == ["Zemblan"]


def test_words_of_committed_records_are_known_and_no_others(
    in_a: Any, sara: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    assert vocabulary.nearest(["zemblen"]) == {}
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            create(sara.access(registry["companies"]), {"name": "Taken Back"})
            raise ZeroDivisionError
        create(sara.access(registry["companies"]), {"name": "Zemblan, Works 24", "city": "ژرفا"})
    assert vocabulary.nearest(["zemblen", "wroks", "ژرفآ", "takan", "25"]) == {
        "zemblen": ["zemblan"], "wroks": ["works"], "ژرفآ": ["ژرفا"],
    }  # fmt: skip


def test_the_words_of_all_records_of_a_transaction_are_kept_at_once(
    in_a: Any, sara: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    with CaptureQueriesContext(connections["default"]) as queries, django_capture_on_commit_callbacks(execute=True):
        for name in ("Zemblan", "Works"):
            create(sara.access(registry["companies"]), {"name": name})
    assert sum('INTO "records_knownword"' in query["sql"] for query in queries) == 1
    assert vocabulary.nearest(["zemblen", "wroks"]) == {"zemblen": ["zemblan"], "wroks": ["works"]}


def test_the_words_of_older_records_are_gathered(tenant_a: Any, sara: Actor) -> None:
    create(sara.access(registry["companies"]), {"name": "Zemblan"})
    vocabulary.gather()
    assert found(sara, "zemblen") == ["Zemblan"]


def test_a_tenant_whose_words_were_never_gathered_has_it_done(
    sara: Actor, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("kernel.records.tasks.gather_words.delay", lambda: asked.append(True))
    with django_capture_on_commit_callbacks(execute=True):
        found(sara, "zemblen")
        found(sara, "zemblon")
    vocabulary.keep([vocabulary.WHOLE])
    vocabulary.forget()
    with django_capture_on_commit_callbacks(execute=True):
        found(sara, "zemblen")
    assert asked == [True]


@pytest.mark.parametrize(("label", "typed"), [("Ann", "Amn"), ("Depot 1234", "1235"), ("Johnson", "Jansen")])
def test_short_words_numbers_and_other_names_are_no_slips(eve: Actor, label: str, typed: str) -> None:
    made(eve, "companies", name=label)
    assert found(eve, typed) == []


@pytest.mark.parametrize(
    "typed",
    ["09123456789", "+98 912 345 6789", "00989123456789", "3456789", "6789", "۰۹۱۲۳۴۵۶۷۸۹", "۳۴۵۶۷۸۹", "0912-345-6789",
     "(0912) 345 67 89", "912 345"],
)  # fmt: skip
def test_a_telephone_number_is_found_by_any_piece_of_it(eve: Actor, typed: str) -> None:
    points = [{"kind": "phone", "value": "+989123456789", "primary": True}]
    made(eve, "contacts", first_name="زهرا", last_name="نوری", contact_points=points)
    hit = search(eve, typed).hits[0]
    assert (hit.label, hit.text) == ("زهرا نوری", "۰۹۱۲ ۳۴۵ ۶۷۸۹")
    assert any(is_word for _piece, is_word in pieces(hit.text, search(eve, typed).words))


def test_an_email_address_is_found_by_a_piece_of_it(sara: Actor) -> None:
    points = [{"kind": "email", "value": "ann.lee@harbor.example", "primary": True}]
    made(sara, "contacts", first_name="Ann", last_name="Lee", contact_points=points)
    assert found(sara, "lee@harbor") == ["Ann Lee"]


def test_the_nearest_comes_first(sara: Actor) -> None:
    for name in ("Old Quarry of Zemblan", "Prezemblant", "Zemblanese", "Zemblan North", "Zemblan"):
        made(sara, "companies", name=name)
    made(sara, "companies", name="Elsewhere", city="Zemblan")
    assert found(sara, "zemblan", each=10) == [
        "Zemblan", "Zemblan North", "Zemblanese", "Old Quarry of Zemblan", "Prezemblant", "Elsewhere",
    ]  # fmt: skip


def test_of_equals_the_last_touched_comes_first(sara: Actor) -> None:
    for city in ("Oslo", "Bergen"):
        made(sara, "companies", name="Zemblan", city=city)
    assert [hit.facts for hit in search(sara, "zemblan").hits] != []
    first = search(sara, "zemblan").hits[0]
    assert sara.access(registry["companies"]).records().get(pk=first.pk).city == "Bergen"


def test_every_type_is_looked_through_and_members_too(sara: Actor) -> None:
    company = made(sara, "companies", name="Zemblan Works")
    made(sara, "notes", body="They are from zemblan", about={"type": "companies", "id": str(company.pk)})
    made(sara, "products", name="Zemblan pump")
    made(sara, "members", name="Zemblan Smith")
    made(sara, "teams", name="Zemblan team")
    groups = {group.rtype.slug: [hit.label for hit in group.hits] for group in search(sara, "zemblan").groups}
    assert groups == {
        "companies": ["Zemblan Works"],
        "notes": ["They are from zemblan"],
        "products": ["Zemblan pump"],
        "members": ["Zemblan Smith"],
    }


def test_only_the_types_asked_for_are_looked_through(sara: Actor) -> None:
    made(sara, "companies", name="Zemblan Works")
    made(sara, "products", name="Zemblan pump")
    assert found(sara, "zemblan", types={"products"}) == ["Zemblan pump"]


def test_a_group_says_that_there_are_more(sara: Actor) -> None:
    for number in range(4):
        made(sara, "companies", name=f"Zemblan {number}")
    (group,) = search(sara, "zemblan", each=3).groups
    assert (len(group.hits), group.has_more) == (3, True)
    assert not search(sara, "zemblan", each=4).groups[0].has_more


def test_what_lies_in_the_trash_is_not_found(sara: Actor) -> None:
    from kernel.records.change import delete

    record = made(sara, "companies", name="Zemblan Works")
    delete(sara.access(registry["companies"]), record)
    assert found(sara, "zemblan") == []


@pytest.mark.parametrize("typed", ["", "   ", "\x00", "%", "_", "\\", "'; --", "(", "a" * 5_000, "‌", "ﷺ"])
def test_signs_are_signs(sara: Actor, typed: str) -> None:
    made(sara, "companies", name="Zemblan Works")
    assert found(sara, typed) == []


# -- what must never be told


def hide(actor: Actor, slug: str, *names: str) -> Actor:
    """The same manager, to whom these fields are hidden from now on."""
    assert actor.member is not None
    role = actor.member.roles.get()
    role.rules["types"][slug] = {"verbs": {"*": "all"}, "fields": {"*": "edit", **dict.fromkeys(names, "none")}}
    role.save()
    return actor_for(actor.member, "page")


@pytest.mark.parametrize("typed", ["zqxcanary", "zqxcan", "zqxcanery", "canary zqx", "Plain zqxcanary"])
def test_the_content_of_a_hidden_field_finds_nothing(sara: Actor, member: Any, typed: str) -> None:
    made(sara, "companies", name="Plain", city="Zqxcanary")
    leila = actor_for(member("leila"), "page")
    assert found(leila, typed if "canary zqx" not in typed else "zqxcanary plain") == ["Plain"]
    assert found(hide(leila, "companies", "city"), typed) == []


def test_a_hidden_field_shows_in_no_fact_and_no_snippet(sara: Actor, member: Any) -> None:
    made(sara, "companies", name="Plain", city="Zqxcanary Plain", industry="Zqxcanary")
    leila = hide(actor_for(member("leila"), "page"), "companies", "city", "industry")
    (hit,) = search(leila, "plain").hits
    assert "zqxcanary" not in str([hit.facts, hit.text, hit.spec]).lower()


def test_a_hidden_number_of_a_contact_finds_nothing(sara: Actor, member: Any) -> None:
    points = [{"kind": "phone", "value": "+12125550147", "primary": True}]
    made(sara, "contacts", first_name="Ann", last_name="Lee", contact_points=points)
    leila = actor_for(member("leila"), "page")
    assert found(leila, "5550147") == ["Ann Lee"]
    assert found(hide(leila, "contacts", "contact_points", "phone"), "5550147") == []


def test_rows_out_of_reach_are_never_found(sara: Actor, member: Any) -> None:
    reza, mina = (actor_for(member(name), "page") for name in ("reza", "mina"))
    deal = made(reza, "deals", name="Zemblan pipeline")
    made(reza, "notes", body="About zemblan", about={"type": "deals", "id": str(deal.pk)})
    assert set(found(reza, "zemblan")) == {"Zemblan pipeline", "About zemblan"}
    assert found(mina, "zemblan") == []
    assert found(mina, "zemblen") == []


def test_what_a_found_record_points_at_stays_hidden_out_of_reach(sara: Actor, member: Any) -> None:
    reza = actor_for(member("reza"), "page")
    company = made(sara, "companies", name="Secret Holding")
    made(sara, "deals", name="Zemblan pipeline", company=company.pk, owner=member("reza").pk)
    (hit,) = search(reza, "zemblan").hits
    reaches = reza.access(registry["companies"]).records().filter(pk=company.pk).exists()
    assert ("Secret Holding" in hit.facts) == reaches


def test_a_type_that_may_not_be_seen_is_not_looked_through(sara: Actor, member: Any) -> None:
    made(sara, "products", name="Zemblan pump")
    leila = actor_for(member("leila"), "page")
    assert found(leila, "zemblan") == ["Zemblan pump"]
    role = leila.member.roles.get()  # type: ignore[union-attr]
    role.rules["types"]["products"] = {"verbs": {"*": "none"}}
    role.save()
    assert found(actor_for(leila.member, "page"), "zemblan") == []  # type: ignore[arg-type]


def test_one_tenant_finds_nothing_of_the_other(tenant_a: Any, tenant_b: Any, member: Any) -> None:
    for tenant, name in ((tenant_a, "sara"), (tenant_b, "eve")):
        with in_tenant(tenant):
            made(actor_for(member(name), "page"), "companies", name=f"Zemblan {name}")
    for tenant, name in ((tenant_a, "sara"), (tenant_b, "eve")):
        with in_tenant(tenant):
            assert found(actor_for(member(name), "page"), "zemblan") == [f"Zemblan {name}"]


@pytest.mark.parametrize("typed", ["zemblan", "zemblen"])
def test_a_search_asks_as_often_for_many_rows_and_types_as_for_few(in_a: Any, member: Any, typed: str) -> None:
    sara = actor_for(member("sara"), "page")

    def queries() -> int:
        fresh = actor_for(Member.objects.get(pk=member("sara").pk), "page")
        with CaptureQueriesContext(connections["default"]) as caught:
            assert search(fresh, typed, each=50).hits
        return len(caught)

    made(sara, "companies", name="Zemblan")
    queries()
    few = queries()
    for number in range(8):
        company = made(sara, "companies", name=f"Zemblan {number}")
        contact = made(sara, "contacts", first_name="Zemblan", last_name=str(number), company=company.pk)
        made(sara, "deals", name=f"Zemblan {number}", company=company.pk, contact=contact.pk)
        made(sara, "notes", body="zemblan", about={"type": "companies", "id": str(company.pk)})
        made(sara, "products", name=f"Zemblan {number}")
    assert queries() <= few + 2  # the labels of what is pointed at: of types seen whole, and of children
