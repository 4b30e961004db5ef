"""What a new tenant starts with: other apps register their seeds here.

    @on_provisioned
    def seed_pipeline(tenant, owner): ...

A seed runs once, inside the new tenant's transaction and in the tenant's language, before anybody can sign in. If it
fails, nothing of the tenant is left. What may wait belongs to a subscriber of the event `tenant.provisioned`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from kernel.access.models import Member
    from tenants.models import Tenant

Seed = Callable[["Tenant", "Member"], object]
_seeds: list[tuple[int, Seed]] = []


@overload
def on_provisioned(seed: Seed) -> Seed: ...
@overload
def on_provisioned(*, order: int) -> Callable[[Seed], Seed]: ...
def on_provisioned(seed: Seed | None = None, *, order: int = 50) -> Seed | Callable[[Seed], Seed]:
    """Register a seed; lower `order` runs first, equal ones as registered."""

    def register(seed: Seed) -> Seed:
        if seed not in (known for _order, known in _seeds):
            _seeds.append((order, seed))
            _seeds.sort(key=lambda entry: entry[0])
        return seed

    return register(seed) if seed else register


def seeds() -> list[Seed]:
    return [seed for _order, seed in _seeds]
