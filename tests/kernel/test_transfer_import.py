"""Importing: encodings, mapping, values, labels that nobody knows, updates, refusals, resuming."""

import json
from datetime import date
from decimal import Decimal
from unittest import mock

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from importing import begin, carry_out, import_text, make, reasons, records, upload

from crm_core.contacts.models import Company, Contact
from crm_core.sales.models import Deal, DealLine
from kernel.access.actor import actor_for
from kernel.access.models import Team
from kernel.events.models import Event
from kernel.files.models import StoredFile
from kernel.lib.errors import ParseError
from kernel.runs.models import Run
from kernel.runs.work import cancel
from kernel.tenancy.context import tenant_only
from kernel.transfer import answering, batches, importing, imports


@pytest.fixture
def sara(in_a, member):
    return actor_for(member("sara"), "page")


@pytest.fixture
def eve(in_b, member):
    return actor_for(member("eve"), "page")


# -- reading and mapping


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1256"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_persian_files_are_read_in_each_encoding_and_delimiter(eve, tenant_b, encoding, delimiter):
    lines = [["نام شرکت", "شهر", "تعداد کارکنان"], ["پارس خودرو", "تهران", "۱۲۰"], ["نان سحر", "مشهد", "۸"]]
    text = "\r\n".join(delimiter.join(cells) for cells in lines)
    text = text if encoding != "windows-1256" else text.replace("ی", "ي").replace("۱۲۰", "120").replace("۸", "8")
    run = import_text(tenant_b, eve, "companies", text.encode(encoding))
    assert run.counts["created"] == 2, run.error
    found = records("companies").get(label_key=records("companies").get(employees=120).label_key)
    assert (found.employees, found.city) == (120, "تهران")


def test_the_columns_of_other_systems_are_recognised(sara):
    header = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
    run = upload(sara, "deals", f"{header}\nX1,,,,Won,2017-01-01,2017-02-01,5\n")
    assert {item["column"]: item["field"] for item in run.params["mapping"]} == {
        "opportunity_id": "name",
        "sales_agent": "owner",
        "product": "lines.product",
        "account": "company",
        "deal_stage": "stage",
        "engage_date": "opened_on",
        "close_date": "closed_on",
        "close_value": "amount",
    }
    assert run.params["options"]["match"] == "name"


def test_persian_labels_are_recognised_whatever_the_interface_speaks(sara):
    run = upload(sara, "contacts", "نام خانوادگي,شماره همراه,ایمیل\nرضایی,09121234567,r@example.com\n")
    assert [item["field"] for item in run.params["mapping"]] == ["last_name", "phone", "email"]


def test_a_mapping_is_remembered_by_the_headers_in_any_order(sara):
    text = "Firm,Town\nAlpha,Rome\n"
    begin(sara, "companies", text, [{"column": "Firm", "field": "name"}, {"column": "Town", "field": "city"}])
    again = upload(sara, "companies", "town,FIRM\nOslo,Beta\n")
    assert {(item["column"], item["field"]) for item in again.params["mapping"]} == {("FIRM", "name"), ("town", "city")}
    assert again.params["remembered"]


def test_one_column_may_feed_two_fields(sara, tenant_a):
    text = "sales_agent,manager\nAnna,Sara Admin\n"
    make(sara.member, "teams", "Sara Admin")
    run = import_text(tenant_a, sara, "members", text, {"sales_agent": "name", "manager": ["manager", "teams"]})
    assert run.counts["created"] == 1, reasons(run)
    anna = records("members").get(name="Anna")
    assert (anna.manager.name, anna.teams.get().name) == ("Sara Admin", "Sara Admin")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"Nowhere": "name"}, "no column"),
        ({"Firm": "secret"}, "no field"),
        ([{"column": "Firm", "field": "name"}, {"column": "Town", "field": "name"}], "Two columns"),
        ([{"column": "Firm", "field": "name", "multiply": "1000"}], "Only numbers"),
        ("nonsense", "Send a list"),
    ],
)
def test_a_wrong_mapping_is_refused_in_a_sentence(sara, columns, words):
    with pytest.raises(ValidationError, match=words):
        begin(sara, "companies", "Firm,Town\nAlpha,Rome\n", columns)


@pytest.mark.parametrize("content", [b"", b"  \n", b"%PDF-1.7 whatever", b"\x89PNG\r\n"])
def test_what_is_no_table_is_refused_and_nothing_is_kept(sara, content):
    with pytest.raises(ParseError):
        upload(sara, "companies", content)
    assert not StoredFile.objects.exists()
    assert not Run.objects.exists()


# -- values


