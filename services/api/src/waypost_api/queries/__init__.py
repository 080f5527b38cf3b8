"""How the API reads documents. Every query is bound to one session of one organization (rule R8)."""
