"""The operations, one module a resource: each has its handlers and its rows of the table."""
