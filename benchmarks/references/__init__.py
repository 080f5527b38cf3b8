"""What people would pick instead, tuned to its best: what our figures stand beside."""
