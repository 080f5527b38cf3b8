"""Commands that reach WhatsApp: taken from Kafka, carried out one after the other per session, each with one outcome."""
