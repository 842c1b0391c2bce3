"""Manifest files -> desired objects and findings, every fault at once; the JSON Schema.

Pure file reading. Must not import kinds, graph, engine or secrets: the kinds are passed in.
"""

from provisioning.manifest.json_schema import schema
from provisioning.manifest.json_schema import text as schema_text
from provisioning.manifest.loader import Loaded, Manifest, Written, load, read

__all__ = ["Loaded", "Manifest", "Written", "load", "read", "schema", "schema_text"]
