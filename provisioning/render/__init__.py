"""Plans, reports and findings as text, Markdown, JSON, SARIF and diagrams.

Must not print, read or decide: every function takes data and returns text.
"""

from provisioning.render import diagram, escape, findings, fleet, json, markdown, sarif, text, whole

__all__ = ["diagram", "escape", "findings", "fleet", "json", "markdown", "sarif", "text", "whole"]
