"""Importing, exporting, changing many records and taking that back, as runs. (Start-up looks for each app's `runs`.)"""

from kernel.transfer import audit_export, bulk, drafts, exporting, importing, undoing

__all__ = ["audit_export", "bulk", "drafts", "exporting", "importing", "undoing"]
