"""Pure heart: model, references, diff, order, plan and guards.

Must not await, read a clock, log, or import os or random.
"""
