"""What a new tenant starts with, in its own language: roles, a pipeline, sources, lost reasons."""

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from crm_core.contacts.models import LeadSource
from crm_core.sales.models import LostReason, Stage
from kernel.access.actor import operator
from kernel.access.models import Member, Role
from kernel.records.change import change, create
from kernel.records.types import registry
from tenants.provisioned import on_provisioned

Channel = LeadSource.Channel
VIEW_SETTINGS = {"verbs": {"*": "none", "view": "all"}, "fields": {"*": "edit"}}
NOTHING, ALL = {"*": "none"}, {"*": "edit"}
# Seen by whoever sees the record they are about; of tasks about nothing ("alone") each sees the own ones.
ACTIVITIES = ("notes", "tasks", "calls", "meetings", "files")

ROLES: dict[str, dict[str, Any]] = {
    "admin": {"types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}}}, "system": ["*"]},
    "manager": {
        "types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}}, "@settings": VIEW_SETTINGS},
        "system": ["import", "export", "bulk"],
    },
    "rep": {
        "types": {
            "*": {
                "verbs": {
                    "*": "none", "view": "team", "create": "own", "edit": "own", "delete": "own", "convert": "own",
                    "win": "own", "lose": "own", "import": "own", "claim": "team",
                },
                "fields": {"*": "edit"},
            },
            "products": {"verbs": {"*": "none", "view": "all"}, "fields": {"*": "edit", "cost": "none"}},
            **{slug: {"verbs": {"*": "own", "view": "all", "create": "all"}, "fields": ALL} for slug in ACTIVITIES},
            "tags": {"verbs": {"*": "none", "view": "all", "create": "all"}},
            "@settings": VIEW_SETTINGS,
        },
        "system": ["import"],
    },
    "support": {
        "types": {
            "*": {"verbs": NOTHING, "fields": {"*": "edit"}},
            "companies": {"verbs": {"*": "none", "view": "all"}},
            "contacts": {"verbs": {"*": "none", "view": "all", "edit": "all"}},
            "deals": {
                "verbs": {"*": "none", "view": "all"},
                "fields": {"*": "read", "amount": "none", "lines": "none"},
            },
            **{slug: {"verbs": {"*": "own", "view": "all", "edit": "all"}, "fields": ALL} for slug in ACTIVITIES},
            "@settings": VIEW_SETTINGS,
        },
        "system": [],
    },
    "read-only": {
        "types": {"*": {"verbs": {"*": "none", "view": "all"}, "fields": {"*": "read"}}},
        "system": [],
    },
}  # fmt: skip


@on_provisioned
def seed(tenant: Any, owner: Member | None) -> None:
    """Safe to repeat: a tenant that has its roles has the rest."""
    with translation.override(tenant.language):
        if Role.objects.exists():
            return
        roles = _seed_roles()
        if owner is not None:
            owner.roles.add(roles["admin"])
        _seed_pipeline()
        for name, channel in (
            (_("Website"), Channel.WEBSITE),
            (_("Referral"), Channel.REFERRAL),
            (_("Phone call"), Channel.PHONE),
            (_("Exhibition"), Channel.EVENT),
            (_("Social media"), Channel.SOCIAL),
        ):
            _create(LeadSource.slug, name=name, channel=channel)
        for name in (_("Price"), _("Went to a competitor"), _("No budget"), _("No answer"), _("Not a fit")):
            _create(LostReason.slug, name=name)


def _seed_roles() -> dict[str, Role]:
    names = {
        "admin": _("Administrator"),
        "manager": _("Manager"),
        "rep": _("Sales representative"),
        "support": _("Support expert"),
        "read-only": _("Read only"),
    }
    access = operator().access(registry["roles"])
    roles = {}
    for code, rules in ROLES.items():
        with change(Role(rules=rules), "role.created", access) as role:
            role.code, role.name = code, names[code]
        roles[code] = role
    return roles


def _seed_pipeline() -> None:
    pipeline = _create("pipelines", name=_("Sales"), position=1)
    for position, (name, probability, kind) in enumerate(
        (
            (_("New"), 10, Stage.Kind.OPEN),
            (_("Qualified"), 30, Stage.Kind.OPEN),
            (_("Proposal"), 50, Stage.Kind.OPEN),
            (_("Negotiation"), 70, Stage.Kind.OPEN),
            (_("Won"), 100, Stage.Kind.WON),
            (_("Lost"), 0, Stage.Kind.LOST),
        ),
        1,
    ):
        _create("stages", pipeline=pipeline.pk, name=name, position=position, probability=probability, kind=kind)


def _create(slug: str, **values: Any) -> Any:
    return create(operator().access(registry[slug]), values)
