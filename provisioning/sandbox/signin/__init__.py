"""What the login hosts answer by executing what was provisioned; must not know Graph.

`P` in sources is azure-docs articles/active-directory-b2c, `PERR` its error-codes.md of 2020-01.
"""
