"""What a file is called: any name a person may have given it, without what would deceive the next one."""

import re
import unicodedata

from kernel.files.storing import safe_name

# Marks that turn the order of what follows: "gpj.exe" could be shown as "exe.jpg". The two joiners of Persian stay.
_TURNING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ufeff]")


def shown_name(name: str) -> str:
    """One line without paths, control characters or marks of direction; at most 150 characters, its ending kept."""
    return safe_name(unicodedata.normalize("NFC", " ".join(_TURNING.sub("", name.replace("\x00", "")).split())))
