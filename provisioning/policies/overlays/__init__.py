"""Overlays: declarative changes to a whole policy set. Must not read files but its own data.

An overlay is an XML file, ours (`ropc`, `build-stamp`) or the user's:

    <overlay xmlns="urn:provisioning:policy-overlay:1"
             xmlns:o="urn:provisioning:policy-overlay:1" name="loyalty" summary="…">
      <merge into="extensions">
        <TrustFrameworkPolicy xmlns="http://schemas.microsoft.com/online/cpim/schemas/2013/06">
          … only what is added or changed, in the shape of a policy …
        </TrustFrameworkPolicy>
      </merge>
      <copy from="sign-in" as="B2C_1A_Loyalty"> … the same, merged into the copy … </copy>
    </overlay>

`into` is `base` (the root of the set), `extensions` (what the sign-in policy inherits from),
`relying-parties` (each policy with a RelyingParty) or a PolicyId. `from` is `sign-in` or a
PolicyId; a policy of the name `as` that exists already is left alone.

Elements meet by name and identity (Id, Key, ClaimTypeReferenceId …); technical profiles meet by Id
whatever their provider. What is missing is inserted where the schema's order wants it. On an
element of the fragment `o:mode` says what else may happen:

- `merge` (default): attributes and text are set, children are merged in turn;
- `replace`: the element becomes exactly what stands here;
- `if-absent`: nothing happens where the target or one of its ancestors declares it.

`{Settings:Key}` works as in policies. Applied twice an overlay does what it does once.
"""

from provisioning.policies.overlays.apply import Applied, apply
from provisioning.policies.overlays.read import Overlay, built_in, built_in_names, read

__all__ = ["Applied", "Overlay", "apply", "built_in", "built_in_names", "read"]
