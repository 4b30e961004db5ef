"""Kinds: how one sort of value is typed, sent, filtered, shown, kept in history and written to files.

One file a family; `KINDS` is the registry that the rest of the code reads.
"""

from kernel.records.kinds.base import Kind
from kernel.records.kinds.choices import Choice, Choices, YesNo
from kernel.records.kinds.definitions import ChoiceList, OwnDefault, RulesOfRole
from kernel.records.kinds.facts import Facts
from kernel.records.kinds.mixed import References
from kernel.records.kinds.numbers import Integer, Money, Number, Percent
from kernel.records.kinds.relations import About, MemberRelation, Relation, Relations
from kernel.records.kinds.rows import Rows
from kernel.records.kinds.tags import Tags
from kernel.records.kinds.text import Email, Link, LongText, Phone, Text
from kernel.records.kinds.times import Date, DateTime

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Text(), LongText(), Email(), Phone(), Link(), Number(), Integer(), Percent(), Money(), YesNo(),
        Choice(), Choices(), ChoiceList(), OwnDefault(), RulesOfRole(),
        Date(), DateTime(), Relation(), MemberRelation(), Relations(), About(), References(), Facts(), Rows(), Tags(),
    )
}  # fmt: skip

__all__ = ["KINDS", "Kind"]
