"""Translations without gettext programs: found in sources and templates, kept over changes, checked."""

import pytest
from babel.messages.catalog import Catalog

from kernel.ui import catalogs

pytestmark = pytest.mark.nodb

PYTHON = """
from django.utils.translation import gettext as _, gettext as now, gettext_lazy, ngettext, pgettext
_("Save")
gettext_lazy("Two "
             "halves")
ngettext("%(count)s deal", "%(count)s deals", 3)
pgettext("verb", "Open")
_(variable)
now("At once")
timezone.now()
"""
TEMPLATE = """{% load i18n %}
<h1 title="{% translate "It's here" %}">{{ _("Inside") }}</h1>
{% blocktranslate trimmed with name=who %}
  Hello
  {{ name }}
{% endblocktranslate %}
{% blocktranslate count n=deals %}{{ n }} deal{% plural %}{{ n }} deals{% endblocktranslate %}
"""


@pytest.fixture
def project(tmp_path, settings):
    settings.ROOT = tmp_path
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform" / "a.py").write_text(PYTHON)
    (tmp_path / "platform" / "b.html").write_text(TEMPLATE)
    return tmp_path


def texts() -> set[object]:
    return {found.id for found in catalogs.extract()}


def write(catalogue: Catalog) -> None:
    path = catalogs.catalogue_path("fa")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(catalogs.as_po(catalogue), encoding="utf-8")


def translated() -> Catalog:
    merged, _ = catalogs.merge("fa")
    for message in merged:
        if message.id:
            whole = message.id if isinstance(message.id, str) else message.id[1]
            message.string = whole if isinstance(message.id, str) else (whole,)
    return merged


def test_texts_of_sources_and_templates_are_found(project):
    assert texts() == {
        "Save",
        "Two halves",
        ("%(count)s deal", "%(count)s deals"),
        "Open",
        "At once",
        "It's here",
        "Inside",
        "Hello %(name)s",
        ("%(n)s deal", "%(n)s deals"),
    }


def test_translations_are_kept_and_vanished_texts_go(project):
    write(translated())
    (project / "platform" / "a.py").write_text('_("Save")\n_("Brand new")')
    merged, new = catalogs.merge("fa")
    assert new == ["Brand new"]
    assert merged.get("Save").string == "Save"
    assert merged.get("Open", "verb") is None


def test_a_second_extraction_writes_the_same_bytes(project):
    write(translated())
    before = catalogs.catalogue_path("fa").read_bytes()
    merged, new = catalogs.merge("fa")
    write(merged)
    assert new == []
    assert catalogs.catalogue_path("fa").read_bytes() == before
    assert b"Date" not in before and b":1" not in before


def test_a_complete_catalogue_has_no_problems_and_compiles(project):
    write(translated())
    assert catalogs.problems("fa") == []
    assert [path.exists() for path in catalogs.compile_all()] == [True]


@pytest.mark.parametrize(
    ("id", "string", "said"),
    [("Save", "", "No translation"), ("Hello %(name)s", "سلام", "Placeholders differ")],
)
def test_what_is_wrong_is_named(project, id, string, said):
    catalogue = translated()
    catalogue.get(id).string = string
    write(catalogue)
    assert [sentence.split(":")[0] for sentence in catalogs.problems("fa")] == [said]


def test_a_fuzzy_text_is_not_good_enough(project):
    catalogue = translated()
    catalogue.get("Save").flags.add("fuzzy")
    write(catalogue)
    assert catalogs.problems("fa")[0].startswith("Marked as fuzzy: 'Save'")
