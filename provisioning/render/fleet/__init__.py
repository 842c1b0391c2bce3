"""A run over many tenants as text, Markdown, JSON, SARIF and one HTML page, written as a stream.

Must not hold more than one tenant's plan: tables are made of rows, plans are read again when it is
their turn. So `tenants` is something that can be iterated anew, such as the spool of a run.
"""

from provisioning.render.fleet.comment import LIMIT, markdown
from provisioning.render.fleet.document import json
from provisioning.render.fleet.page import html
from provisioning.render.fleet.scanning import sarif
from provisioning.render.fleet.terminal import text

__all__ = ["LIMIT", "html", "json", "markdown", "sarif", "text"]
