"""What a new tenant starts with, in its own language: roles, a pipeline, sources, lost reasons."""

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from crm_core.contacts.models import LeadSource
from crm_core.sales.models import LostReason, Stage
from kernel.access.actor import Access, operator
from kernel.access.models import Member, Role
from kernel.records.bulk import create_many
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
        _seed_roles()
        _seed_pipeline()
        sources = (
            (_("Website"), Channel.WEBSITE),
            (_("Referral"), Channel.REFERRAL),
            (_("Phone call"), Channel.PHONE),
            (_("Exhibition"), Channel.EVENT),
            (_("Social media"), Channel.SOCIAL),
        )
        create_many(_access(LeadSource.slug), [{"name": name, "channel": channel} for name, channel in sources])
        reasons = (_("Price"), _("Went to a competitor"), _("No budget"), _("No answer"), _("Not a fit"))
        create_many(_access(LostReason.slug), [{"name": name} for name in reasons])


def _seed_roles() -> None:
    names = {
        "admin": _("Administrator"),
        "manager": _("Manager"),
        "rep": _("Sales representative"),
        "support": _("Support expert"),
        "read-only": _("Read only"),
    }
    rows = [{"name": names[code]} for code in ROLES]
    create_many(_access("roles"), rows, [Role(code=code, rules=rules) for code, rules in ROLES.items()])


def _seed_pipeline() -> None:
    (pipeline,) = create_many(_access("pipelines"), [{"name": _("Sales"), "position": 1}])
    stages = (
        (_("New"), 10, Stage.Kind.OPEN),
        (_("Qualified"), 30, Stage.Kind.OPEN),
        (_("Proposal"), 50, Stage.Kind.OPEN),
        (_("Negotiation"), 70, Stage.Kind.OPEN),
        (_("Won"), 100, Stage.Kind.WON),
        (_("Lost"), 0, Stage.Kind.LOST),
    )
    rows = [
        {"pipeline": pipeline.pk, "name": name, "position": position, "probability": probability, "kind": kind}
        for position, (name, probability, kind) in enumerate(stages, 1)
    ]
    create_many(_access("stages"), rows)


def _access(slug: str) -> Access:
    return operator().access(registry[slug])
