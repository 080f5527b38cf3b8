"""Programs that run as processes of their own beside what they load."""
