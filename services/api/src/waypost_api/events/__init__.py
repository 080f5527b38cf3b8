"""The stream of events: read from `wa.events`, filtered for each caller, resumed from where a client had got to."""
