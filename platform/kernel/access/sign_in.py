"""What a role asks of those who sign in with it, and of the keys of those who have it: from where, and when."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.lib.text import ascii_digits

MOST_NETWORKS = 50
NAMES = {"second_factor", "networks", "days", "from", "until"}
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def parse_networks(text: str) -> list[str]:
    """Addresses and networks, as typed with commas, blanks or lines between them, in their one spelling."""
    found = []
    for part in re.split(r"[\s,،;]+", ascii_digits(text).strip()):
        if not part:
            continue
        try:
            network = ipaddress.ip_network(part, strict=False)
        except ValueError:
            problem = _("“%(part)s” is no address. Write one such as 192.0.2.7, or a network such as 192.0.2.0/24.")
            raise ValidationError(problem, code="network", params={"part": part[:50]}) from None
        found.append(str(network) if network.num_addresses > 1 else str(network.network_address))
    if len(found) > MOST_NETWORKS:
        raise ValidationError(_("Write fewer addresses, or the networks that they are in."), code="many")
    return list(dict.fromkeys(found))


def is_within(ip: str, networks: Iterable[str]) -> bool:
    """Whether an address is in one of these. One of IPv4 that is written as IPv6 is the one of IPv4."""
    address: Any = ipaddress.ip_address(ip)
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ipaddress.ip_network(one) for one in networks)


def refusal(asked: Iterable[Mapping[str, Any]], ip: str, moment: dt.datetime) -> str:
    """Why not from here, or not now (`moment` on the company's clock); "" where nothing stands against it."""
    for rule in asked:
        if rule.get("networks") and not is_within(ip, rule["networks"]):
            return _("Your role lets you in from certain addresses only, and yours is not one of them.")
        days, begins, ends = rule.get("days"), rule.get("from"), rule.get("until")
        if (days and moment.isoweekday() not in days) or not _is_between(moment.strftime("%H:%M"), begins, ends):
            return _("Your role lets you in at certain hours only.")
    return ""


def _is_between(clock: str, begins: str | None, ends: str | None) -> bool:
    """In the hours of a day, or of a night: from 22:00 until 06:00."""
    if not begins or not ends:
        return True
    return begins <= clock < ends if begins <= ends else clock >= begins or clock < ends


def check_sign_in(asked: Any) -> None:
    """Refuse what is not of this shape, naming what is wrong."""
    if not isinstance(asked, dict) or not set(asked) <= NAMES:
        raise ValidationError(_("“sign_in” has “second_factor”, “networks”, “days”, “from” and “until”."))
    if not isinstance(asked.get("second_factor", False), bool):
        raise ValidationError(_("“second_factor” is true or false."))
    networks, days = asked.get("networks", []), asked.get("days", [])
    if not isinstance(networks, list) or not all(isinstance(one, str) for one in networks):
        raise ValidationError(_("“networks” is a list of addresses."))
    parse_networks(" ".join(networks))
    if not isinstance(days, list) or not all(type(day) is int and 1 <= day <= 7 for day in days):
        raise ValidationError(_("“days” is a list of the numbers 1 (Monday) to 7 (Sunday)."))
    times = [asked[name] for name in ("from", "until") if name in asked]
    if len(times) == 1 or not all(isinstance(time, str) and _TIME.fullmatch(time) for time in times):
        raise ValidationError(_("“from” and “until” stand together, as hours such as 08:30."))
