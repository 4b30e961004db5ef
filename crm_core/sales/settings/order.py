"""Order among siblings, as whole numbers from 1 on."""

from typing import Any

from kernel.access.actor import Access
from kernel.records.change import edit


def last_position(rows: Any) -> int:
    return max((row.position for row in rows), default=0)


def shift(access: Access, rows: list[Any], record: Any, step: int) -> bool:
    """Move a record up (-1) or down (1) among `rows`, which are in order. False at the end of the line."""
    order = list(rows)
    at = next(index for index, row in enumerate(order) if row.pk == record.pk)
    to = at + step
    if not 0 <= to < len(order):
        return False
    order[at], order[to] = order[to], order[at]
    for position, row in enumerate(order, 1):
        if row.position != position:
            edit(access, row, {"position": position})
    return True
