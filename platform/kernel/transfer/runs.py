"""The kinds of runs of importing and exporting. (Named by each app's `runs` module, which start-up looks for.)"""

from kernel.transfer import exporting, importing, undoing

__all__ = ["exporting", "importing", "undoing"]
