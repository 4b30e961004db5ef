"""What rules say, united and compared."""

import pytest
from django.core.exceptions import ValidationError

from kernel.access.rules import EVERYTHING, Level, Rules, check_rules

GROUPS = {"deals": "@records", "products": "@records", "stages": "@settings"}


def rules(*roles):
    return Rules(list(roles))


def fields(**levels):
    return {"types": {"deals": {"fields": levels}}}


def level(*roles, name="amount"):
    return rules(*roles).level("deals", "@records", name)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("none", ("none", "none")),
        ("masked", ("masked", "masked")),
        ("edit", ("edit", "edit")),
        ("read:own", ("none", "read")),
    ],
)
def test_a_level_holds_on_all_records_or_on_ones_own(said, meant):
    assert level(fields(amount=said)) == meant


def test_levels_of_several_roles_unite_apart_for_own_records():
    assert level(fields(amount="edit:own"), fields(amount="masked")) == ("masked", "edit")
    assert level(fields(amount="read"), fields(amount="edit:own")) == ("read", "edit")


def test_a_level_covers_what_is_no_higher_on_either_side():
    assert Level("read", "edit").covers(Level("none", "edit"))
    assert not Level("none", "edit").covers(Level("read", "read"))


def test_limits_unite_to_the_widest_and_none_at_all_wins():
    few = {"types": {}, "system": ["export"], "limits": {"export": 10}}
    more = {"types": {}, "system": ["export"], "limits": {"export": 500}}
    assert rules(few, more).limit("export") == 500
    assert rules(few, {"types": {}, "system": ["export"]}).limit("export") is None
    assert rules(few, {"types": {}, "system": []}).limit("export") == 10


@pytest.mark.parametrize(
    ("mine", "theirs", "is_covered"),
    [
        (EVERYTHING, EVERYTHING, True),
        (EVERYTHING, {"types": {}, "system": ["export"]}, True),
        ({"types": {}, "system": ["members"]}, EVERYTHING, False),
        ({"types": {"*": {"verbs": {"*": "all"}}}}, {"types": {"deals": {"verbs": {"edit": "own"}}}}, True),
        ({"types": {"*": {"verbs": {"*": "own"}}}}, {"types": {"deals": {"verbs": {"edit": "team"}}}}, False),
        # What is narrowed for one type is not given by a word on all of them.
        (
            {"types": {"*": {"verbs": {"*": "all"}}, "products": {"verbs": {"*": "none"}}}},
            {"types": {"*": {"verbs": {"*": "all"}}}},
            False,
        ),
        (
            {"types": {"*": {"fields": {"*": "edit"}}, "products": {"fields": {"*": "edit", "cost": "none"}}}},
            {"types": {"products": {"fields": {"*": "read"}}}},
            False,
        ),
        # A word on fields or types to come is one too.
        ({"types": {"deals": {"fields": {"amount": "edit"}}}}, {"types": {"deals": {"fields": {"*": "read"}}}}, False),
        (
            {"types": {"*": {"verbs": {"*": "all"}}, "@settings": {"verbs": {"*": "none", "view": "all"}}}},
            {"types": {"*": {"verbs": {"*": "all"}}}},
            False,
        ),
        (fields(amount="edit:own"), fields(amount="read"), False),
        (fields(amount="read"), fields(amount="masked"), True),
        (
            {"types": {}, "system": ["export"], "limits": {"export": 10}},
            {"types": {}, "system": ["export"], "limits": {"export": 11}},
            False,
        ),
    ],
)
def test_rules_cover_what_allows_no_more(mine, theirs, is_covered):
    assert rules(mine).covers(rules(theirs), GROUPS) is is_covered


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"types": [], "system": []},
        {"types": {"deals": []}},
        {"types": {"deals": {"fields": {"amount": "write"}}}},
        {"types": {"deals": {"verbs": {"edit": "edit"}}}},
        {"types": {"deals": {"verbs": []}}},
        {"system": [1]},
        {"limits": {"export": "many"}},
        {"more": {}},
    ],
)
def test_what_is_not_of_the_shape_is_refused(wrong):
    with pytest.raises(ValidationError):
        check_rules(wrong)
