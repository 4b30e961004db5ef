"""From where and when one comes in: rules of a role on people and on keys, and bounds of a key's own."""

import datetime
import json
from io import StringIO
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from role_sign_in import asked, press
from standing import CAST

from kernel.access.models import ApiKey, Member, Role
from kernel.access.sign_in import is_within, parse_networks, refusal
from kernel.api.callers import BAD_KEYS
from kernel.tenancy.context import in_tenant

REZA = CAST["reza"]
OFFICE = "10.1.0.0/16"
# A Sunday, 10:00 in Berlin, where the company is.
SUNDAY = datetime.datetime(2026, 11, 22, 9, 0, tzinfo=datetime.UTC)


@pytest.fixture
def asks(tenant_a):
    """`asks(networks=[…])` of the role of reps."""

    def ask(code="rep", **asked):
        with in_tenant(tenant_a):
            role = Role.objects.get(code=code)
            Role.objects.filter(pk=role.pk).update(rules=role.rules | {"sign_in": asked})

    return ask


@pytest.fixture
def key(at, tenant_a):
    """A client with a key of reza's, with bounds of its own."""

    def make(role="", **bounds):
        with in_tenant(tenant_a):
            member = Member.objects.get(pk=REZA.member_id)
            named = Role.objects.get(code=role) if role else None
            _key, secret = ApiKey.issue(name="k", member=member, role=named, **bounds)
        return at("a", headers={"Authorization": f"Bearer {secret}"})

    return make


def now(moment):
    return mock.patch("django.utils.timezone.now", return_value=moment)


class TestPeople:
    @pytest.mark.parametrize("path", ["/", "/r/deals", "/settings/security"])
    def test_from_elsewhere_the_door_is_closed(self, client_for, asks, path):
        asks(networks=[OFFICE])
        client = client_for("reza")
        assert client.get(path, REMOTE_ADDR="10.1.2.3").status_code == 200
        refused = client.get(path, REMOTE_ADDR="10.2.2.3")
        assert refused.status_code == 403
        assert "certain addresses" in refused.content.decode()
        assert client_for("kian").get("/", REMOTE_ADDR="10.2.2.3").status_code == 200

    def test_so_it_is_for_the_api_and_for_what_asks_its_callers_itself(self, client_for, asks):
        asks(networks=[OFFICE])
        client = client_for("reza")
        assert client.get("/api/v1/me", REMOTE_ADDR="10.1.2.3").status_code == 200
        assert client.get("/api/v1/me", REMOTE_ADDR="10.2.2.3").status_code == 403
        with mock.patch("kernel.web.files._actor_of", side_effect=lambda request: request.member) as asked:
            client.get("/attachments/x", REMOTE_ADDR="10.2.2.3")
        assert asked.call_args[0][0].member is None

    @pytest.mark.parametrize(
        ("asked", "moment", "is_open"),
        [
            ({"days": [7]}, SUNDAY, True),
            ({"days": [1, 2, 3, 4, 5]}, SUNDAY, False),
            ({"from": "10:00", "until": "18:00"}, SUNDAY, True),
            ({"from": "08:00", "until": "10:00"}, SUNDAY, False),
            ({"from": "22:00", "until": "10:30"}, SUNDAY, True),
            ({"from": "22:00", "until": "06:00"}, SUNDAY, False),
            ({"days": [1]}, SUNDAY + datetime.timedelta(hours=14), True),  # Monday in Berlin, Sunday in UTC
        ],
    )
    def test_hours_are_those_of_the_company(self, client_for, asks, asked, moment, is_open):
        asks(**asked)
        client = client_for("reza")
        with now(moment):
            assert client.get("/settings/profile").status_code == (200 if is_open else 403)

    def test_what_one_of_several_roles_asks_is_asked(self):
        anywhere, office = {"second_factor": True}, {"networks": [OFFICE]}
        assert refusal([anywhere, office], "10.2.0.1", SUNDAY)
        assert not refusal([anywhere, office], "10.1.0.1", SUNDAY)

    def test_an_address_of_ipv4_in_ipv6_is_itself(self):
        assert is_within("::ffff:10.1.2.3", [OFFICE])
        assert is_within("2001:db8::7", ["2001:db8::/32"])
        assert not is_within("2001:db9::7", ["2001:db8::/32", OFFICE])


class TestTheRole:
    def test_is_said_as_people_write_it(self, client_for, tenant_a):
        networks = "۱۰.۱.۰.۰/16، 192.0.2.7"
        press(client_for("sara"), tenant_a, networks=networks, days=["6", "7"], begins="8:30", ends="۱۸")
        wanted = {"networks": [OFFICE, "192.0.2.7"], "days": [6, 7], "from": "08:30", "until": "18:00"}
        assert asked(tenant_a) == wanted

    @pytest.mark.parametrize(
        "given",
        [{"networks": "office"}, {"networks": "10.0.0.0/99"}, {"begins": "8"}, {"begins": "25", "ends": "26"}],
    )
    def test_what_makes_no_sense_is_refused(self, client_for, tenant_a, given):
        press(client_for("sara"), tenant_a, **given)
        assert asked(tenant_a) is None

    def test_nobody_shuts_themselves_out(self, client_for, tenant_a):
        sara = client_for("sara")
        press(sara, tenant_a, "admin", networks="10.1.0.0/16")
        assert asked(tenant_a, "admin") is None
        press(sara, tenant_a, "admin", networks="127.0.0.0/8")
        assert asked(tenant_a, "admin") == {"networks": ["127.0.0.0/8"]}

    @pytest.mark.parametrize(
        "wrong", [{"networks": "10.1.0.0/16"}, {"networks": ["x"]}, {"days": [0]}, {"from": "08:00"}, {"days": [True]}]
    )
    def test_the_api_refuses_other_shapes(self, api_for, tenant_a, wrong):
        with in_tenant(tenant_a):
            rep = Role.objects.get(code="rep")
        answer = api_for("sara").patch(f"/api/v1/roles/{rep.pk}", {"rules": rep.rules | {"sign_in": wrong}})
        assert answer.status_code == 400
        assert asked(tenant_a) is None


