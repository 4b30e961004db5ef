"""Files in a bucket: the same functions, against a server that speaks the S3 protocol."""

import io

import boto3
import pytest
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from kernel.files.storing import ForeignFile, delete, on_disk, open_file, prefix, store
from kernel.tenancy.context import in_tenant

BUCKET = "peyvand-test"


@pytest.fixture(scope="module")
def s3():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3, settings):
    """The bucket, in the place of the folder."""
    keys = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("s3", endpoint_url=s3, **keys)
    client.create_bucket(Bucket=BUCKET)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": BUCKET,
                "endpoint_url": s3,
                "region_name": "us-east-1",
                "access_key": "test",
                "secret_key": "test",
                "signature_version": "s3v4",
                "default_acl": None,
                "file_overwrite": False,
            },
        },
    }
    storages._storages.clear()
    yield client
    storages._storages.clear()


def keys_in(client) -> list[str]:
    return [item["Key"] for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_a_file_is_kept_under_its_tenants_prefix_and_read_back(bucket, in_a, tenant_a):
    file = store(io.BytesIO("سلام".encode()), "نامه.txt")
    assert keys_in(bucket)[-1].startswith(f"t/{tenant_a.pk}/")
    with open_file(file) as stream:
        assert stream.read().decode() == "سلام"


def test_a_file_can_be_read_as_a_path(bucket, in_a):
    file = store(io.BytesIO(b"a,b\n1,2\n"), "rows.csv")
    with on_disk(file) as path:
        assert path.read_bytes() == b"a,b\n1,2\n"


def test_a_deleted_files_bytes_go_with_the_commit(bucket, in_a, django_capture_on_commit_callbacks):
    file = store(io.BytesIO(b"x"), "x.txt")
    with django_capture_on_commit_callbacks(execute=True, using="default"):
        delete(file)
    assert file.key not in keys_in(bucket)


def test_another_tenants_file_is_not_opened(bucket, tenant_a, tenant_b):
    with in_tenant(tenant_a):
        file = store(io.BytesIO(b"x"), "x.txt")
    with in_tenant(tenant_b):
        assert not file.key.startswith(prefix())
        with pytest.raises(ForeignFile):
            open_file(file)
