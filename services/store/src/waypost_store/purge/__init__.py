"""Physical removal of documents that nobody can see any more (rule R1 leaves it outside the equality of folding)."""
