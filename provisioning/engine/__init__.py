"""One tenant, one pass: observe, plan, apply, settle. Knows no kind by name; receives them."""
