"""django-tenants' command of this name would migrate tenants in its own way: ours takes its place."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Replaced by `upgrade` and `tenant migrate`."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("Use `upgrade` for everything, or `tenant migrate` for tenants.")
