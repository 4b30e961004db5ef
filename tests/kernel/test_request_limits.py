"""How often one may ask, and how much one may send: refused before anything is looked up or read."""

import pytest

from kernel.transfer.sources import MAX_FILE_BYTES

FORM, FILE = 6 * 1024 * 1024, MAX_FILE_BYTES + 1024 * 1024


def times(client, path, many):
    return [client.get(path).status_code for _ in range(many)]


def claiming(client, path, length):
    """A body of which nothing is there but its length: whoever reads it fails."""
    return client.generic(
        "POST", path, b"x", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(length)
    )


class TestHaste:
    def test_a_member_who_asks_too_often_is_told_when_to_go_on(self, client_for, settings):
        settings.PAGE_REQUESTS_PER_MINUTE = 2
        reza = client_for("reza")
        assert times(reza, "/r/deals", 3) == [200, 200, 429]
        assert 0 < int(reza.get("/r/deals")["Retry-After"]) <= 60

    def test_others_go_on(self, client_for, settings):
        settings.PAGE_REQUESTS_PER_MINUTE = 1
        assert times(client_for("reza"), "/r/deals", 2) == [200, 429]
        assert times(client_for("mina"), "/r/deals", 1) == [200]

    def test_pages_and_the_api_are_counted_apart(self, client_for, settings):
        settings.PAGE_REQUESTS_PER_MINUTE = 1
        reza = client_for("reza")
        assert times(reza, "/r/deals", 2) == [200, 429]
        assert times(reza, "/api/v1/deals", 1) == [200]

    def test_a_workspace_as_a_whole_is_bounded(self, client_for, api_for, settings):
        settings.WORKSPACE_REQUESTS_PER_MINUTE = 3
        assert times(client_for("reza"), "/r/deals", 1) + times(client_for("mina"), "/r/deals", 1) == [200, 200]
        assert times(api_for("sara"), "/api/v1/deals", 2) == [200, 429]
        assert times(client_for("eve"), "/r/deals", 1) == [200]

    def test_what_one_is_refused_is_not_taken_from_the_others(self, client_for, settings):
        settings.PAGE_REQUESTS_PER_MINUTE, settings.WORKSPACE_REQUESTS_PER_MINUTE = 1, 3
        assert times(client_for("reza"), "/r/deals", 9)[1:] == [429] * 8
        assert times(client_for("mina"), "/r/deals", 1) == [200]


class TestSize:
    @pytest.mark.parametrize("path", ["/login", "/imports/new", "/api/v1/files", "/f/none"])
    def test_a_stranger_sends_no_more_than_a_form(self, at, path):
        assert claiming(at("a"), path, FORM).status_code == 413

    def test_nor_on_the_public_site(self, at):
        assert claiming(at(""), "/signup", FORM).status_code == 413

    @pytest.mark.parametrize("path", ["/imports/new", "/api/v1/files"])
    def test_nobody_sends_more_than_a_file_may_have(self, client_for, path):
        assert claiming(client_for("sara"), path, FILE).status_code == 413

    def test_a_member_may_send_a_file(self, client_for):
        assert client_for("sara").get("/r/deals", CONTENT_LENGTH=str(FORM)).status_code == 200

    def test_a_key_that_is_none_is_refused_before_its_body_is_read(self, at):
        stranger = at("a", HTTP_AUTHORIZATION="Bearer none")
        assert claiming(stranger, "/api/v1/files", FORM).status_code == 401

    def test_the_api_answers_a_problem(self, at):
        answer = claiming(at("a"), "/api/v1/files", FORM)
        assert answer["Content-Type"] == "application/problem+json"
