"""A client's conversation with the trainer, over one WebSocket; one of them trains at a time."""

from __future__ import annotations

import asyncio
import json
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ..data.digits import Examples
from ..errors import TinygradMnistError
from .lesson import Lesson, recipe_of

_PICTURES = 30  # a second, so that 20 are there after all that comes between
_MOST_RUNS = 4  # networks side by side
_MOST_PACE = 10**6  # steps a second

#: Sends a text or bytes.
Send = Callable[[str | bytes], Awaitable[None]]


class Refusal(Exception):
    """A message that no page of ours sends."""


class Classroom:
    """Where clients wait for their turn: one training runs on a server."""

    def __init__(self, train: Examples, test: Examples) -> None:
        self.train, self.test = train, test
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def enter(self, say: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Wait for the turn, and say so; leave it by `leave`."""
        if self._turn.locked():
            await say({"kind": "queued", "ahead": self._waiting + 1})
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        """Let the next one in."""
        self._turn.release()


class Conversation:
    """What one client asked for, and where its trainings are."""

    def __init__(self, room: Classroom, send: Send) -> None:
        self._room, self._send = room, send
        self._inbox: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(maxsize=100)
        self._lessons: list[Lesson] = []
        self._running, self._pace, self._until = False, 0, 0
        self._training = 0  # the client's own number for what it asked for last
        self._piece = 20  # steps, measured as it goes

    async def hear(self, text: str) -> None:
        """Take a message; Refusal where it is none of the page's."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            raise Refusal("no JSON") from None
        if not isinstance(message, dict) or message.get("do") not in _WORDS:
            raise Refusal("no word that is known here")
        if self._inbox.full():
            raise Refusal("too many messages at once")
        await self._inbox.put(message)

    async def hang_up(self) -> None:
        """The client is gone: stop."""
        while self._inbox.full():
            self._inbox.get_nowait()
        await self._inbox.put(None)

    async def go(self) -> None:
        """Answer until the client hangs up."""
        while True:
            message = await self._inbox.get()
            if message is None:
                return
            await self._obey(message)
            if self._running:
                await self._room.enter(self._say)
                try:
                    if not await self._train():
                        return
                finally:
                    self._room.leave()

    async def _train(self) -> bool:
        """Train until there is nothing to do; False if the client hung up."""
        while self._running:
            begin = time.perf_counter()
            steps = min(self._steps(), self._until - self._lessons[0].step)
            try:
                await self._advance(steps)
            except TinygradMnistError as error:
                self._running = False
                await self._say({"kind": "refused", "why": str(error)})
            if self._lessons[0].step >= self._until:
                self._running = False
                await self._show()
            pause = steps / self._pace - (time.perf_counter() - begin) if self._pace else 0.0
            message = await self._next(pause)
            while message is not _NOTHING:
                if message is None:
                    return False
                await self._obey(message)
                message = await self._next(0.0)
        return True

    def _steps(self) -> int:
        """How many steps to take before the next picture."""
        return max(self._pace // _PICTURES, 1) if self._pace else self._piece

    async def _next(self, seconds: float) -> Any:
        """The next message, if one comes within so many seconds."""
        if seconds <= 0:
            return self._inbox.get_nowait() if not self._inbox.empty() else _NOTHING
        try:
            return await asyncio.wait_for(self._inbox.get(), seconds)
        except TimeoutError:
            return _NOTHING

    async def _obey(self, message: dict[str, Any]) -> None:
        word = message["do"]
        try:
            if word == "start":
                await self._start(message)
            elif word == "pace":
                self._pace = _pace(message.get("steps"))
            elif not self._lessons:
                raise Refusal("nothing is being trained: start first")
            elif word == "pause":
                self._running = False
                await self._show()
            elif word == "go":
                self._until = self._lessons[0].steps
                self._running = self._lessons[0].step < self._until
            elif word == "step":
                self._running = False
                await self._advance(1)
        except (Refusal, TinygradMnistError) as error:
            self._running = False
            await self._say({"kind": "refused", "why": str(error)})

    async def _start(self, message: dict[str, Any]) -> None:
        runs = message.get("runs")
        if not isinstance(runs, list) or not 1 <= len(runs) <= _MOST_RUNS:
            raise Refusal(f"one to {_MOST_RUNS} networks can be trained side by side")
        recipes = [recipe_of(run) for run in runs]
        pace, until = _pace(message.get("pace")), message.get("until")
        if until is not None:
            _whole(until)
        self._running, self._lessons = False, []
        self._training = _whole(message.get("training", 0))
        room = self._room
        for recipe in recipes:
            self._lessons.append(await asyncio.to_thread(Lesson, recipe, room.train, room.test))
        await self._show()
        await self._say({"kind": "compiling"})
        self._pace = pace if until is None else 0
        self._until = min(self._lessons[0].steps, self._lessons[0].steps if until is None else until)
        self._running = self._until > 0

    async def _advance(self, steps: int) -> None:
        taking = showing = 0.0
        for number, lesson in enumerate(self._lessons):
            begin = time.perf_counter()
            await asyncio.to_thread(lesson.advance, steps)
            middle = time.perf_counter()
            await self._show_one(number, lesson)
            taking, showing = taking + middle - begin, showing + time.perf_counter() - middle
        # At least as long at training as at showing it, however busy the machine is.
        wanted = self._piece * max(1 / _PICTURES - showing, showing) / max(taking, 1e-6)
        self._piece = round(min(max(wanted, self._piece / 2, 1), self._piece * 2))

    async def _show(self) -> None:
        for number, lesson in enumerate(self._lessons):
            await self._show_one(number, lesson)

    async def _show_one(self, number: int, lesson: Lesson) -> None:
        shown, numbers = await asyncio.to_thread(lesson.picture)
        running = self._running and lesson.step < min(self._until, lesson.steps)
        text = json.dumps(
            {"kind": "picture", "training": self._training, "run": number, "running": running, **shown}
        ).encode()
        text += b" " * (-len(text) % 4)  # so that the numbers lie at a multiple of their size
        await self._send(struct.pack("<I", len(text)) + text + numbers)

    async def _say(self, message: dict[str, Any]) -> None:
        await self._send(json.dumps(message))


_WORDS = ("start", "pace", "pause", "go", "step")
_NOTHING: Any = object()


def _pace(value: Any) -> int:
    if _whole(value) > _MOST_PACE:
        raise Refusal(f"the pace is steps a second up to {_MOST_PACE:,}, or 0 for as fast as it goes")
    return int(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise Refusal("steps and paces are whole numbers from 0")
    return value
