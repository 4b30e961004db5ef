"""Large files go straight to the bucket, in parts, by signed addresses; the app begins and completes."""

import urllib.request

import boto3
import pytest
from django.core.files.storage import default_storage, storages
from moto.server import ThreadedMotoServer

from kernel.access.actor import actor_for
from kernel.attachments import uploads
from kernel.attachments.models import File
from kernel.records.change import create
from kernel.records.types import registry

BUCKET = "peyvand-parts"
FIVE = 5 * 1024 * 1024  # the least a bucket takes as a part that is not the last


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3, settings, monkeypatch):
    monkeypatch.setattr(uploads, "PART", FIVE)
    keys = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("s3", endpoint_url=s3, **keys)
    client.create_bucket(Bucket=BUCKET)
    options = {
        "bucket_name": BUCKET, "endpoint_url": s3, "region_name": "us-east-1", "access_key": "test",
        "secret_key": "test", "signature_version": "s3v4", "default_acl": None, "file_overwrite": False,
    }  # fmt: skip
    storage = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    storages._storages.clear()
    yield client
    storages._storages.clear()


@pytest.fixture
def begun(bucket, in_a, member):
    actor = actor_for(member("reza"), "page")
    deal = create(actor.access(registry["deals"]), {"name": "Roof"})
    about = {"type": "deals", "id": str(deal.pk)}
    return actor, uploads.begin(actor, "plan.txt", FIVE + 5, about)


def put(url: str, body: bytes) -> None:
    # The address of moto's server on this machine, signed by ourselves.
    kind = {"Content-Type": "application/octet-stream"}
    urllib.request.urlopen(urllib.request.Request(url, data=body, method="PUT", headers=kind))  # noqa: S310


def test_parts_sent_to_the_bucket_become_the_file(begun) -> None:
    actor, upload = begun
    key = upload.key
    put(uploads.part_url(upload, 1), b"a" * FIVE)
    assert uploads.arrived(upload) == [1]
    put(uploads.part_url(upload, 2), b"bcdef")
    file = uploads.finish(actor, upload)
    assert File.objects.get(pk=file.pk).size == FIVE + 5
    with default_storage.open(key, "rb") as stream:
        assert stream.read()[-5:] == b"bcdef"


def test_a_missing_part_is_asked_for_again(begun) -> None:
    actor, upload = begun
    put(uploads.part_url(upload, 2), b"bcdef")
    with pytest.raises(Exception, match="missing"):
        uploads.finish(actor, upload)


def test_an_upload_given_up_leaves_nothing_in_the_bucket(begun, bucket) -> None:
    _actor, upload = begun
    put(uploads.part_url(upload, 1), b"a" * FIVE)
    uploads.abort(upload)
    open_ones = bucket.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    assert upload.key not in [one["Key"] for one in open_ones]


def test_a_program_sent_to_the_bucket_is_refused_and_removed(begun, bucket) -> None:
    actor, upload = begun
    put(uploads.part_url(upload, 1), b"MZ" + b"\0" * (FIVE - 2))
    put(uploads.part_url(upload, 2), b"bcdef")
    with pytest.raises(Exception, match="not kept"):
        uploads.finish(actor, upload)
    kept = bucket.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    assert upload.key not in [one["Key"] for one in kept]
