"""What leads do when a tenant begins, and when demo data is sown."""

from crm_core.leads import demo, late, starter

__all__ = ["demo", "late", "starter"]
