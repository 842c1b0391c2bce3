"""The manifest half of the application kinds: models, limits, `desire`. No reads, no requests."""
