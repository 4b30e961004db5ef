"""Makes one tenant, after a line that says it begins: run as a program that is killed meanwhile."""

import os
import sys

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from kernel.tenancy.template import ensure_template
    from tenants.provisioning import provision

    ensure_template()
    print("begins", flush=True)
    provision(sys.argv[1], sys.argv[1], f"owner@{sys.argv[1]}.example", password="a long torture password")  # noqa: S106
    print("done", flush=True)
