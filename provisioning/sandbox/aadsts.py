"""Errors of the token endpoint (E:reference-error-codes.md); must not decide when one is due."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any


class SignInError(Exception):
    """An OAuth error (RFC 6749, 5.2) with Entra's number and envelope."""

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(f"AADSTS{number}: {message}")
        self.status = status
        self.error = error
        self.number = number

    def envelope(self, now: datetime) -> dict[str, Any]:
        """The JSON body."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": f"{self} Trace ID: {trace} Correlation ID: {correlation} "
            f"Timestamp: {stamp}",
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }
