"""What a parser says when it cannot read an input."""

from typing import Any

from django.utils.functional import Promise, lazystr


class _Sentence:
    """Fills the placeholders only when shown, so that the sentence comes out in the reader's language."""

    def __init__(self, text: str | Promise, params: dict[str, Any]):
        self.text, self.params = text, params

    def __str__(self) -> str:
        return str(self.text) % self.params if self.params else str(self.text)


class ParseError(ValueError):
    """An input nobody may guess at. `message` tells the person what to type, `code` is for programs."""

    def __init__(self, message: str | Promise, code: str = "invalid", **params: Any):
        self.message: Any = lazystr(_Sentence(message, params))
        self.code = code
        super().__init__(code)

    def __str__(self) -> str:
        return str(self.message)
