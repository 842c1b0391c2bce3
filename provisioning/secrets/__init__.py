"""Where secret values come from and where they go. Values live here and in apply, nowhere else.

Must not put a value into a message, a repr, a plan or a log.
"""
