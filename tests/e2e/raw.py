"""Servers that say exactly the bytes they are told to, all on one thread: for answers that no proper server gives."""
import asyncio
import contextlib
import threading


class Raw:
    """`with Raw() as raw: port = raw.serve(talk)`; `talk(reader, writer)` is a coroutine, one a connection."""

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.servers = []
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def _close(self):
        for server in self.servers:
            server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def serve(self, talk, **options):
        """A new port where every connection is `talk`'s."""
        async def connected(reader, writer):
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, TimeoutError):
                await talk(reader, writer)
            with contextlib.suppress(ConnectionError, RuntimeError):
                writer.close()

        async def begin():
            return await asyncio.start_server(connected, "127.0.0.1", 0, limit=1 << 20, **options)

        server = asyncio.run_coroutine_threadsafe(begin(), self.loop).result(10)
        self.servers.append(server)
        return server.sockets[0].getsockname()[1]


async def http_request(reader):
    """The request line's words and the body of one request, read whole."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = [int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:")]
    body = await reader.readexactly(length[0]) if length else b""
    return head, body


def http_answer(body, status="200 OK", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
