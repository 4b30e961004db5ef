"""Somebody who typed the code of their e-mail fills in the last form, and then is in the workspace that was made."""

from __future__ import annotations

import os
import re
import time
from urllib.parse import urlsplit

import requests

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def proved(many: int) -> list[str]:
    """So many addresses that were proved by their code, as the cookie of somebody on the way tells them."""
    from django.core import signing
    from django.utils import timezone

    from kernel.accounts import codes
    from kernel.accounts.models import EmailCode
    from tenants.signup import progress

    cookies = []
    for number in range(many):
        code = codes.new_code(f"{os.getpid()}-{number}@load.example", "en")
        EmailCode.objects.filter(pk=code.pk).update(verified_at=timezone.now())
        cookies.append(signing.dumps(str(code.pk), salt=progress.SALT))
    return cookies


def sign_up(server: str, public: str, cookie: str, name: str) -> float:
    """Seconds from sending the form, past every step on, to the first page of the new workspace. `public` is the host
    of the public site, which `server` answers for. Raises AssertionError where another page came."""
    with requests.Session() as browser:
        at, way = f"{server}/signup/workspace", {"signup": cookie}
        form = browser.get(at, headers={"Host": public}, cookies=way)
        values = {
            "csrfmiddlewaretoken": TOKEN.search(form.text)[1],  # type: ignore[index]
            "company": name, "subdomain": name, "name": "Sam Load", "password": "a long load password",
            "language": "en", "calendar": "gregorian", "currency": "USD", "timezone": "UTC",
        }  # fmt: skip
        began = time.perf_counter()
        answer = browser.post(at, values, headers={"Host": public}, cookies=way, allow_redirects=False)
        for _step in range(4):
            if answer.status_code == 200:
                break
            assert answer.status_code in (302, 303), f"{answer.status_code}: {answer.text[:300]}"
            to = urlsplit(answer.headers["Location"])
            host = to.netloc.partition(":")[0] or answer.request.headers["Host"]
            # *.localhost is looked up by browsers alone, so the host is told to the one address there is.
            session = {key: value for key, value in browser.cookies.items() if key != "signup" and value is not None}
            answer = browser.get(
                f"{server}{to.path or '/'}" + (f"?{to.query}" if to.query else ""),
                headers={"Host": host},
                cookies=session,
                allow_redirects=False,
            )
        assert answer.status_code == 200, f"{answer.status_code} at the end"
        assert "<main" in answer.text, "no page of a workspace"
        return time.perf_counter() - began
