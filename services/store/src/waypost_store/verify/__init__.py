"""Whether the live documents are what the log says: it is folded once more beside them, and both are compared (rule R1)."""
