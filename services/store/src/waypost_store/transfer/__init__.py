"""Export and import: the events of some sessions as files, and back onto a log. Documents follow from them, as always."""
