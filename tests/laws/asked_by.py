"""By which columns a statement asks for rows: what stands after WHERE, HAVING, ON, GROUP BY, ORDER BY, PARTITION BY."""

import re
from functools import lru_cache

_KEY = r"(?:\"?\w+\"?\.)?\"?text_keys\"?\s*->>?\s*'\w+'"
_TOKEN = re.compile(_KEY + r"|'(?:[^']|'')*'|(?:\"?\w+\"?\.)?\"?[a-z_]\w*\"?|[(),]", re.IGNORECASE)
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_SPELLING = re.compile(r'["\s]|->>?')
ASKS = {"WHERE", "HAVING", "BY", "ON"}
TELLS = {"SELECT", "FROM", "SET", "RETURNING", "VALUES", "LIMIT", "INTO", "JOIN", "OFFSET"}


def asked_by(sql: str) -> frozenset[str]:
    """Each name ("table.column" or "column") and each text ('…') that rows are asked by, quotes of names left out; of
    the texts that are kept for comparing each by its key: text_keys'city'."""
    return _asked_by(_IDS.sub("", sql[max(sql.find(" FROM "), 0) :]))


@lru_cache(maxsize=10_000)
def _asked_by(sql: str) -> frozenset[str]:
    asks, outside, found = False, list[bool](), set()
    for token in _TOKEN.findall(sql):
        if token == "(":
            outside.append(asks)
        elif token == ")":
            asks = outside.pop() if outside else asks
        elif token.upper() in ASKS:
            asks = True
        elif token.upper() in TELLS:
            asks = False
        elif asks and token != ",":
            found.add(token if token.startswith("'") else _SPELLING.sub("", token))
    return frozenset(found)
