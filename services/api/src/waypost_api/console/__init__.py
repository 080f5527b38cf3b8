"""The page for people: static files, and what only this page asks for."""
