from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.ui import catalogs


class Command(BaseCommand):
    help = "Translations: extract texts into the catalogues, compile them, or check that they are complete and right."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["extract", "compile", "check"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        {"extract": self.extract, "compile": catalogs.compile_all, "check": self.check_complete}[action]()

    def extract(self) -> None:
        for language in catalogs.languages():
            path = catalogs.catalogue_path(language)
            merged, new = catalogs.merge(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(catalogs.as_po(merged), encoding="utf-8")
            self.stdout.write(f"{language}: {len(merged)} texts, {len(new)} without a translation.")

    def check_complete(self) -> None:
        wrong = {language: catalogs.problems(language) for language in catalogs.languages()}
        for language, sentences in wrong.items():
            for sentence in sentences:
                self.stderr.write(f"{language}: {sentence}")
        count = sum(map(len, wrong.values()))
        if count:
            raise CommandError(f"{count} texts need a translator; `manage.py messages extract` brings them in.")
        self.stdout.write("The catalogues are complete.")
