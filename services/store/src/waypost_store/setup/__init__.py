"""What `waypost migrate` does: each step tells the changes that are due, then makes them. Every step may be repeated."""
