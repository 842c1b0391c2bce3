"""Whether a step, a validation or a profile has its turn; must not run any of them.

Sources: P userjourneys.md (preconditions), validation-technical-profile.md, technicalprofiles.md
(EnabledForUserJourneys).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from provisioning.sandbox.signin.b2c_errors import NotOfferedError
from provisioning.sandbox.trustframework.merged import Precondition, Profile

Claims = Mapping[str, Any]
STEP = "SkipThisOrchestrationStep"
VALIDATION = "SkipThisValidationTechnicalProfile"


def skips(preconditions: Iterable[Precondition], claims: Claims, action: str) -> bool:
    """Whether one of the preconditions applies, which skips what has them.

    ClaimEquals compares by ordinal, case counts, Booleans are True and False; it is ignored while
    there is no such claim, whichever side would skip.

    Raises:
        NotOfferedError: another action or type.
    """
    for each in preconditions:
        if each.action != action:
            raise NotOfferedError(f"the precondition's action {each.action}")
        if each.type == "ClaimsExist":
            holds = all(claims.get(name.casefold()) is not None for name in each.values)
        elif each.type == "ClaimEquals" and len(each.values) == 2:
            value = claims.get(each.values[0].casefold())
            if value is None:
                continue
            holds = str(value) == each.values[1]
        else:
            raise NotOfferedError(f"the precondition {each.type}")
        if holds == each.skips_if:
            return True
    return False


def is_enabled(profile: Profile, claims: Claims) -> bool:
    """Whether a profile runs at all; one that does not is passed over.

    Raises:
        NotOfferedError: a value that the schema does not know.
    """
    value = claims.get(profile.metadata.get("ClaimTypeOnWhichToEnable", "").casefold())
    wanted = profile.metadata.get("ClaimValueOnWhichToEnable")
    items = value if isinstance(value, list) else [] if value is None else [value]
    match profile.enabled:
        case "" | "true" | "Always":
            return True
        case "false" | "Never":
            return False
        case "OnClaimsExistence":
            return value is not None and (wanted is None or str(value) == wanted)
        case "OnItemExistenceInStringCollectionClaim":
            return wanted in items
        case "OnItemAbsenceInStringCollectionClaim":
            return wanted not in items
        case other:
            raise NotOfferedError(f"EnabledForUserJourneys {other}")
