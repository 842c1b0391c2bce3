"""Policy trees for measurements: the shipped base and extensions, filled up, n relying parties."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "manifests" / "ropc-custom-policy"

CLAIM = """      <ClaimType Id="{prefix}Claim{number}">
        <DisplayName>Filler claim {number} of {prefix}</DisplayName>
        <DataType>string</DataType>
      </ClaimType>
"""


def write(folder: Path, relying_parties: int, kilobytes: int) -> Path:
    """Write a manifest with a tree of policies of about `kilobytes` each; returns its path."""
    policies = folder / "policies"
    policies.mkdir(parents=True, exist_ok=True)
    source = SHIPPED / "policies"
    for name in ("Base.xml", "Extensions.xml"):
        text = (source / name).read_text(encoding="utf-8")
        (policies / name).write_text(_filled(text, name[:4], kilobytes), encoding="utf-8")
    leaf = (source / "ROPC_Auth.xml").read_text(encoding="utf-8")
    for number in range(relying_parties):
        text = leaf.replace("B2C_1A_ROPC_Auth", f"B2C_1A_RP{number:03d}")
        path = policies / f"RP{number:03d}.xml"
        path.write_text(_filled(text, f"rp{number:03d}", kilobytes), encoding="utf-8")
    manifest = folder / "manifest.yaml"
    shipped = (SHIPPED / "manifest.yaml").read_text(encoding="utf-8")
    # Its checks name the shipped relying party, which is not among these.
    shipped = shipped[: shipped.index("checks:\n")]
    manifest.write_text(
        shipped.replace("contoso.onmicrosoft.com", "bench.onmicrosoft.com"), "utf-8"
    )
    return manifest


def _filled(text: str, prefix: str, kilobytes: int) -> str:
    """Add claim types until the text has the wanted size."""
    one = len(CLAIM.format(prefix=prefix, number=1000))
    count = max(0, kilobytes * 1024 - len(text)) // one
    claims = "".join(CLAIM.format(prefix=prefix, number=1000 + n) for n in range(count))
    if not claims:
        return text
    if "<ClaimsSchema>" in text:
        return text.replace("<ClaimsSchema>\n", f"<ClaimsSchema>\n{claims}", 1)
    block = (
        f"<BuildingBlocks>\n    <ClaimsSchema>\n{claims}    </ClaimsSchema>\n  </BuildingBlocks>"
    )
    return text.replace("</BasePolicy>", f"</BasePolicy>\n  {block}", 1)
