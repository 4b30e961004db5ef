from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from kernel.records.change import VERB_OF_EVENT
from kernel.records.types import RecordType, registry
from kernel.tenancy.commands import tell


class Command(BaseCommand):
    help = "What the declaration of a record type yields: addresses, fields, verbs and events."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("type", nargs="?", metavar="TYPE", help="Without it: all types.")
        parser.add_argument("--json", action="store_true", help="Answer one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["type"]
        if slug and slug not in registry:
            raise CommandError(f"There is no record type {slug}. There are: {', '.join(registry)}.")
        with translation.override("en"):
            if slug:
                document = described(registry[slug])
                tell(self, document, _lines(document), as_json=options["json"])
                return
            documents = [described(rtype) for rtype in registry.values()]
            width = max(map(len, registry))
            lines = [f"{d['type']:<{width}}  {d['label_plural']}, {len(d['fields'])} fields" for d in documents]
            tell(self, documents, lines, as_json=options["json"])


def described(rtype: RecordType) -> dict[str, Any]:
    slug = rtype.slug
    pages = {"list": f"/r/{slug}", "new": f"/r/{slug}/new", "detail": f"/r/{slug}/ID"}
    api = {"list": f"/api/v1/{slug}", "detail": f"/api/v1/{slug}/ID", "timeline": f"/api/v1/{slug}/ID/timeline"}
    verbs = [{"name": v.name, "event": v.event, "permission": v.permission or v.name} for v in rtype.verbs]
    events = [f"{rtype.name}.{suffix}" for suffix in VERB_OF_EVENT]
    return {
        "type": slug,
        "name": rtype.name,
        "model": rtype.model.__name__,
        "label": str(rtype.label),
        "label_plural": str(rtype.label_plural),
        "urls": pages | {f"api_{name}": url for name, url in api.items()},
        "fields": [
            {
                "name": spec.name,
                "label": str(spec.label),
                "kind": spec.kind.name,
                "required": spec.required,
                "read_only": spec.read_only,
                **({"related": spec.related} if spec.related else {}),
                **({"choices": [code for code, _label in spec.choices]} if spec.choices else {}),
                **({"rows": [sub.name for sub in spec.rows]} if spec.rows else {}),
            }
            for spec in rtype.specs().values()
        ],
        "verbs": [*({"name": n, "event": f"{rtype.name}.{e}", "permission": n} for n, e in BASIC), *verbs],
        "events": list(dict.fromkeys([*events, *(verb.event for verb in rtype.verbs)])),
    }


BASIC = (("create", "created"), ("edit", "updated"), ("delete", "deleted"))


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [f"{document['label_plural']} ({document['type']}, model {document['model']})", "", "Addresses"]
    lines += [f"  {url}" for url in document["urls"].values()]
    lines += ["", "Fields"]
    for field in document["fields"]:
        marks = [name for name in ("required", "read_only") if field[name]]
        lines.append(f"  {field['name']:<20} {field['kind']:<12} {field['label']}  {' '.join(marks)}".rstrip())
    lines += ["", "Verbs"]
    lines += [f"  {verb['name']:<20} {verb['event']:<20} permission {verb['permission']}" for verb in document["verbs"]]
    return [*lines, "", "Events", *(f"  {name}" for name in document["events"])]