def test_a_row_becomes_a_deal_with_its_product_and_history(sara, tenant_a):
    make(sara.member, "products", "GTX Pro")
    make(sara.member, "companies", "Isdom")
    text = "name,company,product,stage,opened,closed,amount,owner\n"
    text += "Z1,isdom,gtx  PRO,Won,2016-10-25,1395/12/21,4514,mina rep\n"
    columns = {"name": "name", "company": "company", "product": "lines.product", "stage": "stage", "owner": "owner"}
    columns |= {"opened": "opened_on", "closed": "closed_on", "amount": "amount"}
    run = import_text(tenant_a, sara, "deals", text, columns)
    assert run.counts["created"] == 1, reasons(run)
    deal = Deal.objects.get(name="Z1")
    line = DealLine.objects.get(deal=deal)
    assert (deal.status, deal.company.name, deal.owner.name) == ("won", "Isdom", "Mina Rep")
    assert (deal.opened_on, deal.closed_on, deal.amount) == (date(2016, 10, 25), date(2017, 3, 11), Decimal(4514))
    assert (line.product.name, line.price, line.total) == ("GTX Pro", Decimal(4514), Decimal(4514))
    event = Event.objects.get(record_id=deal.pk)
    assert (event.via, event.change_set, event.fanned_out_at is None) == ("import", run.pk, False)


def test_their_words_stand_for_ours(sara, tenant_a):
    text = "name,deal_stage\nA,Engaging\nB,PROSPECTING\nC,lost\n"
    values = [("deal_stage", "engaging", "Qualified"), ("deal_stage", "Prospecting", "New")]
    run = import_text(tenant_a, sara, "deals", text, values=values)
    assert run.counts["created"] == 3, run.state
    assert dict(Deal.objects.values_list("name", "stage__name")) == {"A": "Qualified", "B": "New", "C": "Lost"}
    assert Deal.objects.get(name="C").lost_reason is None


def test_numbers_are_scaled_exactly(sara, tenant_a):
    columns = [{"column": "n", "field": "name"}, {"column": "r", "field": "annual_revenue", "multiply": "1000000"}]
    import_text(tenant_a, sara, "companies", "n,r\nAcme,1100.04\n", columns)
    assert Company.objects.get(name="Acme").annual_revenue == Decimal("1100040000")


@pytest.mark.parametrize(("unit", "stored"), [("toman", 12_000_000), ("", 1_200_000)])
def test_amounts_are_taken_in_the_unit_that_was_said(eve, tenant_b, unit, stored):
    columns = {"نام": "name", "مبلغ": "amount"}
    import_text(tenant_b, eve, "deals", "نام,مبلغ\nفروش,۱٬۲۰۰٬۰۰۰\n", columns, money_unit=unit)
    assert Deal.objects.get(name="فروش").amount == stored


def test_toman_is_no_unit_of_a_dollar_workspace(sara):
    with pytest.raises(ValidationError, match="Rial"):
        begin(sara, "deals", "name,amount\nA,1\n", money_unit="toman")


def test_a_full_name_is_taken_apart(sara, tenant_a):
    import_text(tenant_a, sara, "contacts", "full_name\nMaria da Silva\n")
    contact = Contact.objects.get()
    assert (contact.first_name, contact.last_name) == ("Maria da", "Silva")


# -- labels


def test_an_unknown_label_is_asked_once_and_remembered(sara, tenant_a):
    gtx = make(sara.member, "products", "GTX Pro")
    make(sara.member, "products", "GTX Plus Pro")
    text = "name,product\nA,GTXPro\nB,GTX Pro\nC,GTXPro\n"
    run = import_text(tenant_a, sara, "deals", text)
    assert run.status == "waiting"
    assert not records("deals").exists()
    (question,) = run.state["unresolved"]
    assert (question["column"], question["value"], question["rows"]) == ("product", "GTXPro", 2)
    assert question["suggestions"][0] == {"id": str(gtx.pk), "label": "GTX Pro", "likely": True}
    answering.answer(run, sara, [{"field": "lines.product", "value": "GTXPro", "action": "use", "id": str(gtx.pk)}])
    run = carry_out(tenant_a, run)
    assert (run.status, run.counts["created"]) == ("done", 3)
    assert DealLine.objects.filter(product=gtx).count() == 3
    again = import_text(tenant_a, sara, "deals", "name,product\nD,gtxpro\n")
    assert (again.status, again.counts["created"]) == ("done", 1)


@pytest.mark.parametrize("action", ["create", "empty"])
def test_an_unknown_label_may_be_created_or_left_empty(sara, tenant_a, action):
    run = import_text(tenant_a, sara, "deals", "name,company\nA,Nova\nB,nova\n")
    answering.answer(run, sara, [{"field": "company", "action": action}])
    run = carry_out(tenant_a, run)
    assert run.counts["created"] == 2
    names = set(Deal.objects.values_list("company__name", flat=True))
    assert names == ({"Nova"} if action == "create" else {None})


