"""Scripted faults as the sign-in hosts answer them; must not decide when one is due."""

from __future__ import annotations

import uuid
from datetime import datetime

from starlette.responses import JSONResponse, Response

from provisioning.sandbox import wire
from provisioning.sandbox.faults import Fault


def broken(fault: Fault, now: datetime) -> Response:
    """The answer that a scripted fault gives on a sign-in host: an OAuth error (RFC 6749, 5.2)."""
    headers = dict(fault.headers)
    if fault.drop:
        headers[wire.DROPPED] = "after" if fault.after_commit else "before"
    if fault.body is not None:
        return Response(fault.body, fault.status, headers)
    stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
    text = f"{fault.message} Correlation ID: {uuid.uuid4()} Timestamp: {stamp}"
    body = {"error": fault.code or "temporarily_unavailable", "error_description": text}
    return JSONResponse(body, fault.status, headers)
