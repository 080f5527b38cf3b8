from tests.plugins.blocking import nothing_blocks_the_event_loop

__all__ = ["nothing_blocks_the_event_loop"]
