import copy
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from kernel.access.actor import operator
from kernel.access.models import Role
from kernel.access.rules import FIELD_ANSWERS, LEVELS, SCOPES, check_rules
from kernel.records.change import change
from kernel.records.types import registry
from kernel.tenancy.commands import TenantCommand

VERBS = ("view", "create", "edit", "delete", "import", "*")


class Command(TenantCommand):
    help = "Say what a role may do: `role set acme rep deals.amount=read deals:delete=none`. Made if it is not there."

    def create_parser(self, *args: Any, **options: Any) -> CommandParser:
        parser = super().create_parser(*args, **options)
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign] # rules may follow --base
        return parser

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["set"])
        parser.add_argument("tenant", metavar="SUBDOMAIN")
        parser.add_argument("role", metavar="CODE")
        parser.add_argument(
            "rules", nargs="*", metavar="RULE",
            help=(
                f"TYPE.FIELD={'|'.join(LEVELS)} (with :own after it, on own records only)"
                f" or TYPE:VERB={'|'.join(SCOPES)}; * stands for all."
            ),
        )  # fmt: skip
        parser.add_argument("--base", metavar="CODE", help="Begin with a copy of this role's rules.")

    def act(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        code = options["role"]
        role = Role.objects.alive().filter(code=code).first()
        rules = copy.deepcopy(role.rules) if role else {"types": {}, "system": []}
        if options["base"]:
            base = Role.objects.alive().filter(code=options["base"]).first()
            if base is None:
                raise ValidationError(f"{tenant.subdomain} has no role {options['base']}.")
            rules = copy.deepcopy(base.rules)
        for text in options["rules"]:
            _apply(rules, text)
        check_rules(rules)
        if role is None:
            role, event = Role(code=code, name=code.replace("-", " ").capitalize()), "role.created"
        else:
            event = CHANGED
        with change(role, event, operator().access(registry["roles"])):
            role.rules = rules
        answer = {"id": str(role.pk), "code": role.code, "name": role.name, "rules": role.rules}
        return answer, [f"{role.name} ({role.code}) of {tenant.subdomain} is set."]


CHANGED = "role.rules_changed"


def _apply(rules: dict[str, Any], text: str) -> None:
    left, has_value, value = text.partition("=")
    part = "verbs" if ":" in left else "fields"
    slug, has_name, name = left.partition(":" if part == "verbs" else ".")
    if not (has_value and has_name and name):
        raise ValidationError(f"{text}: write TYPE.FIELD=level or TYPE:VERB=scope.")
    allowed = SCOPES if part == "verbs" else FIELD_ANSWERS
    if value not in allowed:
        raise ValidationError(f"{text}: {value} is none of {', '.join(allowed)}.")
    if slug not in ("*", "@settings"):
        rtype = registry.get(slug)
        if rtype is None:
            raise ValidationError(f"{text}: there is no record type {slug}. There are: {', '.join(registry)}.")
        known = {*rtype.specs(), "*"} if part == "fields" else {*VERBS, *(v.permission or v.name for v in rtype.verbs)}
        if name not in known:
            raise ValidationError(f"{text}: {slug} has no {name}. There are: {', '.join(sorted(known))}.")
    rules.setdefault("types", {}).setdefault(slug, {}).setdefault(part, {})[name] = value
