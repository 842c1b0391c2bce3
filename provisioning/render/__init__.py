"""Plans, reports and findings as text, Markdown, JSON and diagrams.

Must not print, read or decide: every function takes data and returns text.
"""

from provisioning.render import diagram, escape, findings, json, markdown, text

__all__ = ["diagram", "escape", "findings", "json", "markdown", "text"]