def test_an_ambiguous_label_is_asked_with_its_candidates(sara, tenant_a):
    twins = {str(make(sara.member, "companies", "Twin").pk) for _ in range(2)}
    run = import_text(tenant_a, sara, "deals", "name,company\nA,Twin\n")
    (question,) = run.state["unresolved"]
    assert question["reason"] == "ambiguous"
    assert not question["can_create"]
    assert {item["id"] for item in question["suggestions"]} == twins


def test_relations_are_created_where_that_was_asked_for(sara, tenant_a):
    text = "name,company,owner\nA,Nova,Ann Lee\nB,Nova,Ann Lee\nC,Orbit,Sara Admin\n"
    run = import_text(tenant_a, sara, "deals", text, create_missing=["company", "members"])
    assert run.counts["created"] == 3, run.state
    assert run.counts["made"] == 3
    assert sorted(Company.objects.values_list("name", flat=True)) == ["Nova", "Orbit"]
    ann = records("members").get(name="Ann Lee")
    assert (ann.identity, Deal.objects.filter(owner=ann).count()) == (None, 2)


def test_answers_must_fit_the_questions(sara, tenant_a):
    run = import_text(tenant_a, sara, "deals", "name,company\nA,Nova\n")
    foreign = {"field": "company", "value": "Nova", "action": "use", "id": str(run.pk)}
    for wrong in (
        [],
        "x",
        [{"field": "owner", "action": "empty"}],
        [foreign],
        [{"field": "company", "action": "guess"}],
    ):
        with pytest.raises(ValidationError):
            answering.answer(run, sara, wrong)


def test_rows_may_name_each_other_whatever_their_order(sara, tenant_a):
    text = "account,subsidiary_of\nChild,Mother\nGrandchild,Child\nMother,\nOdd,Missing\n"
    run = import_text(tenant_a, sara, "companies", text)
    assert [item["value"] for item in run.state["unresolved"]] == ["Missing"]
    answering.answer(run, sara, [{"field": "parent", "action": "empty"}])
    run = carry_out(tenant_a, run)
    parents = dict(Company.objects.values_list("name", "parent__name"))
    assert parents == {"Child": "Mother", "Grandchild": "Child", "Mother": None, "Odd": None}


# -- matching


def test_a_match_updates_only_what_the_file_says(sara, tenant_a):
    make(sara.member, "companies", "Acme", city="Rome", industry="retail")
    text = "name,city,industry\nACME,Oslo,\nNew one,Bern,toys\nAcme,Oslo,\n"
    run = import_text(tenant_a, sara, "companies", text)
    assert run.counts == {"created": 1, "updated": 1, "skipped": 1, "refused": 0}
    acme = Company.objects.get(city="Oslo")
    assert (acme.name, acme.industry) == ("Acme", "retail")


def test_empty_cells_clear_where_that_was_asked_for(sara, tenant_a):
    make(sara.member, "companies", "Acme", industry="retail")
    import_text(tenant_a, sara, "companies", "name,industry\nAcme,\n", empty_clears=True)
    assert Company.objects.get().industry == ""


def test_known_records_may_be_skipped_or_made_anew(sara, tenant_a):
    make(sara.member, "companies", "Acme")
    text = "name,city\nAcme,Oslo\n"
    assert import_text(tenant_a, sara, "companies", text, existing="skip").counts["skipped"] == 1
    assert import_text(tenant_a, sara, "companies", text, match="none").counts["created"] == 1


def test_a_row_that_fits_two_records_is_refused(sara, tenant_a):
    for _ in range(2):
        make(sara.member, "companies", "Twin")
    run = import_text(tenant_a, sara, "companies", "name,city\nTwin,Oslo\n")
    assert run.counts["refused"] == 1
    assert "2 records" in reasons(run)[0]


def test_repeated_rows_of_a_file_are_one_record(sara, tenant_a):
    text = "manager,regional_office\nDustin,Central\nMelvin,Central\nDustin,Central\n"
    run = import_text(tenant_a, sara, "teams", text, create_missing=["parent"])
    assert (run.counts["created"], run.counts["skipped"], run.counts["made"]) == (2, 1, 1)
    assert Team.objects.get(name="Melvin").parent.name == "Central"


# -- refusals


def test_refused_rows_are_listed_with_their_reasons(sara, tenant_a, client_for):
    text = "name,employees,website\nGood,5,\nBad,many,\n,3,\nOther,-4,nonsense\n=cmd(),7,\n"
    run = import_text(tenant_a, sara, "companies", text)
    assert (run.counts["created"], run.counts["refused"]) == (2, 3)
    assert [problem.row for problem in run.problems.order_by("pk")] == [3, 4, 5]
    assert "employees" in reasons(run)[0]
    assert "Name" in reasons(run)[1] or "name" in reasons(run)[1]


