"""One declarative manifest, reconciled against Microsoft Graph."""

__version__ = "0.1.0"
