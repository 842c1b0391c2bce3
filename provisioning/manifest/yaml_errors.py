"""PyYAML's errors -> findings. Pure."""

from __future__ import annotations

import yaml

from provisioning.core.model import Finding, Place


def translate(error: yaml.YAMLError, text: str, file: str) -> Finding:
    """Say what is wrong where; `text` is the whole of `file`."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "unreadable"
    if mark is None:
        return Finding("yaml-syntax", f"not YAML: {problem}", place=Place(file, 1, 1))
    place = Place(file, mark.line + 1, mark.column + 1)
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: mark.column + 1]:
        return Finding("yaml-tab", "a tab", "indent with spaces", place=place)
    context = getattr(error, "context", None)
    message = f"not YAML: {problem}" + (f" {context}" if context else "")
    return Finding("yaml-syntax", message, _remedy(problem), place=place)


def _remedy(problem: str) -> str:
    match problem:
        case text if "mapping values are not allowed" in text:
            return "put a value that holds a colon in quotes, or check the indentation"
        case text if "cannot start any token" in text:
            return "put a value that begins with @, `, % or & in quotes"
        case text if "unexpected end" in text or "<stream end>" in text or "node content" in text:
            return "close the quote or bracket"
        case _:
            return "check indentation, colons and quotes near this place"
