"""Which policy inherits from which, and in what order they are uploaded. Must not read policies.

The service checks an uploaded policy against its ancestors, which therefore go first; it never
looks at the children, which therefore are `descendants` to be checked here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from provisioning.core.model import Finding, Severity
from provisioning.policies import document as documents
from provisioning.policies.document import Document, Element

DEPTH_LIMIT = 10
"""Policies in one chain, by the service's limits page."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Local policies by inheritance. Ids are folded to lower case, as the service compares."""

    documents: Mapping[str, Document]
    parents: Mapping[str, str]
    """Local id -> the id that it inherits from, local or not; roots are missing."""
    waves: tuple[tuple[Document, ...], ...]
    """Upload order: what stands in a wave inherits from earlier waves only."""
    findings: tuple[Finding, ...] = ()

    def lineage(self, policy_id: str) -> tuple[Document, ...]:
        """Return the policy itself and its local ancestors, nearest first."""
        chain: dict[str, Document] = {}
        here: str | None = policy_id.casefold()
        while here is not None and here in self.documents and here not in chain:
            chain[here] = self.documents[here]
            here = self.parents.get(here)
        return tuple(chain.values())

    def complete(self, policy_id: str) -> bool:
        """Whether the lineage reaches a root: nothing of it stands elsewhere."""
        lineage = self.lineage(policy_id)
        return bool(lineage) and lineage[-1].policy_id.casefold() not in self.parents

    def descendants(self, policy_id: str) -> tuple[Document, ...]:
        """Return every local policy below one, parents first."""
        wanted = policy_id.casefold()
        return tuple(
            document
            for wave in self.waves
            for document in wave
            if any(d.policy_id.casefold() == wanted for d in self.lineage(document.policy_id)[1:])
        )


def arrange(
    policies: Iterable[Document], *, tenant_policies: Collection[str] | None = None
) -> Tree:
    """Arrange policies by inheritance.

    Args:
        policies: local documents; unsound ones and those without an id take no part.
        tenant_policies: ids that the tenant has; None when it has not been asked, and a parent
            that is not local then is a remark, not an error.

    Returns:
        The tree with findings: `duplicate-policy-id`, `missing-base-policy`,
        `inheritance-circle`, `inheritance-too-deep`, `several-roots`.
    """
    found: list[Finding] = []
    local: dict[str, Document] = {}
    for document in policies:
        key = document.policy_id.casefold()
        if not document.sound or not key:
            continue
        if key in local:
            message = f"PolicyId {document.policy_id} is taken by {local[key].place()}"
            found.append(_finding("duplicate-policy-id", document, message, "give it another id"))
        else:
            local[key] = document
    parents = {
        key: base.policy_id.casefold()
        for key, document in local.items()
        if (base := document.base_policy) is not None and base.policy_id
    }
    circular = _circular(parents)
    for key in circular:
        chain = " -> ".join(local[one].policy_id for one in (*circular[key], key))
        message = f"policies inherit from each other: {chain}"
        found.append(_finding("inheritance-circle", local[key], message, "one has to be the root"))
    found += _missing(local, parents, tenant_policies)
    found += _roots(local, parents)
    members = {member for circle in circular.values() for member in circle}
    depths = _depths(parents, {key for key in local if not _meets(key, parents, members)})
    found += _deep(local, depths)
    waves = tuple(
        tuple(local[key] for key in sorted(local) if depths.get(key) == depth)
        for depth in sorted(set(depths.values()))
    )
    return Tree(local, parents, waves, tuple(found))


def _circular(parents: Mapping[str, str]) -> dict[str, list[str]]:
    """Return one member of each circle, with the whole circle."""
    done: set[str] = set()
    circles: dict[str, list[str]] = {}
    for start in parents:
        path: dict[str, None] = {}
        here: str | None = start
        while here is not None and here not in done and here not in path:
            path[here] = None
            here = parents.get(here)
        if here in path:
            walked = list(path)
            circles[here] = walked[walked.index(here) :]
        done |= path.keys()
    return circles


def _meets(key: str, parents: Mapping[str, str], members: Collection[str]) -> bool:
    here: str | None = key
    while here is not None and here not in members:
        here = parents.get(here)
    return here is not None


def _depths(parents: Mapping[str, str], keys: Collection[str]) -> dict[str, int]:
    """Return the number of local ancestors; `keys` must be free of circles."""
    depths: dict[str, int] = {}
    for start in keys:
        path: list[str] = []
        here: str | None = start
        while here is not None and here in keys and here not in depths:
            path.append(here)
            here = parents.get(here)
        depth = depths[here] + 1 if here is not None and here in depths else 0
        for key in reversed(path):
            depths[key] = depth
            depth += 1
    return depths


def _missing(
    local: Mapping[str, Document], parents: Mapping[str, str], tenant: Collection[str] | None
) -> list[Finding]:
    known = None if tenant is None else {policy_id.casefold() for policy_id in tenant}
    found = []
    for key, parent in parents.items():
        if parent in local or (known is not None and parent in known):
            continue
        document = local[key]
        base = document.base_policy
        name = base.policy_id if base else ""
        at = documents.child(document.root, "BasePolicy", "PolicyId")
        if known is None:
            message = f"the parent {name} is not among the files; it is taken to be in the tenant"
            severity = Severity.INFO
            remedy = "add its file for a complete check"
            found.append(
                _finding(
                    "base-policy-elsewhere", document, message, remedy, severity=severity, at=at
                )
            )
        else:
            message = f"the parent {name} is neither among the files nor in the tenant"
            remedy = "add its file, or correct BasePolicy"
            found.append(_finding("missing-base-policy", document, message, remedy, at=at))
    return found


def _roots(local: Mapping[str, Document], parents: Mapping[str, str]) -> list[Finding]:
    roots = sorted(key for key in local if key not in parents)
    if len(roots) < 2:
        return []
    names = ", ".join(local[key].policy_id for key in roots)
    message = f"{len(roots)} policies have no BasePolicy: {names}"
    # A tenant may hold several trees; in one set of files it is mostly a forgotten BasePolicy.
    remedy = "a set has one root as a rule: add the missing BasePolicy"
    severity = Severity.WARNING
    return [
        _finding("several-roots", local[key], message, remedy, severity=severity)
        for key in roots[1:]
    ]


def _deep(local: Mapping[str, Document], depths: Mapping[str, int]) -> list[Finding]:
    return [
        _finding(
            "inheritance-too-deep",
            local[key],
            f"{local[key].policy_id} is number {depth + 1} of its chain, {DEPTH_LIMIT} are allowed",
            "merge two of its ancestors",
        )
        for key, depth in depths.items()
        if depth >= DEPTH_LIMIT
    ]


def _finding(
    rule: str,
    document: Document,
    message: str,
    remedy: str,
    *,
    severity: Severity = Severity.ERROR,
    at: Element | None = None,
) -> Finding:
    return Finding(rule, message, remedy, severity, document.place(at))
