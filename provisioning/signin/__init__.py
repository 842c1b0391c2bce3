"""Sign-in checks: ask the tenant for tokens as an application would, and prove what comes back.

What is refused is traced to the line that mends it.

Must not write to the tenant, print, or keep a token beyond the check that asked for it.
"""
