"""What a parser says when it cannot read an input."""

from typing import Any

from django.utils.functional import Promise, lazystr

from kernel.lib.text import written


class _Sentence:
    """Fills the placeholders only when shown, so that the sentence comes out in the reader's language."""

    def __init__(self, text: str | Promise, params: dict[str, Any]):
        self.text, self.params = text, params

    def __str__(self) -> str:
        if not self.params:
            return str(self.text)
        return str(self.text) % {key: written(v) if type(v) is int else v for key, v in self.params.items()}


class ParseError(ValueError):
    """An input nobody may guess at. `message` tells the person what to type, `code` is for programs."""

    def __init__(self, message: str | Promise, code: str = "invalid", **params: Any):
        self.message: Any = lazystr(_Sentence(message, params))
        self.code = code
        super().__init__(code)

    def __str__(self) -> str:
        return str(self.message)
