"""Choose the policies that an overlay speaks of and merge it into copies of them. Must not read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provisioning.core.model import Finding, Severity
from provisioning.policies import document as documents
from provisioning.policies import inheritance
from provisioning.policies.document import Document
from provisioning.policies.overlays import merge as merging
from provisioning.policies.overlays.read import Overlay, Part

_SIGN_IN: Final = (
    re.compile(r"sign_?up.*sign_?in|sign_?in.*sign_?up|susi", re.IGNORECASE),
    re.compile(r"sign_?in|log_?in", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Applied:
    """The set after an overlay. `findings` also tell, as remarks, whom it changes."""

    documents: tuple[Document, ...]
    findings: tuple[Finding, ...] = ()


def apply(overlay: Overlay, policies: Iterable[Document]) -> Applied:
    """Apply an overlay to a policy set; the given documents stay as they are.

    A target that the set does not have is the error `overlay-target`. `overlay-effect` remarks
    name the policies besides the overlay's own for which a definition changed.
    """
    state = _Application(overlay, list(policies))
    for part in overlay.parts:
        if part.action == "merge":
            state.merge(part)
        else:
            state.copy(part)
    effects = state.effects() if not state.findings else ()
    found = (*overlay.findings, *state.findings, *state.remarks, *effects)
    return Applied(tuple(state.documents), found)


class _Application:
    """One overlay on its way through one set."""

    def __init__(self, overlay: Overlay, policies: list[Document]) -> None:
        self.overlay = overlay
        self.documents = policies
        self.findings: list[Finding] = []
        self.remarks: list[Finding] = []
        self.own = {part.policy_id.casefold() for part in overlay.parts if part.policy_id}
        self.overridden: dict[str, list[str]] = {}

    def merge(self, part: Part) -> None:
        targets = self._targets(part.target)
        if not targets:
            message = f"overlay {self.overlay.name} finds no policy for {part.target!r}"
            remedy = "add the policy's file, or name another target"
            self.findings.append(Finding("overlay-target", message, remedy, place=part.place))
        for target in targets:
            self._merge_into(target, part)

    def copy(self, part: Part) -> None:
        if self._named(part.policy_id):
            return
        source = self._sign_in() if part.target == "sign-in" else self._named(part.target)
        if source is None:
            message = f"overlay {self.overlay.name} finds no policy {part.target!r} to copy"
            remedy = "add a file with a RelyingParty"
            self.findings.append(Finding("overlay-target", message, remedy, place=part.place))
            return
        copied = _renamed(source, part.policy_id)
        self.documents.append(copied)
        self._merge_into(copied, part)
        message = (
            f"overlay {self.overlay.name} adds policy {part.policy_id}, "
            f"copied from {source.policy_id}"
        )
        severity = Severity.INFO
        self.remarks.append(Finding("overlay-policy", message, "", severity, part.place))

    def effects(self) -> list[Finding]:
        tree = inheritance.arrange(self.documents)
        found = []
        for policy_id, paths in self.overridden.items():
            if policy_id not in tree.documents:
                continue
            family = (tree.documents[policy_id], *tree.descendants(policy_id))
            others = [
                one.policy_id
                for one in family
                if _is_relying_party(one) and one.policy_id.casefold() not in self.own
            ]
            place = tree.documents[policy_id].place()
            found += [
                Finding(
                    "overlay-effect",
                    f"overlay {self.overlay.name} changes {path} for {', '.join(others)}",
                    "give the overlay's element an id of its own where that is not meant",
                    Severity.INFO,
                    place,
                )
                for path in dict.fromkeys(paths)
                if others
            ]
        return found

    def _merge_into(self, target: Document, part: Part) -> None:
        tree = inheritance.arrange(self.documents)
        copied = documents.copy(target)
        run = merging.Merging(copied, tree.lineage(target.policy_id)[1:], self.overlay.source)
        merging.merge(run, part.fragment)
        merged = replace(copied, places={**copied.places, **run.places})
        self.documents[self.documents.index(target)] = merged
        self.overridden.setdefault(target.policy_id.casefold(), []).extend(run.overridden)

    def _targets(self, target: str) -> Sequence[Document]:
        if target == "relying-parties":
            return [document for document in self.documents if _is_relying_party(document)]
        if target not in {"base", "extensions"}:
            named = self._named(target)
            return [named] if named else []
        tree = inheritance.arrange(self.documents)
        sign_in = self._sign_in()
        if sign_in is not None:
            above = tree.lineage(sign_in.policy_id)[1:]
        elif tree.waves:
            above = tree.lineage(tree.waves[-1][0].policy_id)
        else:
            above = ()
        return above[-1:] if target == "base" else above[:1]

    def _named(self, policy_id: str) -> Document | None:
        folded = policy_id.casefold()
        return next((d for d in self.documents if d.policy_id.casefold() == folded), None)

    def _sign_in(self) -> Document | None:
        """Return the set's sign-in policy: by its id, by its journey, else the first there is."""
        parties = sorted(
            (
                document
                for document in self.documents
                if _is_relying_party(document) and document.policy_id.casefold() not in self.own
            ),
            key=lambda document: document.policy_id.casefold(),
        )
        for pattern in _SIGN_IN:
            for texts in (_policy_id, _journey):
                for document in parties:
                    if pattern.search(texts(document)):
                        return document
        return parties[0] if parties else None


def _policy_id(document: Document) -> str:
    return document.policy_id


def _journey(document: Document) -> str:
    journey = documents.child(document.root, "RelyingParty", "DefaultUserJourney")
    return "" if journey is None else journey.get("ReferenceId", "")


def _is_relying_party(document: Document) -> bool:
    return documents.child(document.root, "RelyingParty") is not None


def _renamed(source: Document, policy_id: str) -> Document:
    """Return a copy under another id, in a file named after it beside the source."""
    copied = documents.copy(source)
    uri = copied.root.get("PublicPolicyUri", "")
    former = re.compile(re.escape(source.policy_id), re.IGNORECASE)
    copied.root.set("PublicPolicyUri", former.sub(lambda _match: policy_id, uri))
    copied.root.set("PolicyId", policy_id)
    folder = source.file[: len(source.file) - len(re.split(r"[/\\]", source.file)[-1])]
    return replace(copied, file=f"{folder}{policy_id.removeprefix('B2C_1A_')}.xml", findings=())
