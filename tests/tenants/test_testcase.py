"""The rules hold in Django's own TestCase as well, whose transaction does not count as one."""

from django.db import transaction
from django.test import TestCase
from rows import made, new_team

from kernel.access.models import Team
from kernel.tenancy.context import OutsideTransaction, in_tenant, tenant_only
from tenants.models import Tenant


class InTestCase(TestCase):
    databases = {"default", "platform"}

    @classmethod
    def setUpTestData(cls) -> None:
        cls.a = Tenant.objects.get(subdomain="a")
        with in_tenant(cls.a):
            new_team("t:of the class")

    def test_data_of_the_class_is_there(self) -> None:
        with in_tenant(self.a):
            self.assertEqual(made(), ["t:of the class"])
            new_team("t:of the test")

    def test_data_of_another_test_is_not(self) -> None:
        with in_tenant(self.a):
            self.assertEqual(made(), ["t:of the class"])

    def test_the_transaction_of_the_test_is_not_enough(self) -> None:
        with tenant_only(self.a), self.assertRaises(OutsideTransaction):
            Team.objects.count()

    def test_one_of_its_own_is(self) -> None:
        with tenant_only(self.a), transaction.atomic():
            Team.objects.count()
