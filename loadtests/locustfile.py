"""What people and programs do at the same time: some sign up, some work in a workspace, a program uses its API.

Started by `loadtests.load`, which prepares the workspace and says by LOAD_PREPARED where to find it.
"""

import itertools
import json
import os
import random
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from locust import FastHttpUser, HttpUser, between, task

from loadtests.signing_up import sign_up

PREPARED = json.loads(Path(os.environ["LOAD_PREPARED"]).read_text())
WORKSPACE = {"Host": PREPARED["host"]}
API = {**WORKSPACE, "Authorization": f"Bearer {PREPARED['key']}"}
proved = iter(PREPARED["proved"])
numbers = itertools.count(int(time.time()) % 10**8 * 1000)


class SigningUp(HttpUser):
    """Somebody who has typed the code and fills in the last form; then is in the workspace that was made."""

    fixed_count = PREPARED["people"]["signing up"]
    wait_time = between(*PREPARED["thinks"]["signing up"])

    def on_start(self) -> None:
        time.sleep(random.uniform(0, PREPARED["thinks"]["signing up"][1]))  # nobody began at the same moment

    @task
    def sign_up(self) -> None:
        cookie = next(proved, None)
        if cookie is None:
            return
        spent, problem = 0.0, None
        try:
            spent = sign_up(self.host, PREPARED["public"], cookie, f"load-{next(numbers)}")
        except (AssertionError, requests.RequestException) as error:
            problem = error
        self.environment.events.request.fire(
            request_type="POST",
            name="sign up",
            response_time=spent * 1000,
            response_length=0,
            exception=problem,
            context={},
        )


class AtWork(FastHttpUser):
    """A member with the list and the board open."""

    fixed_count = PREPARED["people"]["at work"]
    wait_time = between(*PREPARED["thinks"]["at work"])

    @task(3)
    def list(self) -> None:
        self._open("/r/deals?status=open&sort=-amount", "list")

    @task(2)
    def board(self) -> None:
        self._open("/r/deals?view=board", "board")

    def _open(self, path: str, name: str) -> None:
        headers = {**WORKSPACE, "Cookie": f"{PREPARED['cookie']}={PREPARED['session']}"}
        with self.client.get(path, headers=headers, name=name, catch_response=True, allow_redirects=False) as answer:
            if answer.status_code != 200:
                answer.failure(f"{answer.status_code}")


class Program(FastHttpUser):
    """An integration that reads and writes records one by one, and asks for a report now and then."""

    fixed_count = PREPARED["people"]["programs"]
    wait_time = between(*PREPARED["thinks"]["programs"])

    @task(6)
    def get(self) -> None:
        pk = PREPARED["deals"][next(numbers) % len(PREPARED["deals"])]
        self.client.get(f"/api/v1/deals/{pk}", headers=API, name="get")

    @task(3)
    def create(self) -> None:
        self.client.post("/api/v1/deals", json={"name": "Load deal", "amount": "1200"}, headers=API, name="create")

    @task(1)
    def report(self) -> None:
        """From the request to the lines."""
        began, problem = time.perf_counter(), None
        try:
            self._carry_out()
        except AssertionError as error:
            problem = error
        spent = (time.perf_counter() - began) * 1000
        self.environment.events.request.fire(
            request_type="POST", name="report", response_time=spent, response_length=0, exception=problem, context={}
        )

    def _carry_out(self) -> None:
        run: Any = self._json("POST", "/api/v1/report-runs", {"by": "owner"})
        until = time.perf_counter() + 30
        while run["status"] in ("queued", "running"):
            assert time.perf_counter() < until, "the report did not end"
            time.sleep(0.1)
            run = self._json("GET", urlsplit(run["status_url"]).path)
        assert run["status"] == "done", run["status"]

    def _json(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.client.request(method, path, json=body, headers=API, name="(a report's steps)")
        assert answer.status_code < 400, f"{answer.status_code}: {answer.text}"
        return answer.json()
