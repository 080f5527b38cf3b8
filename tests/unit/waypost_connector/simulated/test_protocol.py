"""Frames on the network's socket."""

import asyncio

import pytest

from waypost_connector.simulated.protocol import (
    MAX_FRAME_BYTES,
    Frames,
    ProtocolError,
    decode_frame,
    encode_frame,
    integer_field,
    text_field,
)


def test_a_frame_is_one_line_and_comes_back_as_it_was() -> None:
    frame = {"type": "event", "payload": {"body": "two\nlines 😂"}}
    line = encode_frame(frame)
    assert line.count(b"\n") == 1
    assert decode_frame(line) == frame


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"no json\n", b"[]\n", b"{}\n", b'{"type":1}\n', b'{"type":"a"', b"\xff\n", b"[" * 9_000]
)
def test_what_is_no_frame_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_frame(line)


def test_a_frame_over_the_limit_is_neither_written_nor_read() -> None:
    with pytest.raises(ProtocolError, match="at most"):
        encode_frame({"type": "a", "text": "x" * MAX_FRAME_BYTES})
    with pytest.raises(ProtocolError, match="at most"):
        decode_frame(b" " * (MAX_FRAME_BYTES + 1))


@pytest.mark.parametrize("value", [None, 1, "", "x" * 257, []])
def test_a_text_field_is_required_and_bounded(value: object) -> None:
    with pytest.raises(ProtocolError, match="session"):
        text_field({"type": "login", "session": value}, "session")


@pytest.mark.parametrize("value", [None, -1, 1.5, "1", True, 2**53])
def test_an_integer_field_is_required_and_bounded(value: object) -> None:
    with pytest.raises(ProtocolError, match="through"):
        integer_field({"type": "acknowledge", "through": value}, "through")


async def test_a_line_that_never_ends_is_refused_without_being_kept() -> None:
    reader = asyncio.StreamReader(limit=1_000)
    reader.feed_data(b"x" * 5_000)
    frames = Frames(reader, writer=None)  # type: ignore[arg-type]
    frames.longest = 1_000
    with pytest.raises(ProtocolError, match="over"):
        await frames.read()


async def test_a_line_beyond_the_streams_limit_is_read_whole_where_it_may_be_that_long() -> None:
    reader = asyncio.StreamReader(limit=100)
    text = "x" * 5_000
    frames = Frames(reader, writer=None)  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(frames.read())
        for part in (f'{{"type":"call","text":"{text[:150]}', f'{text[150:]}"}}\n{{"type":"ping"}}\n'):
            reader.feed_data(part.encode())
            await asyncio.sleep(0)
    assert reading.result() == {"type": "call", "text": text}
    assert await frames.read() == {"type": "ping"}


async def test_the_end_of_the_stream_reads_as_none_even_within_a_line() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b'{"type":"ping"}\n{"type"')
    reader.feed_eof()
    frames = Frames(reader, writer=None)  # type: ignore[arg-type]
    assert await frames.read() == {"type": "ping"}
    assert await frames.read() is None
