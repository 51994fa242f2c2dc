"""Who may ask: requests that this page made, from where it was opened."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

log = logging.getLogger("tinygrad_mnist.page")


def refused(what: str, why: str) -> None:
    """One line for something that was refused; nothing a client sent can break the line."""
    log.warning("refused %s: %s", ascii(what)[:120], why)


class Guarded:
    """An application that answers its own page only.

    A name in Host that is not this machine's would let a foreign site speak to the server through a
    visitor's browser (DNS rebinding): Host must be `name`, localhost or a bare address, with our port. An
    Origin must be the page's own, and a WebSocket has to have one.
    """

    def __init__(self, app: App, name: str, port: int, policy: str) -> None:
        self._app, self._name, self._port = app, name, port
        self._headers = [
            (b"content-security-policy", policy.encode() + b"; frame-ancestors 'none'"),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request, WebSocket, or start of the server."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        why = self._objection(scope)
        if why is not None:
            refused(f"{scope.get('method', 'WebSocket')} {scope['path']}", why)
            await _refuse(scope["type"], receive, send)
            return

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        await self._app(scope, receive, answered)

    def _objection(self, scope: Message) -> str | None:
        headers = [(name, value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return "its Host is not where this page lives"
        if scope["type"] == "websocket" and not origins:
            return "a WebSocket without Origin"
        if any(origin != f"http://{hosts[0]}" for origin in origins):
            return "it comes from another site"
        return None

    def _is_ours(self, host: str) -> bool:
        name, _, port = host.rpartition(":")
        if port != str(self._port):
            return False
        if name in ("localhost", self._name):
            return True
        try:
            ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return True


async def _refuse(kind: str, receive: Receive, send: Send) -> None:
    if kind == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"refused"})
