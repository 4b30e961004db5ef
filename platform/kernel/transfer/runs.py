"""The kinds of runs of importing and exporting. (Named by each app's `runs` module, which start-up looks for.)"""

from kernel.transfer import drafts, exporting, importing, undoing

__all__ = ["drafts", "exporting", "importing", "undoing"]
