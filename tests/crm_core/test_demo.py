"""Demo data: what a demo tenant or a sample at sign-up is filled with."""

from django.db.models import Max

from crm_core.activities.models import Call
from crm_core.contacts.models import Company, Contact
from crm_core.sales.demo.seed import Seeder, Size
from crm_core.sales.models import Deal
from kernel.events.models import Event
from kernel.records.steps import earliest_of
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

SIZE = Size(companies=30, contacts=12, deals=40, notes=5)


def test_a_tenant_is_filled_with_what_was_asked(in_a):
    Seeder(SIZE).run()
    assert Company.objects.count() == 30
    assert Deal.objects.count() == 40
    assert Event.objects.filter(name="deal.created").count() == 40


def test_the_same_seed_makes_the_same_data(tenant_a, tenant_b):
    names = []
    for tenant in (tenant_b, tenant_b):
        with in_tenant(tenant):
            Company.objects.all().delete()
            Seeder(SIZE, seed=7).run()
            names.append(sorted(Company.objects.values_list("name", flat=True)))
    assert names[0] == names[1]
    assert len(set(names[0])) == 30


def test_an_amount_is_the_sum_of_its_lines_and_an_open_deal_has_no_closing_date(in_b):
    Seeder(SIZE).run()
    for deal in Deal.objects.prefetch_related("lines"):
        assert deal.amount == sum(line.total for line in deal.lines.all())
        assert (deal.closed_on is None) == (deal.status == "open")


def test_what_sellers_have_planned_is_what_their_deals_say(in_b):
    Seeder(Size(companies=5, contacts=12, deals=60, calls=10)).run()
    deals = {deal.pk: deal.next_step_at for deal in Deal.objects.filter(status="open")}
    planned = earliest_of(registry["deals"], deals)
    assert planned
    assert planned == {pk: deals[pk] for pk in planned}
    last = Call.objects.filter(about_type="contacts").values("about_id").annotate(at=Max("done_at"))
    assert dict(last.values_list("about_id", "at")) == dict(
        Contact.objects.exclude(last_contacted_at=None).values_list("pk", "last_contacted_at")
    )
