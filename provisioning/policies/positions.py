"""Where each element of an XML file stands. Must not build a tree.

libxml2 forgets columns and, in its compact node, lines above 65535; expat knows both. It also
meets a document type declaration before any entity of it is read, so it is the gate as well.
"""

from __future__ import annotations

import codecs
from typing import Final, NamedTuple
from xml.parsers import expat

_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Position(NamedTuple):
    """Line and column of a start tag's `<`, both counted from 1."""

    line: int
    column: int


class UnreadableError(ValueError):
    """The text is no XML that we are willing to read."""

    def __init__(self, rule: str, message: str, position: Position) -> None:
        super().__init__(message)
        self.rule = rule
        self.position = position


class _DoctypeError(Exception):
    """Ends expat's run at a document type declaration."""


def of_elements(content: bytes) -> tuple[Position, ...]:
    """Return the position of every start tag, in document order.

    Raises:
        UnreadableError: the text is not well-formed, or it declares a document type (entities
            could read files or grow without bound).
    """
    found: list[Position] = []
    parser = expat.ParserCreate()
    # Expat counts a byte order mark as a column of the first line; editors do not show it.
    mark = 1 if content.startswith(_BYTE_ORDER_MARKS) else 0

    def start(_name: str, _attributes: list[str]) -> None:
        line, column = parser.CurrentLineNumber, parser.CurrentColumnNumber
        found.append(Position(line, column + 1 - (mark if line == 1 else 0)))

    def doctype(*_declaration: object) -> None:
        raise _DoctypeError

    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except _DoctypeError:
        here = Position(parser.CurrentLineNumber, parser.CurrentColumnNumber + 1)
        message = "the file declares a document type, which policies may not have"
        raise UnreadableError("document-type", message, here) from None
    except expat.ExpatError as error:
        message = f"the file is not well-formed XML: {expat.ErrorString(error.code)}"
        raise UnreadableError(
            "not-xml", message, Position(error.lineno, error.offset + 1)
        ) from None
    except (LookupError, ValueError) as error:
        message = f"the file's encoding cannot be read: {error}"
        raise UnreadableError("unknown-encoding", message, Position(1, 1)) from None
    return tuple(found)
