"""What a file is held against tells nothing of what one reads on one's own records only."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from importing import begin, carry_out, upload

from kernel.access.actor import actor_for, operator
from kernel.access.models import Role
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from kernel.transfer import imports, mapping

CSV = "name,email\nRose,\n"
COLUMNS = {"name": "name", "email": "email"}


@pytest.fixture
def rights(tenant_a: Any, member: Any) -> Any:
    """Reza reads and changes addresses on his own companies; Mina's Rose has one."""
    with in_tenant(tenant_a):
        create(
            operator().access(registry["companies"]),
            {"name": "Rose", "email": "lilac@rose.example", "owner": member("mina").pk},
        )

    def say(level: str) -> None:
        with in_tenant(tenant_a):
            role = Role.objects.get(code="rep")
            role.rules = {
                "types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}}, "companies": {
                    "verbs": {"*": "all"}, "fields": {"*": "edit", "email": level}
                }},
                "system": ["import"],
            }  # fmt: skip
            role.save()

    return say


def test_a_preview_shows_of_others_records_no_more_than_their_pages(
    rights: Any, tenant_a: Any, member: Any, client_for: Any
) -> None:
    def shown() -> str:
        with in_tenant(tenant_a):
            reza = actor_for(member("reza"), "page")
            run = upload(reza, "companies", CSV)
            access = reza.access(registry["companies"])
            entries = mapping.read_mapping(access, run.params["header"], COLUMNS)
            imports.describe(run, reza, entries, {"match": "name"})
        page = client_for("reza").get(f"/imports/{run.pk}/preview")
        assert page.status_code == 200
        return page.content.decode()

    rights("edit")
    assert "lilac@rose.example" in shown()
    rights("edit:own")
    assert "lilac@rose.example" not in shown()


@pytest.mark.parametrize("level", ["edit:own", "read:own"])
def test_rows_are_matched_by_nothing_that_is_read_on_ones_own_only(
    rights: Any, tenant_a: Any, member: Any, level: str
) -> None:
    rights(level)
    with in_tenant(tenant_a), pytest.raises(ValidationError):
        begin(actor_for(member("reza"), "page"), "companies", "name,email\nNew,lilac@rose.example\n", match="email")


def test_a_field_that_was_taken_since_matches_nothing(rights: Any, tenant_a: Any, member: Any) -> None:
    rights("edit")
    with in_tenant(tenant_a):
        text = "name,email\nNew,lilac@rose.example\n"
        run = begin(actor_for(member("reza"), "page"), "companies", text, match="email", existing="skip")
    rights("edit:own")
    run = carry_out(tenant_a, run)
    assert run.status == "failed"
    assert not run.counts.get("skipped")
