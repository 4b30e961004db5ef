"""The workspace on a phone: manifest, service worker, the page without a network, nothing left behind."""

import json
import re

import pytest
from django.contrib.staticfiles import finders
from standing import CAST

from kernel.access.models import Member
from kernel.tenancy.context import in_tenant


@pytest.fixture
def in_persian(tenant_a):
    with in_tenant(tenant_a):
        Member.objects.filter(pk=CAST["sara"].member_id).update(language="fa")


def test_the_manifest_speaks_the_viewers_language(client_for, in_persian):
    answer = client_for("sara").get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    told = json.loads(answer.content)
    assert (told["lang"], told["dir"], told["display"], told["start_url"]) == ("fa", "rtl", "standalone", "/")
    assert any("وظیفه" in shortcut["name"] or "کار" in shortcut["name"] for shortcut in told["shortcuts"])


def test_every_icon_is_there_in_its_size(client_for):
    icons = client_for("sara").get("/manifest.webmanifest").json()["icons"]
    assert {(icon["sizes"], icon["purpose"]) for icon in icons} == {
        (size, purpose) for size in ("192x192", "512x512") for purpose in ("any", "maskable")
    }
    for icon in icons:
        path = finders.find(icon["src"].removeprefix("/static/"))
        with open(path, "rb") as file:
            head = file.read(24)
        assert f"{int.from_bytes(head[16:20])}x{int.from_bytes(head[20:24])}" == icon["sizes"]


def test_shortcuts_offer_only_what_the_member_may_do(client_for):
    def urls(name):
        return {shortcut["url"] for shortcut in client_for(name).get("/manifest.webmanifest").json()["shortcuts"]}

    assert {"/r/tasks/new", "/r/deals/new"} <= urls("sara")
    assert "/r/deals/new" not in urls("nima")


def test_a_shortcut_leads_to_a_page(client_for):
    sara = client_for("sara")
    for shortcut in sara.get("/manifest.webmanifest").json()["shortcuts"]:
        assert sara.get(shortcut["url"]).status_code == 200, shortcut


def test_a_stranger_is_told_the_name_alone(at, tenant_a):
    told = at("a").get("/manifest.webmanifest").json()
    assert told["short_name"] == tenant_a.name
    assert told["shortcuts"] == []


def test_the_worker_reaches_everywhere_and_is_asked_for_each_time(client_for):
    answer = client_for("sara").get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert answer["Service-Worker-Allowed"] == "/"
    text = answer.content.decode()
    assert "sara" not in text.lower()
    for path in re.findall(r'"(/static/[^"]+)"', text.replace("\\u002D", "-")):
        assert finders.find(path.removeprefix("/static/")), path


def test_the_page_without_a_network_holds_nothing_of_anybody(client_for, in_persian):
    page = client_for("sara").get("/offline").content.decode()
    assert 'lang="fa" dir="rtl"' in page
    assert "csrf" not in page
    assert "<script" not in page
    with_name = client_for("sara").get("/").content.decode()
    assert "crm-offline" in with_name


def test_signing_out_wipes_what_the_browser_kept(client_for):
    assert client_for("sara").post("/logout")["Clear-Site-Data"] == '"storage"'


def test_the_policy_allows_the_worker_and_the_manifest_from_here_alone(client_for):
    policy = client_for("sara").get("/")["Content-Security-Policy"]
    assert "worker-src 'self'" in policy
    assert "manifest-src 'self'" in policy
