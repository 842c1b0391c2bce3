"""Makes foreign strings harmless where they are shown. Tenants can hold any text in a name.

Must not shorten or translate: what is shown can be told apart from what is not.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that move the cursor, reorder the line or show nothing."""

_MARKDOWN: Final = re.compile(r"([\\`*_\[\]|~$]|:(?=//)|^[-+=#]|(?<=^\d)[.)])")
_LINKED: Final = re.compile(r"(@|#|\bww|\bgh)(?=\S)", re.IGNORECASE)


def plain(text: str) -> str:
    """Spell control, bidirectional and invisible characters by their code, as Python does."""
    # What Python calls printable holds none of them; nearly every text is.
    if text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def lines(text: str) -> str:
    """As `plain`, but newlines stay: for prose that we wrote around foreign words."""
    return "\n".join(plain(line) for line in text.split("\n"))


def markdown(text: str) -> str:
    """Write text so that Markdown shows it literally: no link, mention, tag or emphasis."""
    shown = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Backslashes do not keep GitHub from linking mentions and issues; an empty comment does.
    return _LINKED.sub(r"\1<!-- -->", _MARKDOWN.sub(r"\\\1", shown.strip()))


def code(text: str) -> str:
    """Write text as an inline code span that its own backticks cannot close."""
    shown = plain(text)
    runs = [len(run) for run in re.findall("`+", shown)]
    fence = "`" * (max(runs, default=0) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def html(text: str) -> str:
    """Write text for an HTML element inside Markdown; a line of it stays one line."""
    shown = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Markdown is interpreted inside inline elements, so its characters become entities too.
    return re.sub(r"[`*_\[\]()#@|~$:/]", lambda found: f"&#{ord(found[0])};", shown)


def page(text: str) -> str:
    """Write text for an HTML page, as content or as a quoted attribute."""
    shown = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return shown.replace('"', "&quot;").replace("'", "&#39;")


def block(text: str, language: str = "") -> str:
    """Write lines as a fenced code block that its own fences cannot close."""
    shown = lines(text)
    runs = [len(run) for run in re.findall("`+", shown)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def mermaid(text: str) -> str:
    """Write text as a quoted Mermaid label; entities stand for what would end the quotation."""
    return "".join(
        character if character.isalnum() or character in " .-_/:" else f"#{ord(character)};"
        for character in plain(text)
    )


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
