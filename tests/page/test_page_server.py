"""What the server refuses, and that it lives."""

import http.client
import json
import logging
import os
import random
import socket
import struct
import sys
from contextlib import closing

import pytest
from glass_browser import served

from tinygrad_mnist.page.server import _in_a_line

websockets = pytest.importorskip("websockets.sync.client", reason="needs the extra page")

COUNT = int(os.environ.get("TINYGRAD_MNIST_PAGE_ATTACKS", "120"))  # of each kind; the long run takes 1000


def get(server, path="/", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {"Host": f"127.0.0.1:{server.port}", **headers}
    with closing(connection):
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def connect(server, **options):
    origin = options.pop("origin", f"http://127.0.0.1:{server.port}")
    return websockets.connect(f"ws://127.0.0.1:{server.port}/train", origin=origin, **options)


def picture(message):
    (length,) = struct.unpack("<I", message[:4])
    return json.loads(message[4 : 4 + length]), message[4 + length :]


def until(socket, kind):
    for _ in range(1000):
        message = socket.recv(timeout=60)
        found = json.loads(message) if isinstance(message, str) else picture(message)[0]
        if found["kind"] == kind:
            return found
    raise AssertionError(f"no {kind}")


def test_pages_of_other_sites_are_refused(server):
    assert get(server)[0] == 200
    own = f"http://127.0.0.1:{server.port}"
    assert get(server, Origin=own)[0] == 200
    assert get(server, Host=f"localhost:{server.port}")[0] == 200
    port = server.port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1:1", "127.0.0.1", f"127.0.0.1.x:{port}"):
        assert get(server, Host=host)[0] == 403, host
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", f"https://127.0.0.1:{server.port}"):
        assert get(server, Origin=origin)[0] == 403, origin
    for origin in ("http://evil.example", None):
        with pytest.raises(Exception, match="403"), connect(server, origin=origin):
            pass


def test_the_policy_allows_nothing_from_elsewhere(server):
    status, headers, _ = get(server)
    policy = headers["content-security-policy"]
    assert status == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_paths_are_names_of_a_table(server):
    for path in (
        "/../pyproject.toml",
        "/%2e%2e/x",
        "/app.js/..",
        "//etc/passwd",
        "/index.html",
        "/train",
        "/\x7f",
    ):
        assert get(server, path.replace("\x7f", "%7f"))[0] in (403, 404), path
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert get(server, "/", method)[0] == 405


def test_requests_that_are_none(model):
    draw = random.Random(0)
    with served(model) as server:
        for _ in range(COUNT):
            raw = draw.choice(
                [
                    bytes(draw.randrange(256) for _ in range(draw.randrange(1, 400))),
                    b"GET / HTTP/1.1\r\nHost: " + b"a" * draw.randrange(1, 100_000) + b"\r\n\r\n",
                    b"GET /" + b"x" * draw.randrange(1, 100_000) + b" HTTP/1.1\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nabc",
                    b"GET /train HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                ]
            )
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as attacker:
                attacker.sendall(raw)
                attacker.settimeout(0.02)
                try:
                    answer = attacker.recv(1000)
                except (TimeoutError, ConnectionError):
                    answer = b""
            assert not answer.startswith(b"HTTP/1.1 2"), raw[:80]
        assert get(server)[0] == 200
        said = server.stop()
    assert "Traceback" not in said
    assert len(said.splitlines()) <= COUNT


def test_messages_that_are_none(model):
    draw = random.Random(1)
    strange = [
        *(
            "",
            "{",
            "[]",
            "null",
            "1e999",
            '"x"',
            "[" * 5000,
            '{"do": 1}',
            '{"do": "fly"}',
            '{"do": ["start"]}',
        ),
        *(b"\x00\xff", "x" * 9999, "x" * 20000, '{"do": "start"', "\u202e" * 100),
    ]
    wrong = [
        *({}, {"runs": []}, {"runs": {}}, {"runs": [1]}, {"runs": [{}] * 5}, {"runs": [{"recipe": "x"}]}),
        {"runs": [{"recipe": ["article"]}], "pace": 0},
        *({"runs": [{"recipe": "article"}], "pace": pace} for pace in (-1, 1e300, "1", None, True, [])),
        *({"runs": [{"recipe": "article"}], "pace": 0, "until": until} for until in (-1, "x", 0.5, True)),
        *(
            {"runs": [{"recipe": "article", name: value}], "pace": 0}
            for name in (
                "hidden",
                "rate",
                "batch_size",
                "epochs",
                "seed",
                "activation",
                "augment",
                "__class__",
            )
            for value in ([10**9], -1, 10**400, "x", None, [[]], {}, True, 1.5, [1] * 9)
            if (name, value) != ("rate", 1.5)
        ),
    ]
    with served(model) as server:
        every = [*strange, *wrong]  # each once, then any
        for message in every + draw.choices(every, k=max(COUNT - len(every), 0)):
            with connect(server) as client:
                if isinstance(message, str | bytes):
                    client.send(message)
                    with pytest.raises(Exception, match=r"sent 1|received 1|no close"):
                        client.recv(timeout=30)
                else:
                    client.send(json.dumps({"do": "start", **message}))
                    assert until(client, "refused")["why"]
        with connect(server) as client:
            client.send(json.dumps({"do": "go"}))
            assert "start first" in until(client, "refused")["why"]
            client.send(json.dumps({"do": "start", "runs": [{"recipe": "article"}], "pace": 0, "until": 3}))
            shown = until(client, "picture")
            while shown["step"] < 3:
                shown = until(client, "picture")
            assert not shown["running"]
        said = server.stop()
    assert "Traceback" not in said
    assert len([line for line in said.splitlines() if not line.startswith("tinygrad_mnist: ")]) <= COUNT


def test_an_error_of_the_server_is_a_line(caplog):
    try:
        raise OSError("first\nsecond \x1b[31m" + "x" * 1000)
    except OSError:
        record = logging.makeLogRecord({"msg": "Exception in ASGI application\n", "exc_info": sys.exc_info()})
    assert _in_a_line(record)
    assert logging.Formatter("%(message)s").format(record) == "OSError: first"


def test_a_client_that_disappears_gives_its_turn_back(server):
    start = json.dumps({"do": "start", "runs": [{"recipe": "article", "epochs": 200}], "pace": 0})
    with connect(server) as first, connect(server) as second:
        first.send(start)
        while not until(first, "picture")["step"]:
            pass
        second.send(start)
        assert until(second, "queued")["ahead"] >= 1
        first.socket.shutdown(socket.SHUT_RDWR)
        found = until(second, "picture")
        while not found["step"]:
            found = until(second, "picture")


def test_a_training_that_diverges_says_so(server):
    with connect(server) as client:
        settings = {"recipe": "fast16", "rate": 1e5, "activation": "relu"}
        client.send(json.dumps({"do": "start", "runs": [settings], "pace": 0}))
        assert "lower rate" in until(client, "refused")["why"]
