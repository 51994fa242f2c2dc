// The way back: the cost for one image, its gradient through the layers, and what a nudge really does.

import { digitButtons, make, press, shown, tableOf } from "glass/html";
import { argmax } from "glass/maths";
import { usualRate } from "glass/network";
import { drawSigned } from "glass/picture";

const KNOBS = 20;

export function showBack(glass, panel) {
  let digit = null, size = 0.01, rate = usualRate(glass.description), lastStep = "";
  const should = digitButtons("Which digit it should have been", (value) => {
    digit = value;
    lastStep = "";
    draw();
  });
  const cost = make("p"), layers = make("div.wide", { tabIndex: 0, role: "region", "aria-label": "The gradient, layer by layer" });
  const wish = make("canvas.pixels.big", { role: "img", "aria-label": "The gradient of the cost with respect to each pixel" });
  const knobs = make("div.wide", { tabIndex: 0, role: "region", "aria-label": "The knobs that matter most" });
  const step = make("button.main", { onclick: descend }, "Take one step of gradient descent");
  const nudge = make("select", { "aria-label": "How far a nudge goes", onchange: (event) => {
    size = Number(event.target.value);
    draw();
  } }, ...[0.001, 0.01, 0.1, 1].map((value) => make("option", { value, selected: value === size }, `${value}`)));
  const rateBox = make("input", { type: "number", min: 0, step: "any", value: rate, "aria-label": "Rate of the step", onchange: (event) => {
    rate = Number(event.target.value);
  } });
  const result = make("p", { role: "status" });
  panel.append(
    make("p.note", {}, "Say what it should have been. The cost measures how wrong the outputs are; its gradient says, for each of the weights and biases, how much the cost changes when that knob is turned."),
    make("p", {}, "It should have been:"), should, cost,
    make("div.row", {}, step, make("label", {}, "rate ", rateBox)), result,
    make("div.columns", {},
      make("div", {}, make("h3", {}, "The gradient, from the outputs back"), layers,
        make("figure", {}, wish, make("figcaption", {}, "dC/dpixel: where more ink would raise or lower the cost"))),
      make("div", {}, make("h3", {}, `The ${KNOBS} knobs that matter most here`), make("label", {}, "nudge each by ", nudge), knobs)));

  function descend() {
    if (!glass.pass || !(rate >= 0) || !Number.isFinite(rate)) return;
    const target = digit, before = glass.network.costOf(glass.pass, target), was = argmax(glass.pass.activations.at(-1));
    const next = glass.network.copy();
    next.descend(glass.network.backward(glass.pass, target), rate);
    const pass = next.forward(glass.pass.inputs);
    lastStep = `The cost went from ${shown(before)} to ${shown(next.costOf(pass, target))}; the answer from ${was} to ${argmax(pass.activations.at(-1))}.`;
    glass.change(next);
  }

  function draw() {
    const { network, pass } = glass;
    digit ??= pass ? glass.input.label ?? argmax(pass.activations.at(-1)) : null;
    press(should, digit);
    step.disabled = !pass;
    result.textContent = lastStep;
    if (!pass) {
      cost.textContent = "Nothing is drawn, so there is no cost.";
      layers.replaceChildren();
      knobs.replaceChildren();
      drawSigned(wish, new Float64Array(784));
      return;
    }
    const gradient = network.backward(pass, digit), now = network.costOf(pass, digit);
    cost.replaceChildren("The cost is ", make("b", {}, shown(now)), `, of ${network.cost === "quadratic" ? "squared differences" : "surprise"} at the outputs.`);
    layers.replaceChildren(tableOf(["layer", "dC/da, largest", "dC/dz, largest", "weights’ gradient, length"], network.layers.map((_, k) => [
      k === network.layers.length - 1 ? "answer" : `layer ${k + 1}`,
      shown(largest(gradient.activations[k])), shown(largest(gradient.sums[k])), shown(Math.hypot(...gradient.layers[k].weight)),
    ]).reverse()));
    drawSigned(wish, gradient.inputs);
    knobs.replaceChildren(tableOf(["knob", "gradient", "predicted", "true change"], network.knobs(gradient, KNOBS).map((knob) => {
      const other = network.nudged(knob, size), changed = other.costOf(other.forward(pass.inputs), digit) - now;
      return [nameOf(knob, network), shown(knob.gradient), shown(size * knob.gradient), shown(changed)];
    })));
  }

  const forget = { input: null };
  return () => {
    if (glass.input !== forget.input) {
      forget.input = glass.input;
      digit = null;
      lastStep = "";
    }
    draw();
  };
}

const largest = (values) => values.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);

export function nameOf({ layer, part, index }, network) {
  const { inputs, outputs } = network.layers[layer], last = layer === network.layers.length - 1;
  const to = part === "bias" ? index : Math.floor(index / inputs), from = index % inputs;
  const where = last ? `output ${to}` : `neuron ${to + 1} of layer ${layer + 1}`;
  if (part === "bias") return `bias of ${where}`;
  return layer ? `weight to ${where} from neuron ${from + 1}` : `weight to ${where} from pixel (${Math.floor(from / 28)}, ${from % 28})`;
}
