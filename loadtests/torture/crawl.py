"""Every route as every role of two tenants, by eight threads at once: nobody may see the other's canary anywhere."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.urls import URLPattern, get_resolver

from kernel.records.types import registry
from loadtests.torture.ground import ROLES, Outcome, Workspace, until

THREADS = 8
PARAMETER = re.compile(r"<(?:(\w+):)?\w+>")
SORTS = ["", "?sort=-created_at", "?view=board", "?limit=5", "?q={canary}", "?fields=id,label", "?count=0"]


def routes(patterns: Any, prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path.replace("^", "").replace("$", "")
        else:
            yield from routes(pattern.url_patterns, path)


def fill(port: int, space: Workspace) -> None:
    """Records with the canary in each text, made over the API; their ids are remembered."""
    word = space.canary

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        status, _headers, data = ask(port, space, "POST", f"/api/v1/{path}", key=space.key, body=json.dumps(body))
        if status >= 300:
            raise SystemExit(f"POST {path} answered {status}: {data[:500]!r}")
        made: dict[str, Any] = json.loads(data)
        space.ids.append(made["id"])
        return made

    for number in range(5):
        company = post("companies", {"name": f"{word} company {number}", "city": word})["id"]
        contact = post("contacts", {"first_name": word, "last_name": f"{number}", "company": company})["id"]
        deal = post("deals", {"name": f"{word} deal {number}", "company": company, "amount": "1200"})["id"]
        post("leads", {"name": f"{word} lead {number}", "company_name": word})
        post("products", {"name": f"{word} product {number}", "code": f"{word}-{number}"})
        about = {"type": "deals", "id": deal}
        post("tasks", {"subject": f"{word} task", "about": about, "due_at": "2026-01-01T09:00:00Z"})
        post("notes", {"body": f"{word} note", "about": {"type": "contacts", "id": contact}})
    post("tags", {"name": word})
    post("teams", {"name": f"{word} team"})


def ask(
    port: int, space: Workspace, method: str, path: str, *, key: str = "", session: str = "", body: str | None = None
) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Host": space.host, "Content-Type": "application/json"}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    if session:
        headers["Cookie"] = f"{settings.SESSION_COOKIE_NAME}={session}"
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, str(answer.headers), answer.read()
    finally:
        connection.close()


class Crawl:
    def __init__(self, port: int, spaces: list[Workspace]) -> None:
        self.port, self.spaces, self.slugs = port, spaces, sorted(registry)
        self.routes = sorted(set(routes(get_resolver("config.urls_tenant").url_patterns)))
        self.statuses: Counter[int] = Counter()
        self.own = 0
        self.strangers = Outcome("a session of the other tenant, or its key")
        self.crawled = Outcome(f"{len(self.routes)} routes as {len(ROLES)} roles, with ids of both tenants")
        self.asked: set[str] = set()
        self.written: set[str] = set()  # which answer nobody who only reads
        self._lock = threading.Lock()

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        threads = [threading.Thread(target=self._go, args=(number, end)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        left = len(set(self.routes) - self.asked)
        self.crawled.note = f"own canary in {self.own:,} answers; {dict(sorted(self.statuses.items()))}"
        self.crawled.expect(self.own > 0, "no answer held even its own canary: the crawl sees nothing")
        self.crawled.expect(not left, f"{left} routes were never asked: more seconds are needed")

    def _go(self, number: int, end: float) -> None:
        dice = random.Random(number)
        each = [(route, slug) for route in self.routes for slug in (self.slugs if "<slug:slug>" in route else [""])]
        dice.shuffle(each)
        # Each route once, shared by the threads; then whatever may be read, over and over.
        first = [(route, "") for route in self.routes[number::THREADS]]
        for route, slug in itertools.chain(first, itertools.cycle(each)):
            if time.monotonic() > end:
                return
            if route not in self.written:
                mine, other = dice.sample(self.spaces, 2)
                self._step(route, slug or dice.choice(self.slugs), mine, other, dice)

    def _step(self, route: str, slug: str, mine: Workspace, other: Workspace, dice: random.Random) -> None:
        def value(match: re.Match[str]) -> str:
            if match[1] == "uuid":
                return dice.choice(mine.ids if dice.random() < 0.6 else other.ids)
            return {"slug": slug, "int": "1"}.get(match[1] or "str", "x")

        path = "/" + PARAMETER.sub(value, route) + dice.choice(SORTS).format(canary=mine.canary)
        is_stranger = dice.random() < 0.15
        whose = other if is_stranger else mine
        by_key = path.startswith("/api/") and dice.random() < 0.5
        key, session = (whose.key, "") if by_key else ("", whose.sessions[dice.choice(ROLES)])
        outcome = self.strangers if is_stranger else self.crawled
        try:
            status, headers, body = ask(self.port, mine, "GET", path, key=key, session=session)
        except OSError as error:
            self._note(outcome, False, f"{path}: {error}", route)
            return
        told = headers.encode() + body
        with self._lock:
            self.statuses[status] += 1
            self.own += not is_stranger and mine.canary.encode() in told
            if status == 405:
                self.written.add(route)
        # A page may say again what was asked for.
        forbidden = [space.canary for space in (self.spaces if is_stranger else [other]) if space.canary not in path]
        is_clean = status < 500 and not any(word.encode() in told for word in forbidden)
        self._note(outcome, is_clean, f"{mine.host}{path} answered {status}, or told a canary", route)

    def _note(self, outcome: Outcome, is_right: bool, complaint: str, route: str) -> None:
        with self._lock:
            self.asked.add(route)
            outcome.expect(is_right, complaint)


def exported(port: int, spaces: list[Workspace]) -> Outcome:
    """A file of each tenant, written by one worker in turns, fetched with the right and with the wrong session."""
    outcome = Outcome("exports by one worker, fetched by both")
    for _time in range(3):
        for mine, other in (spaces, spaces[::-1]):
            body = json.dumps({"type": "deals", "format": "csv", "query": {}, "fields": ["name"]})
            status, _headers, data = ask(port, mine, "POST", "/api/v1/exports", key=mine.key, body=body)
            outcome.expect(status == 202, f"an export was answered {status}")
            if status != 202:
                continue
            run = f"/api/v1/exports/{json.loads(data)['id']}"
            done = until(lambda run=run, mine=mine: _done(port, mine, run), 60)  # type: ignore[misc]
            outcome.expect(bool(done), "an export did not end")
            if not done:
                continue
            path = "/" + done.split("/", 3)[3] if "://" in done else done
            _status, _headers, own = ask(port, mine, "GET", path, key=mine.key)
            outcome.expect(mine.canary.encode() in own and other.canary.encode() not in own, "a file of another tenant")
            for at, key in ((other, other.key), (mine, other.key), (other, mine.key)):
                status, _headers, data = ask(port, at, "GET", path, key=key)
                is_refused = status in (401, 403, 404) and mine.canary.encode() not in data
                outcome.expect(is_refused, f"a link was good for another: {status}")
    return outcome


def _done(port: int, space: Workspace, path: str) -> str:
    status, _headers, data = ask(port, space, "GET", path, key=space.key)
    run = json.loads(data) if status == 200 else {}
    return str(run["result_url"]) if run.get("status") == "done" else ""


def leftovers(at: Path, spaces: list[Workspace]) -> Outcome:
    """What stayed: mail, logs, files, and whatever Valkey holds."""
    outcome = Outcome("mail, logs, files and Valkey afterwards")
    for log in at.glob("*.log"):
        text = log.read_bytes()
        for space in spaces:
            # A path may be asked for by a word of it; what is told of records may not be written down.
            outcome.expect(space.canary.encode() not in text, f"{log.name} holds a canary")
    for mail in (at / "mail").glob("*"):
        text = mail.read_bytes()
        outcome.expect(sum(space.canary.encode() in text for space in spaces) < 2, f"{mail.name} holds both canaries")
    for file in (settings.HOME / "files").rglob("*"):
        if file.is_file():
            text = file.read_bytes()
            for space in spaces:
                is_own = str(space.tenant.pk) in file.as_posix()
                outcome.expect(is_own or space.canary.encode() not in text, f"{file} holds a canary of another")
    server = redis.Redis.from_url(settings.REDIS_URL)
    for name in server.scan_iter(count=1000):
        value = _value_of(server, name)
        for space in spaces:
            is_own = str(space.tenant.pk).encode() in name
            outcome.expect(is_own or space.canary.encode() not in name + value, f"the key {name!r} holds a canary")
    return outcome


def _value_of(server: Any, name: bytes) -> bytes:
    match server.type(name):
        case b"string":
            return bytes(server.get(name) or b"")
        case b"hash":
            return repr(server.hgetall(name)).encode()
        case b"list":
            return repr(server.lrange(name, 0, -1)).encode()
        case b"set":
            return repr(server.smembers(name)).encode()
        case b"zset":
            return repr(server.zrange(name, 0, -1)).encode()
    return b""


def unguarded(port: int, spaces: list[Workspace]) -> Outcome:
    """A server that lacks the transaction around requests: what touches a tenant must fail and answer nothing."""
    outcome = Outcome("requests to a server without the transaction")
    for space in spaces:
        for path in ("/", "/r/deals", "/r/contacts", "/reports", "/trash", "/search?q=x", f"/r/deals/{space.ids[2]}"):
            for role in ROLES:
                status, _headers, body = ask(port, space, "GET", path, session=space.sessions[role])
                is_failed = status == 500 and not any(one.canary.encode() in body for one in spaces)
                outcome.expect(is_failed, f"{path} answered {status}")
        status, _headers, body = ask(port, space, "GET", "/api/v1/deals", key=space.key)
        outcome.expect(status == 500 and space.canary.encode() not in body, f"the API answered {status}")
    return outcome
