"""The files that empty databases are made of: equal to the migrations, and without effect where they are not theirs."""

import secrets
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from same_schema import settled

from kernel.tenancy import platform_tables, structure, template
from kernel.tenancy.apart import apart
from kernel.tenancy.catalog import quoted, read_schema
from kernel.tenancy.head import head_targets
from kernel.tenancy.management.commands import structure as command
from kernel.tenancy.models import TemplateSchema
from kernel.tenancy.router import PLATFORM, TENANT

pytestmark = pytest.mark.xdist_group("structure")


def in_empty_database(work):
    """What `work` answers in a schema of the platform that stands for an empty database, and what it left there."""

    def run():
        connection = connections[PLATFORM]
        name = f"scratch_{secrets.token_hex(4)}"
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {quoted(name)}")
            try:
                cursor.execute(f"SET search_path = {quoted(name)}")
                answer = work(connection, cursor)
                return answer, read_schema(cursor)
            finally:
                cursor.execute(f"DROP SCHEMA {quoted(name)} CASCADE")

    return apart(run)


def migrate(**options):
    out = StringIO()
    call_command("migrate", database=PLATFORM, interactive=False, stdout=out, **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def migrated(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return in_empty_database(lambda connection, _: MigrationExecutor(connection).migrate(head_targets(PLATFORM)))[1]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Another place for the files, with copies of them."""
    for name in structure.FILES.values():
        (tmp_path / name).write_bytes((structure.FOLDER / name).read_bytes())
    monkeypatch.setattr(structure, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def of_others(folder):
    """Files that were made of other migrations."""
    for name in structure.FILES.values():
        path = folder / name
        head, text = path.read_text().split("\n", 1)
        path.write_text(f"{head[:-1]}{'0' if head[-1] != '0' else '1'}\n{text}")


def test_the_files_are_of_the_migrations_at_hand():
    call_command("structure", "check", stdout=StringIO())


def test_files_of_other_migrations_are_told_with_the_command_that_renews_them(of_others):
    with pytest.raises(CommandError, match=r"^platform\.sql and tenant\.sql .* `infra/bin/manage structure renew`"):
        call_command("structure", "check")


def test_renewing_writes_what_the_migrations_make(of_others, monkeypatch):
    statements = ['CREATE TABLE "x" (\n    "id" uuid\n)', "CREATE INDEX y ON x (id)"]
    monkeypatch.setattr(command, "compile_platform", lambda: statements[:1])
    monkeypatch.setattr(command, "compile_structure", lambda: statements)
    call_command("structure", "renew", stdout=StringIO())
    assert structure.kept(PLATFORM) == statements[:1]
    assert structure.kept(TENANT) == statements
    assert structure.stale() == []


def test_a_statement_that_the_file_could_not_give_back_is_refused(folder):
    with pytest.raises(ValueError, match="semicolon"):
        structure.keep(TENANT, ["CREATE TABLE x (y text DEFAULT ';')"])


def test_an_empty_platform_database_gets_the_tables_that_the_migrations_make(migrated):
    told, replayed = in_empty_database(lambda *_: migrate(verbosity=1))
    assert "made from the file" in told
    assert "No migrations to apply" in told
    assert [table.name for table in replayed.tables] == [table.name for table in migrated.tables]
    assert len(replayed.tables) > 10
    for ours, theirs in zip(replayed.tables, migrated.tables, strict=True):
        assert settled(ours) == settled(theirs)
    assert replayed.others == migrated.others == ()


def test_every_migration_is_noted_and_none_is_left():
    def look(connection, cursor):
        migrate(verbosity=0)
        migrate(verbosity=0, check_unapplied=True)  # exits where something is left
        return set(MigrationRecorder(connection).applied_migrations())

    noted, _ = in_empty_database(look)
    assert noted == set(MigrationExecutor(connections[PLATFORM]).loader.graph.nodes)


def test_rows_that_a_platform_migration_leaves_are_refused(monkeypatch):
    monkeypatch.setattr(platform_tables, "MigrationExecutor", FilledExecutor)
    with pytest.raises(ValueError, match="put rows into stray"):
        apart(platform_tables.compile_platform)


class FilledExecutor:
    """As if a migration put a row into its table."""

    def __init__(self, connection):
        self.connection = connection

    def migrate(self, targets):
        with self.connection.cursor() as cursor:
            cursor.execute("CREATE TABLE stray AS SELECT 1 AS id")


def test_a_database_with_a_table_is_left_to_its_migrations():
    def look(connection, cursor):
        cursor.execute("CREATE TABLE stray (id uuid)")
        return platform_tables.fill_empty()

    is_filled, left = in_empty_database(look)
    assert not is_filled
    assert [table.name for table in left.tables] == ["stray"]


def test_a_platform_file_of_other_migrations_is_ignored(of_others):
    is_filled, left = in_empty_database(lambda *_: platform_tables.fill_empty())
    assert not is_filled
    assert left.tables == ()


@pytest.mark.parametrize("options", [{"plan": True}, {"app_label": "contenttypes"}, {"fake": True}])
def test_what_is_asked_of_django_alone_is_left_to_it(options, monkeypatch):
    asked = []
    monkeypatch.setattr("kernel.tenancy.management.commands.migrate.fill_empty", lambda: asked.append(1))
    monkeypatch.setattr("kernel.tenancy.management.commands.migrate.DjangoCommand.handle", lambda *a, **o: None)
    migrate(**options)
    assert asked == []


def test_a_file_that_fails_halfway_leaves_the_database_empty(folder):
    with (folder / "platform.sql").open("a") as file:
        file.write("CREATE TABLE nonsense;\n")

    def look(connection, cursor):
        with pytest.raises(ProgrammingError):
            platform_tables.fill_empty()

    assert in_empty_database(look)[1].tables == ()


def test_the_template_comes_from_the_file(monkeypatch):
    monkeypatch.setattr(template, "compile_structure", None)
    TemplateSchema.objects.all().delete()
    assert template.ensure_template().statements[:-1] == structure.kept(TENANT)


def test_a_tenant_file_of_other_migrations_is_ignored(of_others, monkeypatch):
    monkeypatch.setattr(template, "compile_structure", lambda: ["SELECT 1"])
    TemplateSchema.objects.all().delete()
    assert template.ensure_template().statements[0] == "SELECT 1"
