"""The proxy through which tests cut programs off from each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from tests.faults.tcp_proxy import TcpProxy
from tests.processes import eventually

from waypost_local.ports import LOOPBACK


@pytest.fixture
async def proxy() -> AsyncIterator[TcpProxy]:
    """To a server that says everything twice."""

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line * 2)
        writer.close()

    server = await asyncio.start_server(twice, LOOPBACK, 0)
    proxy = TcpProxy(server.sockets[0].getsockname()[1])
    await proxy.start()
    yield proxy
    await proxy.cut()
    server.close()
    await server.wait_closed()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line)
    return await reader.readline() + await reader.readline()


async def test_what_either_side_says_reaches_the_other(proxy: TcpProxy) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    assert await ask(reader, writer, b"hello\n") == b"hello\nhello\n"
    writer.close()


async def test_a_cut_ends_connections_and_refuses_new_ones_until_it_is_healed(proxy: TcpProxy) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    assert await ask(reader, writer, b"hello\n") == b"hello\nhello\n"
    await proxy.cut()
    with suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOOPBACK, proxy.port)
    await proxy.heal()
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    assert await ask(reader, writer, b"again\n") == b"again\nagain\n"
    writer.close()


async def test_after_the_word_that_silences_it_requests_arrive_and_answers_do_not_until_a_cut(proxy: TcpProxy) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    proxy.fall_silent_at(b"hush")
    assert await ask(reader, writer, b"hello\n") == b"hello\nhello\n"
    writer.write(b"hush\n")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reader.readline()
    writer.close()
    await proxy.cut()
    await proxy.heal()
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    assert await ask(reader, writer, b"hush\n") == b"hush\nhush\n"
    writer.close()


async def test_it_tells_that_it_holds_the_answer_to_the_word_that_silenced_it_and_of_no_other(proxy: TcpProxy) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, proxy.port)
    proxy.fall_silent_at(b"hush")
    assert await ask(reader, writer, b"hello\n") == b"hello\nhello\n"
    assert not proxy.holds_the_answer
    writer.write(b"hush\n")
    await eventually(lambda: proxy.holds_the_answer, "the answer has come to the proxy")
    writer.close()
    await proxy.cut()
    assert not proxy.holds_the_answer
