"""The chat endpoints of another product (`POST /api/chat/mute/:instance` and its kin), spoken by this gateway.

Its clients move over unchanged: their paths, their `token` header, their numbers and durations, their replies, word for word.
What such a request does is what the main API does: the same lookups, commands and operations. docs/second-dialect.md tells users.
"""
