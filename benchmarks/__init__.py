"""What is measured, and how. `make bench` runs it; docs/performance.md shows the last figures."""
