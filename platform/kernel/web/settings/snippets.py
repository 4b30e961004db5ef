"""One operation of the API as a program would call it: in curl, Python and JavaScript, ready to be copied."""

from __future__ import annotations

import json
import pprint
from shlex import quote
from typing import Any

from kernel.web.settings.reading import Operation

LANGUAGES = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}
KEY = "YOUR_API_KEY"
EXAMPLE_ID = "0192f3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f"
VALUES = {"If-Match": '"1"', "Idempotency-Key": "order-1042"}


def snippet(language: str, base: str, operation: Operation) -> str:
    url = base + operation.path.replace("{id}", EXAMPLE_ID).replace("{type}", "deals").replace("{", "").replace("}", "")
    if operation.method == "get" and operation.path.count("/") == 1 and "parameters" in operation.raw:
        url += _query(operation)
    headers = {"Authorization": f"Bearer {KEY}", **{name: VALUES[name] for name in operation.headers}}
    return {"curl": _curl, "python": _python, "javascript": _javascript}[language](operation, url, headers)


def _query(operation: Operation) -> str:
    """A short page, last first, where the list can be asked for it."""
    names = {parameter.get("name") or parameter["$ref"].rpartition("/")[2]: parameter
             for parameter in operation.raw["parameters"]}  # fmt: skip
    asked = ["limit=20"] if "limit" in names else []
    if "-created_at" in names.get("sort", {}).get("schema", {}).get("enum", ()):
        asked.append("sort=-created_at")
    return "?" + "&".join(asked) if asked else ""


def _form(operation: Operation) -> dict[str, bool]:
    """Fields of a form with files: whether each is a file."""
    schema = operation.body.get("schema", {})
    return {
        name: inner.get("format") == "binary" or "contentMediaType" in inner
        for name, inner in schema.get("properties", {}).items()
        if name in schema.get("required", schema.get("properties", {}))
    }


def _example(operation: Operation) -> Any:
    body = operation.body
    return body.get("example", body.get("schema", {}).get("example", {})) if body else None


def _curl(operation: Operation, url: str, headers: dict[str, str]) -> str:
    lines = [f"curl {quote(url)}"]
    if operation.method != "get":
        lines[0] = f"curl -X {operation.method.upper()} {quote(url)}"
    lines += [f"-H {quote(f'{name}: {value}')}" for name, value in headers.items()]
    if operation.media == "multipart/form-data":
        lines += [f"-F {quote(f'{name}=@{name}.csv' if is_file else f'{name}=…')}"
                  for name, is_file in _form(operation).items()]  # fmt: skip
    elif operation.media:
        body = json.dumps(_example(operation), ensure_ascii=False, indent=2)
        lines += ["-H 'Content-Type: application/json'", f"-d {quote(body)}"]
    return " \\\n  ".join(lines)


def _python(operation: Operation, url: str, headers: dict[str, str]) -> str:
    lines = ["import requests", "", f"answer = requests.{operation.method}(", f"    {url!r},", "    headers={"]
    lines += [f"        {name!r}: {value!r}," for name, value in headers.items()] + ["    },"]
    if operation.media == "multipart/form-data":
        form = _form(operation)
        files = ", ".join(f"{name!r}: open('{name}.csv', 'rb')" for name, is_file in form.items() if is_file)
        data = {name: "…" for name, is_file in form.items() if not is_file}
        lines += [f"    files={{{files}}},", f"    data={data!r},"]
    elif operation.media:
        written = pprint.pformat(_example(operation), sort_dicts=False, width=80)
        lines.append("    json=" + written.replace("\n", "\n    ") + ",")
    told = "print(answer.status_code)" if operation.method == "delete" else "print(answer.json())"
    return "\n".join([*lines, ")", "answer.raise_for_status()", told])


def _javascript(operation: Operation, url: str, headers: dict[str, str]) -> str:
    before: list[str] = []
    options = [f'  method: "{operation.method.upper()}",'] if operation.method != "get" else []
    if operation.media == "multipart/form-data":
        before = ["const form = new FormData();"]
        before += [f'form.append("{name}", {"file" if is_file else json.dumps("…", ensure_ascii=False)});'
                   for name, is_file in _form(operation).items()]  # fmt: skip
        body = "  body: form,"
    elif operation.media:
        headers = {**headers, "Content-Type": "application/json"}
        written = json.dumps(_example(operation), ensure_ascii=False, indent=2).replace("\n", "\n  ")
        body = f"  body: JSON.stringify({written}),"
    else:
        body = ""
    shown = json.dumps(headers, ensure_ascii=False, indent=2).replace("\n", "\n  ")
    options += [f"  headers: {shown},", *([body] if body else [])]
    told = "console.log(answer.status);" if operation.method == "delete" else "console.log(await answer.json());"
    return "\n".join([*before, f"const answer = await fetch({json.dumps(url)}, {{", *options, "});", told])
