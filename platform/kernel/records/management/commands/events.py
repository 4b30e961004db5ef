from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from kernel.events.names import sentences
from kernel.events.subscribers import EVERY, subscribers
from kernel.tenancy.commands import tell


class Command(BaseCommand):
    help = "Every event, the sentence it is told with, and what follows from it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Answer one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        def heard_by(name: str) -> list[str]:
            heard = (*subscribers.get(name, ()), *subscribers.get(EVERY, ()))
            return [f"{subscriber.__module__}.{subscriber.__qualname__}" for subscriber in heard]

        with translation.override("en"):
            document = [
                {
                    "name": name,
                    "sentence": str(sentences.get(name, "")),
                    "subscribers": heard_by(name),
                }
                for name in sorted({*sentences, *subscribers} - {EVERY})
            ]
        width = max(len(entry["name"]) for entry in document)
        lines = [f"{e['name']:<{width}}  {e['sentence']}  {' '.join(e['subscribers'])}".rstrip() for e in document]
        tell(self, document, lines, as_json=options["json"])
