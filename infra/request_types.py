"""A plugin for mypy: what our middleware puts on a request is known on every HttpRequest.

Otherwise each view would have to name a request class of ours that Django never makes.
"""

from collections.abc import Callable

from mypy.nodes import MDEF, SymbolTableNode, Var
from mypy.plugin import ClassDefContext, Plugin
from mypy.types import AnyType, TypeOfAny

ATTRIBUTES = ("id", "tenant", "identity", "member", "actor", "htmx", "shut", "must_prove")


def _add_attributes(context: ClassDefContext) -> None:
    info = context.cls.info
    for name in ATTRIBUTES:
        if name not in info.names:
            variable = Var(name, AnyType(TypeOfAny.special_form))
            variable.info = info
            variable._fullname = f"{info.fullname}.{name}"
            variable.is_initialized_in_class = True
            info.names[name] = SymbolTableNode(MDEF, variable)


class RequestPlugin(Plugin):
    def get_customize_class_mro_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        return _add_attributes if fullname == "django.http.request.HttpRequest" else None


def plugin(version: str) -> type[Plugin]:
    """mypy's entry point."""
    return RequestPlugin
