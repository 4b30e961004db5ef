"""What leads do when a tenant begins."""

from crm_core.leads import starter

__all__ = ["starter"]
