// The ten outputs, the answer, and how much it is worth: the same number on real digits and on noise.

import { byId, make, percent, shown } from "glass/html";
import { argmax, randomNumbers } from "glass/maths";

const NOISE_SEED = 1;

export function showAnswers(glass) {
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const fill = make("i"), number = make("span.number", {}, "–");
    byId("outputs").append(make("li", {}, make("span", {}, `${digit}`), make("div.bar", {}, fill), number));
    return { fill, number };
  });
  let known = null; // largest outputs on digits and on noise, and of which state of the network
  let waiting = null;

  const draw = () => {
    const outputs = glass.pass && glass.network.outputsOf(glass.pass);
    const most = outputs ? Math.max(...outputs.map(Math.abs), 1) : 1;
    bars.forEach(({ fill, number }, digit) => {
      fill.style.width = outputs ? `${100 * Math.max(outputs[digit], 0) / most}%` : "0";
      number.textContent = outputs ? shown(outputs[digit]) : "–";
    });
    byId("answer").replaceChildren(...words(glass, outputs));
    clearTimeout(waiting);
    if (known?.of === glass.changes) drawDoubt(outputs);
    else if (glass.changing) byId("doubt").textContent = "How it answers digits and noise is computed when its training rests.";
    else waiting = setTimeout(() => {
      known = compared(glass);
      drawDoubt(glass.pass && glass.network.outputsOf(glass.pass));
    }, 120);
  };

  function drawDoubt(outputs) {
    byId("digit-count").textContent = `${known.digits.length}`;
    const largest = outputs ? Math.max(...outputs) : null;
    histogram(byId("on-digits"), known, known.digits, largest);
    histogram(byId("on-noise"), known, known.noise, largest);
    const share = (values) => percent(values.filter((value) => value >= largest).length / values.length);
    byId("doubt").textContent = outputs
      ? `Its largest output is ${shown(largest)}. ${share(known.digits)} of real digits get one at least as large, and ${share(known.noise)} of pictures of pure noise: that is what its certainty is worth.`
      : "";
  }
  glass.on(draw);
}

function words(glass, outputs) {
  if (!outputs) return ["Nothing is drawn."];
  const digit = argmax(outputs), label = glass.input.label;
  const verdict = label === null || label === undefined ? "" : label === digit ? " That is right." : ` It is a ${label}.`;
  return [`${glass.input.source}: it reads`, make("b", {}, `${digit}`), verdict];
}

function compared(glass) {
  const random = randomNumbers(NOISE_SEED), { network } = glass;
  const largest = (pixels) => Math.max(...network.outputsOf(network.forward(network.inputsOf(pixels))));
  const digits = glass.samples.images.map(largest);
  const count = glass.samples.images[0].length;
  const noise = digits.map(() => largest(Uint8Array.from({ length: count }, () => random() * 256)));
  return { of: glass.changes, digits, noise, from: Math.min(0, ...digits, ...noise), to: Math.max(1, ...digits, ...noise) };
}

function histogram(canvas, { from, to }, values, mark) {
  const context = canvas.getContext("2d"), { width, height } = canvas, bins = new Array(24).fill(0);
  const style = getComputedStyle(document.documentElement), place = (value) => (value - from) / (to - from);
  for (const value of values) bins[Math.min(Math.floor(place(value) * bins.length), bins.length - 1)] += 1;
  const most = Math.max(...bins);
  context.clearRect(0, 0, width, height);
  context.fillStyle = style.getPropertyValue("--soft");
  bins.forEach((count, n) => {
    const tall = count / most * (height - 4);
    context.fillRect(n * width / bins.length + 1, height - tall, width / bins.length - 2, tall);
  });
  if (mark === null) return;
  context.fillStyle = style.getPropertyValue("--minus");
  context.fillRect(Math.min(Math.max(place(mark), 0), 1) * (width - 3), 0, 3, height);
}
