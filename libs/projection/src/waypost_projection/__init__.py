"""From the log to documents: pure folds, and the writer that loads what they need and stores what they say."""
