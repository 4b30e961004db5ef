"""Passkeys where no browser is needed: what is asked, and what is refused. Real ones are in the browser's journey."""

import json

import pytest
from standing import CAST, PASSWORD

from kernel.accounts import factors
from kernel.accounts.models import Identity, Passkey
from kernel.accounts.passkeys import site_of
from kernel.web.accounts.passkeys import PER_IP

REZA, SARA = CAST["reza"], CAST["sara"]
OPTIONS, MAKE = "/settings/security/passkeys/options", "/settings/security/passkeys"


@pytest.fixture
def key():
    identity = Identity.objects.get(pk=REZA.identity_id)
    return Passkey.objects.create(
        identity=identity, site="a.localhost", credential_id=b"one", public_key=b"k", name="Key"
    )


def forged(raw="b25l"):
    response = {"clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA"}
    return json.dumps({"id": raw, "rawId": raw, "type": "public-key", "response": response})


class TestMaking:
    def test_needs_the_password(self, client_for):
        client = client_for("reza")
        assert client.post(OPTIONS, {"proof": "wrong"}).status_code == 422
        answer = client.post(OPTIONS, {"proof": PASSWORD})
        assert answer.status_code == 200
        assert answer.json()["user"]["name"] == REZA.email
        assert answer.json()["authenticatorSelection"]["userVerification"] == "required"

    def test_each_asking_has_a_challenge_of_its_own(self, client_for):
        client = client_for("reza")
        asked = {client.post(OPTIONS, {"proof": PASSWORD}).json()["challenge"] for _twice in range(2)}
        assert len(asked) == 2

    @pytest.mark.parametrize("credential", ["", "[]", "{}", "nonsense", forged()])
    def test_what_is_no_answer_makes_nothing(self, client_for, credential):
        client = client_for("reza")
        client.post(OPTIONS, {"proof": PASSWORD})
        assert client.post(MAKE, {"credential": credential}).status_code == 422
        assert not Passkey.objects.exists()

    def test_nobody_takes_away_anothers(self, client_for, key):
        client_for("sara").post(f"{MAKE}/{key.pk}/remove", {"proof": PASSWORD})
        client_for("reza").post(f"{MAKE}/{key.pk}/remove", {"proof": "wrong"})
        assert Passkey.objects.exists()
        client_for("reza").post(f"{MAKE}/{key.pk}/remove", {"proof": PASSWORD})
        assert not Passkey.objects.exists()


class TestSigningIn:
    @pytest.mark.parametrize("host", ["a", ""])
    def test_whose_keys_there_are_is_not_told_to_strangers(self, at, key, host):
        asked = at(host).post("/login/passkey/options").json()
        assert asked["allowCredentials"] == []
        assert asked["userVerification"] == "required"

    @pytest.mark.parametrize("credential", ["", "[]", "{}", forged(), forged("bm9uZQ"), forged("***")])
    def test_what_is_no_answer_lets_nobody_in(self, at, key, credential):
        client = at("a")
        client.post("/login/passkey/options")
        answer = client.post("/login/passkey", {"credential": credential})
        assert answer.status_code == 422
        assert "does not let you in" in answer.json()["message"]
        assert client.get("/settings/profile").status_code == 302

    def test_an_answer_that_nobody_asked_for_is_none(self, at, key):
        assert at("a").post("/login/passkey", {"credential": forged()}).status_code == 422

    def test_asking_without_end_is_stopped(self, at):
        client = at("a")
        for _time in range(PER_IP.times):
            assert client.post("/login/passkey/options").status_code == 200
        assert client.post("/login/passkey/options").status_code == 429

    def test_a_token_against_forged_requests_is_asked_for(self, at):
        assert at("a", enforce_csrf_checks=True).post("/login/passkey").status_code == 403

    def test_one_that_was_made_is_asked_for_after_the_password(self, at, key):
        client = at("a")
        answer = client.post("/login", {"email": REZA.email, "password": PASSWORD})
        assert answer["Location"] == "/login/code"
        codes = factors.new_codes(key.identity)
        assert client.post("/login/code?recovery", {"code": codes[0]}).status_code == 302
        assert client.get("/settings/profile").status_code == 200


@pytest.mark.parametrize(
    ("base", "host", "site"),
    [
        ("peyvand.example", "acme.peyvand.example", "peyvand.example"),
        ("peyvand.example", "peyvand.example", "peyvand.example"),
        ("peyvand.example", "crm.customer.example", "crm.customer.example"),
        ("peyvand.example", "evilpeyvand.example", "evilpeyvand.example"),
        ("localhost", "acme.localhost:8000", "acme.localhost"),
    ],
)
def test_one_key_serves_all_hosts_of_ours_where_browsers_let_it(rf, settings, base, host, site):
    settings.BASE_DOMAIN, settings.ALLOWED_HOSTS = base, ["*"]
    assert site_of(rf.get("/", headers={"Host": host})) == site
