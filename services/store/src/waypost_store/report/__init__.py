"""What `waypost status` and `waypost doctor` find out. Reads only."""
