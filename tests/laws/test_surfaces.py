"""A way out that no surface names is a hole nobody looks through: a new one fails here until it is somebody's."""

import pytest
import surfaces_of_api
import surfaces_of_pages
from surfaces import WITHOUT_RECORDS, routes, surfaces, ways_out

__all__ = ["surfaces_of_api", "surfaces_of_pages"]

NAMED = {route: found.name for found in surfaces.values() for route in found.routes}


def test_every_address_is_a_surfaces_or_has_no_records() -> None:
    known = {*NAMED, *WITHOUT_RECORDS}
    assert set(routes()) - known == set(), "Name them in a surface, and call them there"
    assert known - set(routes()) == set(), "No such address"


def test_every_other_way_out_is_a_surfaces() -> None:
    named = {way for found in surfaces.values() for way in found.also} | set(NOTHING_OF_RECORDS)
    assert ways_out() - named == set(), "Name them in a surface, and call them there"
    assert named - ways_out() == set(), "There is no such way"


NOTHING_OF_RECORDS = {
    "letter:code_letter": "a code and nothing else",
    "letter:reset_letter": "a link for whoever asked for it",
    "letter:changed_letter": "says that a password was changed",
    "letter:invitation_letter": "the names of the workspace and of whoever invites",
    "letter:new_address_letter": "a link for whoever changes their address",
    "letter:old_address_letter": "as above",
    "letter:new_device_letter": "where somebody signed in",
    "letter:secret_expires_letter": "on which day the secret of the provider runs out",
    "letter:past_provider_letter": "which administrator signed in past the provider",
    "letter:factor_reset_letter": "that a second step was taken off",
    "letter:workspaces_letter": "the addresses of workspaces",
    "run:handover": "counts of what it moved, on the page of whoever began it",
    "run:stage-move": "as above",
    "run:retag": "as above",
    "run:empty-trash": "as above",
}


@pytest.mark.parametrize("found", surfaces.values(), ids=lambda found: found.name)
def test_a_surface_is_called(found) -> None:
    assert found.each or found.once
