"""Ways round what was shared and what is only looked at: to keep a record, to read on, to leave traces as another."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT
from django.utils import timezone

from kernel.access.actor import actor_for, operator
from kernel.access.models import Role, Share, Team
from kernel.events.models import Event
from kernel.lib.ids import uuid7
from kernel.records.bulk import Item, change_many
from kernel.records.change import create
from kernel.records.find import get
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def deal(tenant_a: Any, member: Any) -> Any:
    """Mina's, which Reza of another team may change until tonight, and delete were it his or his team's."""
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules["types"]["deals"] = {"verbs": {"*": "team"}, "fields": {"*": "edit"}}
        role.save()
        made = create(operator().access(registry["deals"]), {"name": "Orchid", "owner": member("mina").pk})
        until = timezone.now() + timedelta(hours=1)
        Share.objects.create(
            record_type="deals", record_id=made.pk, member=member("reza"), level="edit", until=until
        )  # fmt: skip
    return made


def mine(member: Any, field: str) -> Any:
    return {"owner": member("reza"), "team": Team.objects.get(name="North")}[field].pk


@pytest.mark.parametrize("field", ["owner", "team"])
def test_what_is_shared_is_not_taken(api_for: Any, deal: Any, tenant_a: Any, member: Any, field: str) -> None:
    reza, url = api_for("reza"), f"/api/v1/deals/{deal.pk}"
    with in_tenant(tenant_a):
        pk = mine(member, field)
    assert reza.patch(url, {field: str(pk)}).status_code == 403
    assert reza.patch(url, {"name": "Rose", "owner": str(deal.owner_id)}).status_code == 200
    with in_tenant(tenant_a):
        Share.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert reza.get(url).status_code == 404
    assert api_for("leila").patch(url, {field: str(pk)}).status_code == 200


@pytest.mark.parametrize("field", ["owner", "team"])
def test_what_is_shared_is_not_taken_among_many(deal: Any, in_a: Any, member: Any, field: str) -> None:
    access = actor_for(member("reza"), "page").access(registry["deals"])
    item = Item({field: mine(member, field)}, get(access, deal.pk))
    change_many(access, [item], change_set=uuid7())
    assert item.error is not None
    assert item.error.code == "forbidden"
    deal.refresh_from_db()
    assert deal.owner_id == member("mina").pk


@pytest.fixture
def as_mina(client_for: Any, tenant_a: Any, member: Any) -> Any:
    with in_tenant(tenant_a):
        pk = member("mina").pk
    sara = client_for("sara")
    assert sara.post(f"/settings/members/{pk}/view-as").status_code == 302
    return sara


def test_what_members_were_told_is_not_read_over_the_api_either(as_mina: Any) -> None:
    assert as_mina.get("/api/v1/notifications").status_code == 403


def test_what_is_fetched_through_anothers_eyes_is_no_act_of_theirs(
    as_mina: Any, api_for: Any, tenant_a: Any, member: Any, deal: Any
) -> None:
    sent = {"file": SimpleUploadedFile("a.txt", b"Lilac"), "about": f"deals:{deal.pk}"}
    file = api_for("mina").post("/api/v1/files", sent, MULTIPART_CONTENT)
    assert file.status_code == 201, file.content
    got = as_mina.get(f"/r/files/{file.json()['id']}/content", follow=True)
    assert b"".join(got.streaming_content) == b"Lilac"
    with in_tenant(tenant_a):
        assert Event.objects.get(name="file.downloaded").member == member("sara")
