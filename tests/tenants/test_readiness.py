"""Whether the tenants' schemas fit the code is part of being ready."""

from kernel.tenancy.models import SchemaVersion
from kernel.web.health import problems

NAME = "tenants' schemas"


def test_a_tenant_that_is_behind_keeps_the_installation_from_being_ready(tenant_a):
    assert NAME not in [problem["check"] for problem in problems()]
    SchemaVersion.objects.filter(tenant=tenant_a).update(head_hash="older")
    assert [problem["problem"] for problem in problems() if problem["check"] == NAME] == [
        "1 tenants are not at the newest migrations; `manage.py tenant migrate` brings them there."
    ]
