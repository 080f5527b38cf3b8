"""Telling WhatsApp of flags that the stored copy has taken on."""
