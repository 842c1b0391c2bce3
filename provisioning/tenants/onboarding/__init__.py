"""What lets people and automation provision a tenant: identities, their permissions, their risk.

Pure but for reading the administrator's roles from a token. Must not send or ask anything.
"""
