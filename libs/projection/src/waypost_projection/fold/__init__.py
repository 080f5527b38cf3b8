"""Pure functions from a document and an event to the next document: no I/O, no clock, no randomness."""
