"""Trust-framework policies as pure data: parse, build, lint, compare. No I/O, no network.

The way of a policy set: `document.parse` -> `build.policy_set` (overlays, settings, target
tenant) -> `lint.lint` -> `canonical.digest` and `difference.compare` against what the tenant has.
"""
