"""The rules that keep tenants movable to a Citus cluster, and that each of them can be broken."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from kernel.tenancy import rules
from kernel.tenancy.rules import RULES, model_offences, offences


def test_the_schema_keeps_to_every_rule(in_a):
    with connection.cursor() as cursor:
        assert offences(cursor) == []


def test_no_model_points_across_the_sides():
    assert model_offences() == []


NOTHING = "CREATE FUNCTION elsewhere.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
BROKEN = {
    "no primary key": ["CREATE TABLE stray (id uuid)"],
    "neither UUID nor bigint": ["CREATE TABLE stray (id int PRIMARY KEY)"],
    "leaves the schema": [
        "CREATE SCHEMA elsewhere",
        "CREATE TABLE elsewhere.stray (id uuid PRIMARY KEY)",
        "CREATE TABLE stray (id uuid PRIMARY KEY REFERENCES elsewhere.stray)",
    ],
    "is a trigger": [
        "CREATE SCHEMA elsewhere",
        NOTHING,
        "CREATE TRIGGER stray BEFORE INSERT ON access_team FOR EACH ROW EXECUTE FUNCTION elsewhere.nothing()",
    ],
    "sequence that is not": ["CREATE SEQUENCE stray"],
    "calls on something outside": [
        "CREATE SCHEMA elsewhere",
        "CREATE SEQUENCE elsewhere.stray",
        "CREATE TABLE stray (id bigint PRIMARY KEY DEFAULT nextval('elsewhere.stray'))",
    ],
    "names a sequence by a string": ["CREATE TABLE stray (id bigserial PRIMARY KEY)"],
    "neither a plain table": ["CREATE VIEW stray AS SELECT 1"],
    "inherits": ["CREATE TABLE stray (PRIMARY KEY (id)) INHERITS (access_team)"],
    "extension outside": ["CREATE EXTENSION btree_gist SCHEMA t_a"],
}


def test_each_rule_is_tried():
    for rule in RULES:
        assert sum(words in rule.sentence for words in BROKEN) == 1, rule.sentence


@pytest.mark.parametrize("words", BROKEN)
def test_what_breaks_a_rule_is_named(owner_in_a, words):
    with connection.cursor() as cursor:
        for statement in BROKEN[words]:
            cursor.execute(statement)
        assert any(words in sentence for sentence in offences(cursor))


def test_the_command_says_that_all_is_well():
    out = io.StringIO()
    call_command("catalog", "check", stdout=out)
    assert out.getvalue() == f"The catalog keeps to all {len(RULES)} rules.\n"


def test_the_command_fails_when_a_rule_is_broken(monkeypatch):
    strict = rules.Rule("is there at all", "SELECT relname FROM pg_class WHERE relnamespace = :own AND relkind = 'r'")
    monkeypatch.setattr(rules, "RULES", [strict])
    with pytest.raises(CommandError, match=r"access_member is there at all\."):
        call_command("catalog", "check")
