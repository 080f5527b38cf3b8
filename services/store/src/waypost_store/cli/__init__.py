"""The `waypost` command. One module per command, each a thin edge over the package."""
