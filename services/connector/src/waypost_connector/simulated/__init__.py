"""A network that plays WhatsApp: a world of chats, a server for it, and the client that the connector uses."""
