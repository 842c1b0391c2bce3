"""Proof keys of authorization codes (RFC 7636); must not know which endpoint asks."""

from __future__ import annotations

import base64
import hashlib
import re

METHODS = ("plain", "S256")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_verifier(text: str) -> bool:
    """Whether a verifier has the form of RFC 7636, 4.1."""
    return _VERIFIER.fullmatch(text) is not None


def matches(verifier: str, challenge: str, method: str) -> bool:
    """Whether a verifier is the one behind a challenge."""
    if method == "plain":
        return verifier == challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
