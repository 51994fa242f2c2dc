// The network as circles and lines: the picture the story is told with, showing real numbers.

import { byId, make, shown } from "glass/html";

const MOST_IN_COLUMN = 20;

export function showDiagram(glass) {
  let circles = [], shape = "";

  function build() {
    circles = glass.network.layers.map((layer, k) => Array.from({ length: layer.outputs }, (_, j) => {
      const last = k === glass.network.layers.length - 1;
      return make("button.neuron", {
        onclick: () => glass.choose(k, j), onpointerenter: (event) => event.pointerType === "mouse" && glass.choose(k, j),
        onfocus: () => glass.choose(k, j),
      }, make("i"), make("b", {}, last ? `${j}` : ""));
    }));
    byId("neurons").replaceChildren(...circles.map((row, k) => {
      const name = k === circles.length - 1 ? "answer" : `layer ${k + 1}`;
      return make(row.length > MOST_IN_COLUMN ? "div.layer.many" : "div.layer", { role: "group", "aria-label": name }, make("span", {}, name), ...row);
    }));
  }

  const draw = () => {
    const { layers } = glass.network, now = layers.map((layer) => layer.outputs).join();
    if (now !== shape) {
      shape = now;
      build();
    }
    circles.forEach((row, k) => {
      const values = glass.pass?.activations[k];
      const most = values ? Math.max(...values.map(Math.abs), layers[k].activation === "sigmoid" ? 1 : 1e-9) : 1;
      row.forEach((circle, j) => {
        const light = values ? Math.min(Math.max(values[j], 0) / most, 1) : 0;
        circle.firstChild.style.opacity = light;
        circle.classList.toggle("lit", light > 0.45);
        circle.classList.toggle("chosen", glass.chosen.layer === k && glass.chosen.neuron === j);
        const where = k === circles.length - 1 ? `Output ${j}` : `Layer ${k + 1}, neuron ${j + 1}`;
        circle.setAttribute("aria-label", `${where}: activation ${values ? shown(values[j]) : "not computed"}`);
      });
    });
    drawLines();
  };

  /** What the chosen neuron hears: weight times activation, the widest line for the most. */
  function drawLines() {
    const canvas = byId("lines"), box = byId("neurons"), ratio = devicePixelRatio || 1;
    const width = box.scrollWidth, height = box.offsetHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    context.scale(ratio, ratio);
    const plus = style.getPropertyValue("--plus"), minus = style.getPropertyValue("--minus");
    const around = box.getBoundingClientRect();
    const centre = (circle) => {
      const { left, top, width: wide, height: tall } = circle.getBoundingClientRect();
      return [left - around.left + wide / 2, top - around.top + tall / 2];
    };
    for (let k = 1; k < circles.length; k++) {
      const layer = glass.network.layers[k], below = glass.pass?.activations[k - 1];
      const ends = circles[k].map(centre), starts = circles[k - 1].map(centre);
      const shownOf = glass.chosen.layer === k ? [glass.chosen.neuron] : circles.length * layer.outputs * layer.inputs < 2500 ? [...ends.keys()] : [];
      const whole = layer.weight.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-9);
      for (const j of shownOf) {
        const strong = glass.chosen.layer === k;
        for (let i = 0; i < layer.inputs; i++) {
          const part = layer.weight[j * layer.inputs + i] * (below && strong ? below[i] : 1), share = Math.min(Math.abs(part) / whole, 1);
          if (share < 0.04) continue;
          context.strokeStyle = part > 0 ? plus : minus;
          context.globalAlpha = strong ? 0.25 + 0.75 * share : 0.3 * share;
          context.lineWidth = strong ? 0.5 + 4 * share : 1;
          context.beginPath();
          context.moveTo(...starts[i]);
          context.lineTo(...ends[j]);
          context.stroke();
        }
      }
    }
  }
  glass.on(draw);
  addEventListener("resize", drawLines);
}
