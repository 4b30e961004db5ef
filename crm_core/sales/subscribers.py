"""What sales does when something happens."""

from crm_core.sales import starter

__all__ = ["starter"]
