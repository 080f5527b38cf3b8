"""Dead letters: finding them, trying them again, and knowing which are done with."""
