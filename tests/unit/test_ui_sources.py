"""House rules of the interface, read from the sources: direction, policy, icons, and bytes where a build is at hand."""

import gzip
import json
import re
from pathlib import Path

import django_htmx
import pytest

ROOT = Path(__file__).parents[2]
UI = ROOT / "platform/kernel/ui"
BUILD = ROOT / "build"
TEMPLATES = [
    path
    for top in ("platform", "tenants", "crm_core", "billing", "integrations")
    for path in (ROOT / top).rglob("templates/**/*.html")
    if "node_modules" not in path.parts
]
STYLES = sorted((UI / "assets/css").glob("*.css"))
SCRIPTS = sorted((UI / "assets/js").glob("*.js"))

PHYSICAL = re.compile(
    r"(?<![\w-])(?:margin|padding|border)-(?:left|right|top|bottom)\b|(?<![\w-])(?:left|right|top|bottom)\s*:"
    r"|text-align:\s*(?:left|right)|float:\s*(?:left|right)|(?<![\w-])(?:min-|max-)?(?:width|height)\s*:"
)
MEDIA = re.compile(r"@(?:media|container)[^{]*\{")
MAIL = re.compile(r"/mail/|/emails?/|\.mail\.|dev_mail")


def kilobytes(path: Path) -> float:
    return len(gzip.compress(path.read_bytes(), 9)) / 1000


@pytest.mark.parametrize("sheet", STYLES, ids=lambda path: path.name)
def test_styles_know_start_and_end_not_left_and_right(sheet: Path) -> None:
    rules = MEDIA.sub("{", re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL))
    assert PHYSICAL.findall(rules) == []


@pytest.mark.parametrize("page", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_stand_under_the_strict_policy(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if MAIL.search(page.as_posix()):
        return
    assert not re.search(r"<[^>]*\sstyle=", text), "the policy blocks a style attribute"
    assert not re.search(r"<[^>]*\son[a-z]+=", text), "the policy blocks an inline handler"
    assert not re.search(r"<script(?![^>]*(?:src=|application/json))", text), "the policy blocks an inline script"
    assert "hx-on" not in text, "hx-on needs eval, which is off"


def test_every_icon_that_a_template_or_script_names_is_in_the_sprite() -> None:
    listed = {line.split("#")[0].strip() for line in (UI / "assets/icons.txt").read_text().splitlines()}
    used: dict[str, str] = {}
    for page in TEMPLATES:
        text = page.read_text(encoding="utf-8")
        for name in re.findall(r'{%\s*icon "([\w/-]+)"', text) + re.findall(r'\bicon="([\w/-]+)"', text):
            used[name] = page.name
    for script in SCRIPTS:
        for name in re.findall(r'icon\("([\w/-]+)"\)', script.read_text(encoding="utf-8")):
            used[name] = script.name
    assert {name: where for name, where in used.items() if name not in listed} == {}


def test_the_bytes_stay_within_the_budget() -> None:
    meta = BUILD / "meta.json"
    if not meta.exists():
        pytest.skip("there is no build of the assets; `make test` makes one first")
    names = [Path(name).name for name in json.loads(meta.read_text())["outputs"]]
    scripts = {name: kilobytes(BUILD / "static/js" / name) for name in names if name.endswith(".js")}
    htmx = kilobytes(Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js")
    shared = sum(size for name, size in scripts.items() if name == "app.js" or name.startswith("chunk-"))
    lazy = {name: size for name, size in scripts.items() if name != "app.js" and not name.startswith("chunk-")}
    assert kilobytes(BUILD / "static/css/app.css") <= 20
    assert htmx + shared <= 32
    assert all(size <= 16 for size in lazy.values()), lazy
    assert kilobytes(BUILD / "static/icons.svg") <= 8
