"""Whoever changes something leaves an event. Records do by the engine; of every other table it is said here by what."""

from importlib import import_module

import pytest
from django.apps import apps

from kernel.events.models import Event
from kernel.events.names import sentences
from kernel.lib.ids import uuid7
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from kernel.tenancy.router import TENANT, side

# What is written into a table that holds no records, and the events that tell of it.
TOLD = {
    "events.Retention": ["audit.retention_changed"],
    "access.Member_roles": ["member.updated"],
    "access.Member_teams": ["member.updated"],
    "access.Share": ["deal.shared", "deal.unshared"],
    "access.Invitation": ["member.invited", "member.invitation_withdrawn", "member.joined"],
    "access.Provider": ["provider.changed"],
    "access.Subject": ["member.came_by_provider", "member.provider_account_forgotten"],
    "access.ApiKey": ["member.key_created", "member.key_revoked"],
    "attachments.FileVersion": ["file.updated", "file.downloaded"],
    "contacts.ContactPoint": ["contact.updated"],
    "leads.Lead_qualification": ["lead.updated"],
    "leads.LeadRules": ["leads.rules_changed"],
    "privacy.Erasure": ["privacy.erased"],
    "records.LegalHold": ["legal_hold.set", "legal_hold.lifted"],
    "records.DuplicateRule": ["duplicates.rules_changed"],
    "records.Redirect": ["contact.merged"],
    "records.SavedView": ["view.changed"],
    "records.RoleView": ["view.of_role_changed"],
    "sales.DealLine": ["deal.updated"],
}
# What a member chose for themselves alone, what is worked with for a while, and what is derived from the rest.
SILENT = {
    "events.Event", "events.Seal", "events.Reaction", "runs.Run", "files.StoredFile", "attachments.Upload",
    "records.DuplicateKeys", "records.DuplicateDismissal", "records.KnownWord", "records.ViewMark",
    "transfer.KnownColumns", "transfer.KnownLabel", "transfer.Problem", "api.IdempotentAnswer",
    "teamwork.Notification", "teamwork.Reminder", "teamwork.Follow", "teamwork.Preferences", "teamwork.Clock",
    "leads.Submission",
}  # fmt: skip
COMPANY = {
    "name": "Aster & Co", "language": "en", "calendar": "gregorian", "timezone": "Europe/Berlin", "country": "US",
}  # fmt: skip
ALIKE = [rtype.slug for rtype in registry.values() if rtype.duplicate_keys]
RULES = {f"{slug}-{door}": "block" for slug in ALIKE for door in ("form", "api", "imports")}


def test_of_every_table_it_is_said_by_what_its_changes_are_told():
    import_module("config.urls_tenant")  # pages name the events they write
    models = [model for model in apps.get_models(include_auto_created=True) if side(model._meta.app_label) == TENANT]
    held = {model._meta.label for model in models} - {rtype.model._meta.label for rtype in registry.values()}
    assert held == TOLD.keys() | SILENT
    assert {name for names in TOLD.values() for name in names} - sentences.keys() == set()


def events(tenant):
    with in_tenant(tenant):
        return {(e.name, str(e.changes)) for e in Event.objects.all()}


@pytest.mark.parametrize(
    ("url", "sent", "name", "says"),
    [
        ("/settings/company", COMPANY, "workspace.settings_changed", "'name': ['Aster Trading', 'Aster & Co']"),
        ("/settings/duplicates", RULES, "duplicates.rules_changed", "'api': ['warn', 'block']"),
        ("/settings/leads", {"source_required": "on"}, "leads.rules_changed", "'source_required': [False, True]"),
        ("/settings/audit/keep", {"years": "3"}, "audit.retention_changed", "'years': [None, 3]"),
        ("/settings/keys", {"name": "Till", "id": str(uuid7())}, "member.key_created", "'key': [None, 'Till']"),
        (
            "/r/deals/views/new",
            {"name": "Ours", "query": "status=open", "audience": "everyone"},
            "view.changed",
            "'name': [None, 'Ours']",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("/") else "",
)
def test_a_change_of_the_settings_is_told(client_for, tenant_a, url, sent, name, says):
    sara, before = client_for("sara"), events(tenant_a)
    assert sara.post(url, sent).status_code in (200, 302, 303)
    made = events(tenant_a) - before
    assert [said for event, said in made if event == name and says in said], made
    page = sara.get("/settings/audit").content.decode()
    assert "Sara Admin" in page


def test_a_form_that_is_sent_again_as_it_is_tells_nothing(client_for, tenant_a):
    sara = client_for("sara")
    sara.post("/settings/company", COMPANY)
    before = events(tenant_a)
    sara.post("/settings/company", COMPANY)
    assert events(tenant_a) == before


def test_a_view_of_ones_own_is_not_told(client_for, tenant_a):
    before = events(tenant_a)
    client_for("sara").post("/r/deals/views/new", {"name": "Mine", "query": "status=open"})
    assert events(tenant_a) == before
