"""What the roles of a new workspace may do, where it is not the rule of everything or nothing."""


def test_support_edits_everybodys_notes_and_deletes_only_their_own(api_for):
    sara, nima = api_for("sara"), api_for("nima")
    company = sara.post("/api/v1/companies", {"name": "Nova"}).json()
    body = {"body": "Called", "about": {"type": "companies", "id": company["id"]}}
    theirs, mine = (who.post("/api/v1/notes", body).json()["id"] for who in (sara, nima))
    assert nima.patch(f"/api/v1/notes/{theirs}", {"body": "Called twice"}).status_code == 200
    assert nima.delete(f"/api/v1/notes/{theirs}").status_code == 403
    empty = nima.delete(f"/api/v1/notes/{mine}")
    assert empty.status_code == 204 and "Content-Type" not in empty.headers
    assert nima.patch(f"/api/v1/companies/{company['id']}", {"city": "Yazd"}).status_code == 403
