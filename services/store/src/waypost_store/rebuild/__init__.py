"""A new generation of the documents, folded from the log beside the live one, which then takes its place."""
