"""The page in a real browser, used as a person would."""

import json
import os
import signal

import numpy as np
import pytest
from glass_browser import opened, served, until
from glass_strokes import STROKES

import tinygrad_mnist as tg
from tinygrad_mnist import model_file, page


def draw(view, strokes, right=0, down=0, shrink=1.0):
    pad = view.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    scale = box["width"] / 280
    for points in strokes:
        places = [
            (box["x"] + scale * (x * shrink + right), box["y"] + scale * (y * shrink + down))
            for x, y in points
        ]
        view.mouse.move(*places[0])
        view.mouse.down()
        for place in places[1:]:
            view.mouse.move(*place)
        view.mouse.up()


def answer(view):
    return view.inner_text("#answer b")


@pytest.fixture
def view(browser, server):
    with opened(browser, server.address) as view:
        yield view


def test_an_empty_canvas_says_so_and_computes_nothing(view):
    assert view.inner_text("#answer") == "Nothing is drawn."
    assert set(view.locator("#outputs .number").all_inner_texts()) == {"–"}
    assert view.evaluate("glass.glass.pass") is None
    view.click("#tab-back")
    assert "no cost" in view.inner_text("#panel-back")


def test_drawn_digits_are_read(view):
    wrong = {}
    for digit, strokes in STROKES.items():
        view.click("#clear")
        draw(view, strokes)
        if answer(view) != str(digit):
            wrong[digit] = answer(view)
    assert not wrong


def test_a_small_digit_in_a_corner_is_read_only_as_mnist_prepares_it(view):
    draw(view, STROKES[3], right=150, down=150, shrink=0.4)
    assert answer(view) == "3"
    seen = view.evaluate("[...glass.glass.input.pixels]")
    view.uncheck("#normalise")
    assert view.evaluate("[...glass.glass.input.pixels]") != seen
    view.click("#undo")
    assert view.inner_text("#answer") == "Nothing is drawn."


def test_a_finger_draws_and_does_not_scroll(browser, server):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with opened(browser, server.address, **phone) as view:
        box = view.locator("#pad").bounding_box()
        x, top = box["x"] + box["width"] / 2, box["y"] + 30
        touch = view.context.new_cdp_session(view)
        send = lambda kind, points: touch.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": points}
        )
        send("touchStart", [{"x": x, "y": top}])
        for step in range(1, 12):
            send("touchMove", [{"x": x, "y": top + step * box["height"] / 15}])
        send("touchEnd", [])
        assert view.evaluate("scrollY") == 0
        assert answer(view) == "1"
        assert view.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            "the page is wider than the phone"
        )


def test_by_keyboard_alone_from_start_to_answer(view):
    for _ in range(3):
        view.keyboard.press("Tab")
        if view.evaluate("document.activeElement.id") == "pad":
            break
    press = lambda key, times=1: [view.keyboard.press(key) for _ in range(times)]
    press("ArrowUp", 11)
    press("Space")
    press("ArrowDown", 22)
    press("Space")
    assert answer(view) == "1"
    while view.evaluate("document.activeElement.role") != "tab":
        view.keyboard.press("Tab")
    press("ArrowRight")
    assert view.get_attribute("#tab-back", "aria-selected") == "true"