class TestKeys:
    def test_one_ends_when_its_time_is_over(self, key):
        client = key(expires_at=timezone.now() + datetime.timedelta(days=30))
        assert client.get("/api/v1/me").status_code == 200
        with now(timezone.now() + datetime.timedelta(days=31)):
            assert client.get("/api/v1/me").status_code == 401

    def test_one_is_used_only_from_its_addresses(self, key):
        client = key(networks=[OFFICE])
        assert client.get("/api/v1/me", REMOTE_ADDR="10.1.2.3").status_code == 200
        assert client.get("/api/v1/me", REMOTE_ADDR="10.2.2.3").status_code == 401

    def test_the_rules_of_its_member_hold_for_it_whatever_role_it_has(self, key, asks):
        clients = key(), key(role="read-only")
        asks(networks=[OFFICE])
        for client in clients:
            assert client.get("/api/v1/me", REMOTE_ADDR="10.1.2.3").status_code == 200
            assert client.get("/api/v1/me", REMOTE_ADDR="10.2.2.3").status_code == 401

    def test_so_do_those_of_its_own_role(self, key, asks):
        client = key(role="read-only")
        asks("read-only", days=[1])
        with now(SUNDAY):
            assert client.get("/api/v1/me").status_code == 401
        with now(SUNDAY + datetime.timedelta(days=1)):
            assert client.get("/api/v1/me").status_code == 200

    def test_a_second_step_is_asked_of_people_not_of_programs(self, key, asks):
        client = key()
        asks(second_factor=True)
        assert client.get("/api/v1/me").status_code == 200

    def test_refusals_read_the_same_and_trying_keys_is_stopped(self, at, key):
        bound = key(networks=[OFFICE])
        strange = at("a", headers={"Authorization": "Bearer pk_nothing"})
        answers = [client.get("/api/v1/me").json()["detail"] for client in (bound, strange)]
        assert answers[0] == answers[1]
        for _try in range(BAD_KEYS.times - 2):
            strange.get("/api/v1/me")
        stopped = strange.get("/api/v1/me")
        assert stopped.status_code == 429
        assert int(stopped["Retry-After"]) > 0
        assert bound.get("/api/v1/me").status_code == 429
        assert key().get("/api/v1/me").status_code == 200  # a good one is no try

    def test_the_page_makes_one_with_bounds_and_tells_them(self, client_for, tenant_a):
        client = client_for("reza")
        form = {"name": "Till", "role": "", "days": "30", "networks": "10.1.0.0/16", "id": str(REZA.member_id)}
        assert client.post("/settings/keys", form | {"networks": "here"}).status_code == 422
        assert client.post("/settings/keys", form).status_code == 200
        with in_tenant(tenant_a):
            made = ApiKey.objects.get()
        assert (made.networks, (made.expires_at - made.created_at).days) in [([OFFICE], 30), ([OFFICE], 29)]
        assert OFFICE in client.get("/settings/keys").content.decode()


class TestTheCommand:
    def run(self, *args):
        out = StringIO()
        call_command("apikey", *args, "--json", stdout=out)
        return json.loads(out.getvalue())

    def test_makes_lists_and_revokes(self, at):
        bounds = ["--days", "7", "--network", "10.1.0.0/16", "--network", "192.0.2.7"]
        made = self.run("create", "a", "--member", REZA.email, "--name", "Till", *bounds)
        client = at("a", headers={"Authorization": f"Bearer {made['key']}"})
        assert client.get("/api/v1/me", REMOTE_ADDR="192.0.2.7").status_code == 200
        (told,) = self.run("list", "a", "--member", REZA.email)
        assert (told["prefix"], told["networks"]) == (made["prefix"], "10.1.0.0/16, 192.0.2.7")
        assert made["key"] not in str(told)
        self.run("revoke", "a", "--prefix", made["prefix"])
        assert client.get("/api/v1/me", REMOTE_ADDR="192.0.2.7").status_code == 401
        assert self.run("list", "a") == []

    @pytest.mark.parametrize(
        "wrong", [["--network", "x"], ["--days", "0"], ["--role", "none"], ["--member", "nobody@a.example"]]
    )
    def test_says_what_is_wrong(self, wrong):
        with pytest.raises(CommandError):
            self.run("create", "a", "--member", REZA.email, "--name", "Till", *wrong)


def test_networks_come_in_one_spelling():
    assert parse_networks("10.1.2.3/16 10.1.0.0/16,\n2001:DB8::1") == [OFFICE, "2001:db8::1"]
