"""Pure functions from a stored document to the JSON that a caller sees, and the shapes of that JSON."""
