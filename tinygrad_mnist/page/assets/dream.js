// Its own drawing: the image is changed, step by step, so that one output grows. Nothing in it knows how to draw.

import { digitButtons, make, press, shown } from "glass/html";
import { drawDigit } from "glass/picture";

const STEP = 24; // brightness that the pixel with the steepest slope gains in a step

export function showDream(glass, panel, input) {
  let digit = null, pixels = new Float64Array(784), steps = 0, running = false;
  const canvas = make("canvas.pixels.big", { role: "img", "aria-label": "What the network would draw" });
  const said = make("p", { role: "status" }, "Choose a digit.");
  const buttons = digitButtons("Which digit it should draw", (value) => {
    digit = value;
    press(buttons, value);
    begin();
    go(true);
  });
  const play = make("button.main", { onclick: () => go(!running), disabled: true }, "Start");
  const once = make("button", { onclick: step, disabled: true }, "One step");
  panel.append(
    make("p.note", {}, "Here the weights stay and the image learns: from black, each step adds ink where it raises the chosen output, against the rest. The network is convinced long before you are."),
    buttons,
    make("div.row", {}, play, once, make("button", { onclick: () => digit !== null && begin() }, "Start again"),
      make("button", { onclick: () => input.give(Uint8Array.from(pixels), "Its own drawing") }, "Look at it above")),
    canvas, said);

  function begin() {
    pixels = new Float64Array(784);
    steps = 0;
    play.disabled = once.disabled = false;
    draw();
  }

  function go(on) {
    const was = running;
    running = on && digit !== null;
    play.textContent = running ? "Pause" : "Start";
    if (running && !was) requestAnimationFrame(tick);
  }

  function tick() {
    if (!running || panel.hidden) return go(false);
    step();
    if (steps >= 400) go(false);
    else requestAnimationFrame(tick);
  }

  function step() {
    const { network } = glass, pass = network.forward(network.inputsOf(pixels));
    const slope = network.backward(pass, digit).inputs.map((value) => -value); // the way the cost falls
    const most = slope.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
    pixels = pixels.map((value, i) => Math.min(Math.max(value + STEP * slope[i] / most, 0), 255));
    steps += 1;
    draw();
  }

  function draw() {
    drawDigit(canvas, Uint8ClampedArray.from(pixels));
    if (digit === null) return;
    const outputs = glass.network.outputsOf(glass.network.forward(glass.network.inputsOf(pixels)));
    said.textContent = `${steps} steps: its output for ${digit} is ${shown(outputs[digit])}.`;
  }
  return draw;
}
