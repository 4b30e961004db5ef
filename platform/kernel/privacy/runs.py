from kernel.privacy import erasing, exporting

__all__ = ["erasing", "exporting"]
