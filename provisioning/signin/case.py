"""A refused sign-in with everything that helps to find the line that mends it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provisioning.core.model import Finding, Place
from provisioning.engine.reconcile import Draft
from provisioning.manifest import Manifest
from provisioning.signin import lines
from provisioning.signin.checks import Check, Diagnosis
from provisioning.signin.lines import Line
from provisioning.signin.policy_lines import Chain

PROTOCOL: Final = frozenset({"openid", "offline_access", "profile", "email"})
"""Scopes of the protocol itself."""


@dataclass(frozen=True, slots=True)
class Case:
    """A refusal with everything that helps to place it."""

    check: Check
    diagnosis: Diagnosis
    manifest: Manifest
    draft: Draft
    chain: Chain | None
    """The check's policy, where the manifest declares it."""
    differs: bool
    """Whether the tenant differs from the manifest in what the sign-in rests on."""

    @property
    def app(self) -> str:
        """Manifest path of the application."""
        return self.check.application

    def line(self, path: str) -> Line:
        """Find a path of the manifest."""
        return lines.of(self.manifest, path)

    def finding(self, place: Place | None, remedy: str | None = None) -> Finding:
        """Point at a place, at the check where there is none; the remedy is the cause's own."""
        diagnosis = self.diagnosis
        told = diagnosis.remedy if remedy is None else remedy
        return Finding(diagnosis.cause, diagnosis.message, told, place=place or self.check.place)

    def at(self, path: str, remedy: str | None = None) -> Finding:
        """Point at a path; where it is absent, at the entry that lacks it, and say so."""
        line = self.line(path)
        told = self.diagnosis.remedy if remedy is None else remedy
        if line.missing:
            lacking = ".".join(line.missing)
            told = f"{told} ({lacking} is absent here)" if told else f"add {lacking}"
        return self.finding(line.place, told)