def test_a_constraint_refuses_one_row_and_keeps_the_others(sara, tenant_a):
    run = import_text(tenant_a, sara, "products", "name,code\nA,1\nB,1\nC,2\n")
    assert (run.counts["created"], run.counts["refused"]) == (2, 1)
    assert "code" in reasons(run)[0].lower()


# -- killed, cancelled


def test_a_killed_import_goes_on_where_it_was(sara, tenant_a):
    text = "name\n" + "".join(f"Company {number}\n" for number in range(25))
    run = begin(sara, "companies", text)
    whole = batches.RowWriter.write
    calls = []

    def killed(self, rows):
        calls.append(rows)
        found = whole(self, rows)
        if len(calls) == 2:
            raise SystemExit  # as a worker that is told to go: after the writes, before the commit
        return found

    with mock.patch.object(importing, "BATCH", 10):
        with mock.patch.object(batches.RowWriter, "write", killed), pytest.raises(SystemExit):
            carry_out(tenant_a, run)
        run.refresh_from_db()
        assert (run.counts["created"], records("companies").count()) == (10, 10)
        Run.objects.filter(pk=run.pk).update(lease_until=None)
        run = carry_out(tenant_a, run)
    assert (run.status, run.counts["created"], run.attempt) == ("done", 25, 2)
    assert records("companies").values("name").distinct().count() == records("companies").count() == 25


def test_an_import_is_cancelled_between_two_batches(sara, tenant_a):
    run = begin(sara, "companies", "name\n" + "".join(f"Company {number}\n" for number in range(25)))
    whole = batches.RowWriter.write

    def write(self, rows):
        found = whole(self, rows)
        if rows[0].number > 10:
            cancel(run)
        return found

    with mock.patch.object(importing, "BATCH", 10), mock.patch.object(batches.RowWriter, "write", write):
        run = carry_out(tenant_a, run)
    assert (run.status, run.counts["created"], records("companies").count()) == ("cancelled", 10, 10)
    assert imports.can_undo(run)


# -- rights


@pytest.mark.parametrize("name", ["kian", "nima"])
def test_whoever_may_not_import_is_refused(in_a, member, name):
    with pytest.raises(PermissionDenied):
        upload(actor_for(member(name), "page"), "companies", "name\nA\n")


def test_a_rep_imports_only_rows_of_their_own(in_a, tenant_a, member):
    reza = actor_for(member("reza"), "page")
    run = import_text(tenant_a, reza, "deals", "name,owner\nA,\nB,Reza Rep\nC,Mina Rep\n")
    if run.status == "waiting":
        answering.answer(run, reza, [{"field": "owner", "action": "empty"}])
        run = carry_out(tenant_a, run)
    assert set(Deal.objects.values_list("owner__name", flat=True)) == {"Reza Rep"}


def test_fields_and_records_out_of_reach_are_unknown(in_a, tenant_a, member):
    reza = actor_for(member("reza"), "page")
    make(member("mina"), "companies", "Hidden")
    run = import_text(tenant_a, reza, "deals", "name,company\nA,Hidden\n")
    assert run.status == "waiting"
    assert run.state["unresolved"][0]["suggestions"] == []
    with pytest.raises((PermissionDenied, ValidationError)):
        begin(reza, "products", "name,cost\nA,5\n", {"name": "name", "cost": "cost"})


def test_rights_are_looked_at_again_when_the_work_begins(sara, tenant_a, member):
    run = begin(sara, "companies", "name\nA\n")
    sara.member.roles.clear()
    run = carry_out(tenant_a, run)
    assert (run.status, records("companies").count()) == ("failed", 0)
    assert "role" in run.error


# -- the command


def test_the_command_prints_the_contracts_json(in_a, capsys, tmp_path):
    from django.core.management import call_command

    path = tmp_path / "deals.csv"
    path.write_text("id_of_theirs,deal_stage,company\nA,Won,Nova\n")
    mapped = ["--map", "id_of_theirs=name", "company=company"]
    arguments = ["a", "deals", str(path), *mapped, "--as", "sara@a.example", "--json"]
    with tenant_only(None):
        call_command("import", *arguments)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["created"]) == ("waiting", 0)
    assert answer["unresolved"][0]["value"] == "Nova"
    with tenant_only(None):
        call_command("import", *arguments, "--create-missing", "company", "--value", "deal_stage:Won=Lost")
    answer = json.loads(capsys.readouterr().out)
    assert {key: answer[key] for key in ("status", "created", "updated", "skipped", "refused", "unresolved")} == {
        "status": "done",
        "created": 1,
        "updated": 0,
        "skipped": 0,
        "refused": 0,
        "unresolved": [],
    }
    assert Deal.objects.get().stage.name == "Lost"
