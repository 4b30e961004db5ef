"""Importing, exporting, changing many records and taking that back, as runs. (Start-up looks for each app's `runs`.)"""

from kernel.transfer import bulk, drafts, exporting, importing, undoing

__all__ = ["bulk", "drafts", "exporting", "importing", "undoing"]
