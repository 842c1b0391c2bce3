"""Many tenants: the inventory, rings and waves, fleet runs, onboarding and doctor.

Must not compose a run itself: how one tenant is planned or applied is passed in.
"""
