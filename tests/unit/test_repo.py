"""What must stay true of the repository itself."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.nodb
ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    "platform",
    "tenants",
    "crm_core",
    "billing",
    "integrations",
    "infra",
    "tests",
    "docs",
    "loadtests",
    "locale",
]
SKIPPED = {"node_modules", "__pycache__", ".venv", "build", "var"}


def files(*suffixes: str) -> list[Path]:
    found = [path for source in SOURCES for path in (ROOT / source).rglob("*") if path.suffix in suffixes]
    return [path for path in found if not SKIPPED & set(path.relative_to(ROOT).parts)]


@pytest.mark.parametrize("folder", [ROOT, ROOT / "platform"], ids=["root", "platform"])
def test_the_folder_platform_does_not_shadow_the_standard_library(folder):
    result = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.system())"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() in ("Linux", "Darwin")


def test_platform_is_no_package_and_holds_no_tests():
    for name in ("platform/__init__.py", "platform/conftest.py"):
        assert not (ROOT / name).exists()
    below = [p for p in files(".py") if p.is_relative_to(ROOT / "platform")]
    assert not [p for p in below if p.name == "conftest.py" or p.name.startswith("test_")]


def test_lock_files_hold_no_address_and_every_package_a_hash():
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text and "index-url" not in text, lock.name
        pins = re.findall(r"^[a-z0-9][^=\s]*==\S+.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL | re.IGNORECASE)
        assert pins and all("--hash=sha256:" in pin for pin in pins), lock.name
    lock = json.loads((ROOT / "platform/kernel/ui/package-lock.json").read_text())
    packages = [entry for name, entry in lock["packages"].items() if name]
    assert packages and all("resolved" not in entry for entry in packages)
    assert all(entry["integrity"].startswith("sha512-") for entry in packages)


def test_every_top_level_folder_explains_itself_in_four_headings():
    folders = [p for p in ROOT.iterdir() if p.is_dir() and p.name in SOURCES]
    for folder in folders:
        headings = re.findall(r"^## (.+)$", (folder / "README.md").read_text(), re.MULTILINE)
        assert headings == ["What lives here", "What never does", "Start reading at", "How to test"], folder.name


def test_links_between_documents_lead_somewhere():
    broken = []
    for document in [ROOT / "README.md", *files(".md")]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (document.parent / target).exists():
                broken.append(f"{document.relative_to(ROOT)}: {target}")
    assert broken == []


def test_style_sheets_use_logical_sides_only():
    """A left or right in a style sheet is wrong in one of our two writing directions."""
    physical = re.compile(
        r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right)(?:-\w+)?|left|right|border-(?:top|bottom)-(?:left|right)-radius)\s*:"
        r"|(?:text-align|float|clear)\s*:\s*(?:left|right)\b"
    )
    found = []
    for sheet in files(".css"):
        for number, line in enumerate(sheet.read_text(encoding="utf-8").splitlines(), 1):
            if physical.search(re.sub(r"/\*.*?\*/", "", line)):
                found.append(f"{sheet.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == []


def test_templates_hold_nothing_that_the_content_policy_refuses():
    refused = re.compile(r"""\sstyle\s*=\s*["']|\son[a-z]+\s*=\s*["']|<style\b|<script(?![^>]*\bsrc=)(?![^>]*json)""")
    found = []
    for template in files(".html"):
        if "/mail/" in template.as_posix():
            continue  # letters are read in mail programs, which know no style sheets
        for number, line in enumerate(template.read_text(encoding="utf-8").splitlines(), 1):
            if refused.search(line):
                found.append(f"{template.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_names_that_say_nothing_are_not_used():
    vague = re.compile(r"(^|_)(utils?|helpers?|services?|handlers?|processors?|misc)(_|$)")
    allowed = {"platform/kernel/embedded/services.py"}  # the two servers it runs are called so everywhere
    found = [p.relative_to(ROOT).as_posix() for p in files(".py") if vague.search(p.stem)]
    assert set(found) <= allowed


def test_environment_is_read_in_one_place():
    """Everything else asks config.env; scripts outside the product may set what their children see."""
    reading = re.compile(r"os\.environ\b|os\.getenv\b")
    allowed = {
        "platform/config/env.py",
        "platform/config/settings.py",  # whether pytest runs
        "platform/config/celery.py",  # DJANGO_SETTINGS_MODULE
        "platform/config/wsgi.py",
        "platform/config/gunicorn.py",  # PROMETHEUS_MULTIPROC_DIR, set for a library
        "platform/manage.py",
        "platform/kernel/web/metrics.py",
        "platform/kernel/embedded/process.py",  # hands it on to children
    }
    product = [p for p in files(".py") if p.relative_to(ROOT).parts[0] not in ("tests", "loadtests", "infra")]
    found = {p.relative_to(ROOT).as_posix() for p in product if reading.search(p.read_text(encoding="utf-8"))}
    assert found <= allowed


def test_make_lists_its_commands_and_each_exists():
    result = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in ("run", "test", "check", "services", "clean-data", "lock"):
        assert f"make {name} " in result.stdout
