"""The server of the page: it sends files, trains, streams; nothing a client sends becomes a path or code."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

from ..data.digits import Examples
from ..errors import DataError, MissingExtraError
from ..train import TrainedNetwork
from .assets import modules, served, text
from .classroom import Classroom, Conversation, Refusal
from .described import choices, description, parameters, samples
from .visitors import App, Guarded, refused

_SAMPLES = 1000  # test images the page may choose from
_LONGEST = 10_000  # bytes of a client's message
_MOST_CLIENTS = 30


def application(
    network: TrainedNetwork, train: Examples, test: Examples, *, begin: bool, name: str, port: int
) -> App:
    """The page as an ASGI application.

    Args:
        network: the one it shows at first.
        train, test: images (N, 28, 28) and labels (N,).
        begin: whether the page starts training by itself.
        name, port: where it is served; requests for other places are refused.

    Raises MissingExtraError without starlette (extra: page), DataError for a network or images of another
    size.
    """
    try:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.gzip import GZipMiddleware
        from starlette.responses import Response
        from starlette.routing import Route, WebSocketRoute
    except ImportError:
        raise missing() from None
    page, policy = served()
    count = min(len(test[0]), _SAMPLES)
    told = {
        **description(network),
        "choices": choices(),
        "samples_count": count,
        "server": True,
        "train": begin,
    }
    script = "text/javascript; charset=utf-8"
    files: dict[str, tuple[str, str | bytes]] = {
        "/": ("text/html; charset=utf-8", page),
        "/style.css": ("text/css; charset=utf-8", text("style.css")),
        "/network": ("application/json", json.dumps(told)),
        "/parameters": ("application/octet-stream", parameters(network)),
        "/samples": ("application/octet-stream", samples(*test, count)),
        **{f"/{module}.js": (script, text(f"{module}.js")) for module in modules()},
    }

    def answer(path: str) -> Callable[[Any], Any]:
        kind, body = files[path]

        async def send(_: Any) -> Any:
            return Response(body, media_type=kind, headers={"cache-control": "no-store"})

        return send

    room = Classroom(train, test)
    clients = 0

    async def training(websocket: Any) -> None:
        nonlocal clients
        if clients >= _MOST_CLIENTS:
            refused("WebSocket", f"{clients} clients are here already")
            await websocket.close(1013)
            return
        clients += 1
        try:
            await websocket.accept()
            await _converse(room, websocket)
        finally:
            clients -= 1

    routes: list[Any] = [Route(path, answer(path)) for path in files]
    routes.append(WebSocketRoute("/train", training))
    app = Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, compresslevel=6)])
    return Guarded(app, name, port, policy)


async def _converse(room: Classroom, websocket: Any) -> None:
    """One client, until it goes or says what no page of ours says."""
    from starlette.websockets import WebSocketDisconnect

    async def send(message: str | bytes) -> None:
        await (websocket.send_text(message) if isinstance(message, str) else websocket.send_bytes(message))

    conversation = Conversation(room, send)

    async def listen() -> None:
        try:
            while True:
                message = await websocket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                if (said := message.get("text")) is None or len(said) > _LONGEST:
                    raise Refusal("no short text")
                await conversation.hear(said)
        except Refusal as refusal:
            refused("a message", str(refusal))
            with contextlib.suppress(RuntimeError):
                await websocket.close(1008)
        finally:
            await conversation.hang_up()

    listening = asyncio.create_task(listen())
    try:
        await conversation.go()
    except (WebSocketDisconnect, RuntimeError, OSError):
        pass  # it went while we were sending
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


def listen(host: str, port: int | None, usual: int = 7840) -> socket.socket:
    """A socket at a port, or for None at the usual one or, where that is taken, any that is free.

    Raises DataError where there is no such place.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in (usual, 0) if port is None else (port,):
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, wanted))
        except (OSError, OverflowError) as error:
            listening.close()
            last = error
            continue
        return listening
    raise DataError(f"cannot listen on {host}, port {port}: {getattr(last, 'strerror', None) or last}")


def serve(app: App, listening: socket.socket, started: Callable[[], None]) -> None:
    """Serve until Ctrl-C; calls `started` when the page can be opened.

    Raises MissingExtraError without uvicorn (extra: page).
    """
    try:
        import uvicorn
    except ImportError:
        raise missing() from None
    logging.basicConfig(format="%(message)s")
    logging.getLogger("uvicorn.error").addFilter(_in_a_line)
    config = uvicorn.Config(
        app,
        log_level="warning",
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=_LONGEST,
        ws_per_message_deflate=False,  # packing 52 kB of weights takes longer than sending them
        timeout_graceful_shutdown=1,
        server_header=False,
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            started()

    Server(config).run(sockets=[listening])


def _in_a_line(record: logging.LogRecord) -> bool:
    """Leave of an exception its kind and its first line."""
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        words = ascii(str(error).partition("\n")[0])[1:-1]
        record.msg, record.args = f"{type(error).__name__}: {words[:200]}", ()
        record.exc_info = record.exc_text = None
    return True


def missing() -> MissingExtraError:
    """The error where the extra is not installed."""
    return MissingExtraError('the page needs a web server: pip install "tinygrad_mnist[page]"')