def test_numbers_are_pythons(view, network, mnist):
    images, labels = mnist[1]
    for n in range(5):
        view.evaluate(f"glass.showImage({n})")
        found = view.evaluate(
            """(digit) => {
                const { network, pass } = glass.glass, back = network.backward(pass, digit);
                return [pass.activations.map((a) => [...a]), network.costOf(pass, digit),
                    [...back.layers[0].weight], [...back.inputs]];
            }""",
            int(labels[n]),
        )
        x = tg.Tensor(images[n : n + 1].reshape(1, -1) * np.float32(network.recipe.scale), requires_grad=True)
        network.model.zero_grad()
        trace = network.model.trace(x)
        cost = network.recipe.cost_function(trace[""], network.recipe.targets(labels[n : n + 1], 10))
        cost.backward()
        for layer, name in enumerate(("1", "3", "5")):
            np.testing.assert_allclose(found[0][layer], trace[name].detach().numpy()[0], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found[1], cost.item(), rtol=1e-5, atol=1e-5)
        first = next(iter(network.model.parameters())).grad.numpy()
        np.testing.assert_allclose(found[2], first.reshape(-1), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found[3], x.grad.numpy()[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu", "silu", "elu"])
def test_every_activation_is_pythons(view, mnist, activation):
    from tinygrad_mnist.page import html
    from tinygrad_mnist.train import named, run

    recipe = named("fast16").but(activation=activation, epochs=1)
    network = run(recipe, mnist[0][0][:640], mnist[0][1][:640], compiled=False)
    data = html(network).split('id="network">')[1].split("</script>")[0]
    found = view.evaluate(
        """async (data) => {
            const { Network } = await import("glass/network"), { bytesOf } = await import("glass/maths");
            const network = Network.from(data, new Float32Array(bytesOf(data.parameters).buffer));
            const pass = network.forward(network.inputsOf(bytesOf(data.samples).subarray(100, 100 + 784)));
            const gradient = network.backward(pass, 7);
            return [[...pass.activations.at(-1)], network.costOf(pass, 7), [...gradient.layers[0].bias]];
        }""",
        json.loads(data),
    )
    x = tg.Tensor(mnist[1][0][:1].reshape(1, -1) * np.float32(recipe.scale))
    outputs = network.model(x)
    cost = recipe.cost_function(outputs, recipe.targets(np.array([7]), 10))
    network.model.zero_grad()
    cost.backward()
    biases = [p for p in network.model.parameters() if p.ndim == 1]
    np.testing.assert_allclose(found[0], outputs.detach().numpy()[0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[1], cost.item(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[2], biases[0].grad.numpy(), rtol=1e-4, atol=1e-5)


def test_the_way_back_predicts_what_a_nudge_does(view):
    view.evaluate("glass.showImage(8)")
    view.click("#tab-back")
    view.click("#panel-back [data-digit='3']")
    changes = view.evaluate(
        """() => {
            const { glass: { network, pass } } = glass, size = 1e-3, now = network.costOf(pass, 3);
            return network.knobs(network.backward(pass, 3), 20).map((knob) => [
                size * knob.gradient,
                network.nudged(knob, size).costOf(network.nudged(knob, size).forward(pass.inputs), 3) - now]);
        }"""
    )
    for predicted, measured in changes:
        assert measured == pytest.approx(predicted, rel=0.01)
    assert view.locator("#panel-back tbody tr").count() == 3 + 20
    before = view.evaluate("glass.glass.network.costOf(glass.glass.pass, 3)")
    view.click("text=Take one step of gradient descent")
    assert view.evaluate("glass.glass.network.costOf(glass.glass.pass, 3)") < before
    assert "The cost went from" in view.inner_text("#panel-back")
    view.click("#restore")
    assert view.evaluate("glass.glass.network.costOf(glass.glass.pass, 3)") == before


def test_breaking_and_restoring(view):
    view.evaluate("glass.showImage(0)")
    whole = view.evaluate("[...glass.glass.pass.activations.at(-1)]")
    view.click("#tab-fool")
    for name in ("Silence the chosen neuron", "Remove all biases", "Shuffle the weights of its layer"):
        view.click(f"text={name}")
        assert view.evaluate("[...glass.glass.pass.activations.at(-1)]") != whole
    cells = view.locator("#panel-fool td").all_inner_texts()
    assert cells[3] != cells[1]
    view.click("text=Restore it")
    assert view.evaluate("[...glass.glass.pass.activations.at(-1)]") == whole


def test_fooling_it(view):
    view.click("#tab-fool")
    for name in ("Pure noise", "A blank image", "Inverted", "Shifted", "Shuffled pixels", "A letter"):
        view.click(f"#panel-fool >> text={name}")
        assert "it reads" in view.inner_text("#answer")


def test_own_digits_are_kept_trained_on_and_forgotten(view):
    view.click("#tab-own")
    draw(view, STROKES[7])
    view.click("#panel-own [data-digit='2']")  # a seven that is to be read as a two
    view.click("text=Train on them")
    assert answer(view) == "2"
    cells = view.locator("#panel-own td").all_inner_texts()
    assert cells[1:3] == ["0.0%", "100.0%"]
    assert float(cells[5].rstrip("%")) < float(cells[4].rstrip("%"))
    view.reload()
    view.wait_for_selector("html[data-ready]")
    view.click("#tab-own")
    assert view.locator("#panel-own canvas").count() == 1
    view.click("text=Forget all of them")
    assert view.locator("#panel-own canvas").count() == 0


def test_its_own_drawing_convinces_it(view):
    view.click("#tab-dream")
    view.click("#panel-dream [data-digit='3']")
    until(
        view, "document.querySelector('#panel-dream [role=status]').textContent.startsWith('400')", seconds=60
    )
    view.click("text=Look at it above")
    assert answer(view) == "3"


def test_a_picture_file_and_what_is_none(view, tmp_path):
    from PIL import Image

    pixels = np.full((300, 200), 230, np.uint8)
    pixels[40:250, 95:110] = 20
    Image.fromarray(pixels).save(tmp_path / "one.png")
    (tmp_path / "none.png").write_bytes(b"no picture")
    view.set_input_files("#file", tmp_path / "one.png")
    until(view, "document.querySelector('#answer b')")
    assert answer(view) == "1"
    view.set_input_files("#file", tmp_path / "none.png")
    until(view, "document.querySelector('#notice').textContent")
    assert "no picture" in view.inner_text("#notice")


def test_training_live_pause_and_go_on(browser, server):
    with opened(browser, server.address) as view:
        view.click("#tab-train")
        view.click("text=Train from noise")
        until(view, "glass.training.curves[0]?.accuracy.at(-1)?.[1] > 0.5", seconds=90)
        assert "when its training rests" in view.inner_text("#doubt")
        view.click("#panel-train >> text=Pause")
        view.wait_for_selector("text=Paused.")
        until(view, "document.querySelector('#doubt').textContent === ''")
        paused = view.evaluate("glass.glass.place.step")
        view.click("#panel-train >> text=One step")
        until(view, f"glass.glass.place.step === {paused + 1}")
        view.click("text=Go on")
        until(view, "glass.training.curves[0].accuracy.at(-1)[1] > 0.96", seconds=90)
        view.wait_for_selector("text=Trained: it reads 96", timeout=90_000)
        draw(view, STROKES[3])
        assert answer(view) == "3"


def test_trained_here_is_trained_alone_and_a_link_brings_it_back(browser, server, mnist, tmp_path):
    from tinygrad_mnist.page.lesson import Lesson
    from tinygrad_mnist.train import RECIPES

    with opened(browser, server.address) as view:
        view.click("#tab-train")
        view.evaluate("glass.training.bring({settings: {recipe: 'article', seed: 3}, step: 40})")
        until(view, "glass.glass.place?.step === 40", seconds=60)
        first = view.evaluate("[...glass.glass.network.layers[0].weight]")
        draw(view, STROKES[4])
        read = view.evaluate("[...glass.glass.input.pixels]")
        view.click("#copy-link")
        link = view.url
        with view.expect_download() as download:
            view.click("#save-model")
        download.value.save_as(tmp_path / "saved.safetensors")
    lesson = Lesson(RECIPES["article"].but(seed=3), *mnist)
    lesson.advance(40)
    alone = next(iter(lesson.network.model.parameters())).detach().numpy().reshape(-1)
    assert np.array_equal(np.float32(first), alone)
    saved = model_file.load(tmp_path / "saved.safetensors")
    assert np.array_equal(next(iter(saved.model.parameters())).detach().numpy().reshape(-1), alone)
    with opened(browser, link) as view:
        until(view, "glass.glass.place?.step === 40", seconds=60)
        assert view.evaluate("[...glass.glass.network.layers[0].weight]") == first
        assert view.evaluate("[...glass.glass.input.pixels]") == read


def test_several_networks_side_by_side_and_other_settings(view):
    view.click("#tab-train")
    view.fill("#panel-train label:has-text('hidden neurons') >> input", "8")
    view.select_option("#panel-train label:has-text('activation') >> select", "relu")
    view.fill("#panel-train label:has-text('rate') >> input", "0.5")
    view.click("text=Train from noise")
    until(view, "glass.training.curves[0]?.accuracy.length > 1", seconds=60)
    assert "784-8-10" in view.inner_text("#summary")
    view.click("text=One more beside it")
    until(view, "glass.training.curves[1]?.accuracy.length > 2", seconds=60)
    view.fill("#panel-train label:has-text('rate') >> input", "x")
    view.click("text=Train from noise")
    view.wait_for_selector("text=rate cannot be")


def test_two_clients_take_turns(browser, server):
    with opened(browser, server.address) as one, opened(browser, server.address) as two:
        for view in (one, two):
            view.click("#tab-train")
        one.fill("#panel-train label:has-text('epochs') >> input", "200")
        one.click("text=Train from noise")
        until(one, "glass.training.pictures > 3", seconds=60)
        # A slow screen: the first picture is painted after the words that came behind it.
        two.evaluate("() => { window.requestAnimationFrame = (paint) => setTimeout(paint, 1000) }")
        two.click("text=Train from noise")
        until(two, "glass.training.pictures > 0", seconds=60)
        assert "Another training is running" in two.inner_text("#panel-train [role=status]")
        one.click("#panel-train >> text=Pause")
        until(two, "glass.training.curves[0]?.accuracy.length > 5", seconds=60)
        two.click("#panel-train >> text=Pause")


def test_a_server_that_is_killed_is_missed_and_found_again(browser, model):
    expected = (
        "ERR_",
        "WebSocket",
        "Failed to load resource",
    )  # what the browser itself says of a dead server
    with served(model) as server, opened(browser, server.address, expected) as view:
        view.click("#tab-train")
        view.click("text=Train from noise")
        until(view, "glass.training.pictures > 3", seconds=60)
        server.stop(signal.SIGKILL)
        until(view, "document.querySelector('#notice').textContent.includes('server is gone')")
        draw(view, STROKES[1])
        assert "it reads" in view.inner_text("#answer")
        with served(model, port=server.port):
            until(view, "document.querySelector('#notice').textContent === ''", seconds=30)
            view.click("text=Train from noise")
            until(view, "glass.training.curves[0].accuracy.length > 2", seconds=60)


def test_one_file_opens_from_the_disk(browser, network, mnist, tmp_path):
    path = tmp_path / "glass.html"
    page.write(path, network, mnist[1])
    assert path.stat().st_size < 400_000
    with opened(browser, path.as_uri()) as view:
        draw(view, STROKES[2])
        assert answer(view) == "2"
        for tab in ("inside", "back", "fool", "own", "dream", "train"):
            view.click(f"#tab-{tab}")
        assert "works without a server" in view.inner_text("#panel-train")
        assert (
            view.evaluate(
                "performance.getEntriesByType('resource').filter(e => e.name.startsWith('http')).length"
            )
            == 0
        )


def test_weight_and_requests(browser, server):
    with opened(browser, server.address) as view:
        entries = view.evaluate(
            "performance.getEntriesByType('resource').map(e => [e.name, e.encodedBodySize])"
        )
        assert all(name.startswith((server.address, "data:", "blob:")) for name, _ in entries)
        files = [size for name, size in entries if name.endswith((".js", ".css"))]
        assert sum(files) < 300_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, server, scheme):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs axe-playwright-python"
    ).Axe()
    with opened(browser, server.address, color_scheme=scheme) as view:
        for state in ("empty", "drawn"):
            if state == "drawn":
                view.evaluate("glass.showImage(3)")
                until(view, "document.querySelector('#doubt').textContent")
            for tab in ("inside", "back", "train", "fool", "own", "dream"):
                view.click(f"#tab-{tab}")
                result = axe.run(view)
                assert result.violations_count == 0, (state, tab, result.generate_report())


IMAGES = int(os.environ.get("TINYGRAD_MNIST_PAGE_IMAGES", "100"))
# A digit drawn 140 points tall on the page's 280: its size, how far it is moved, how much the pen grows.
CHANGES = {
    "as it is": (1, 0, 0),
    "moved": (1, 8, 0),
    "small": (0.5, 0, 0),
    "large": (1.5, 0, 0),
    "thick": (1, 0, 4),
    "thin": (1, 0, -2),
}


def test_moved_scaled_thin_and_thick_digits(view, capsys):
    """The page's own preparation keeps the accuracy; the table says what it costs to go without."""
    view.evaluate(
        """async () => {
            const { glass: { network, samples }, prepared, squeezed } = globalThis.glass, side = 280;
            const canvas = (size) =>
                Object.assign(document.createElement("canvas"), { width: size, height: size });
            const small = canvas(28), soft = canvas(side).getContext("2d");
            const pen = canvas(side).getContext("2d", { willReadFrequently: true });
            globalThis.share = (count, scale, shift, grow) => {
                const right = [0, 0];
                samples.images.slice(0, count).forEach((pixels, n) => {
                    const context = small.getContext("2d"), data = context.createImageData(28, 28);
                    pixels.forEach((value, i) => data.data.set([value, value, value, 255], 4 * i));
                    context.putImageData(data, 0, 0);
                    soft.fillRect(0, 0, side, side);
                    const corner = [n, n >> 1].map((k) => side / 2 - 70 * scale + 5 * shift * (k % 3 - 1));
                    soft.drawImage(small, ...corner, 140 * scale, 140 * scale);
                    pen.globalCompositeOperation = "source-over";
                    pen.drawImage(soft.canvas, 0, 0);
                    pen.globalCompositeOperation = grow > 0 ? "lighten" : "darken";
                    for (let a = 0; grow && a < 16; a++) {
                        const angle = a * Math.PI / 8, reach = Math.abs(grow);
                        pen.drawImage(soft.canvas, reach * Math.cos(angle), reach * Math.sin(angle));
                    }
                    const rgba = pen.getImageData(0, 0, side, side).data;
                    const ink = Float64Array.from({ length: side * side }, (_, i) => rgba[4 * i]);
                    [prepared, squeezed].forEach((prepare, k) => {
                        right[k] += network.answer(prepare(ink, side, side)) === samples.labels[n];
                    });
                });
                return right.map((times) => times / count);
            };
        }"""
    )
    shares = {
        name: view.evaluate(f"share({IMAGES}, {size}, {shift}, {pen})")
        for name, (size, shift, pen) in CHANGES.items()
    }
    with capsys.disabled():
        if IMAGES >= 1000:
            print(f"\n{IMAGES} digits read rightly, prepared and not")
            for name, (prepared, plain) in shares.items():
                print(f"{name:10} {prepared:7.2%} {plain:7.2%}")
    centred = shares["as it is"][0]
    for name, (prepared, _) in shares.items():
        assert prepared >= centred - 0.015, (name, shares)
    assert min(plain for _, plain in shares.values()) < 0.5
