"""Trust-framework policies as the B2C service judges them; written apart from what it judges."""
