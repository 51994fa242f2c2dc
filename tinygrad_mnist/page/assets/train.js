// Training before one's eyes: the server takes the steps, every picture here is of the network as it then was.

import { drawCurves } from "glass/curves";
import { make, percent, shown } from "glass/html";
import { Network } from "glass/network";
import { drawDigit, drawSigned } from "glass/picture";
import { Stream } from "glass/stream";

const MOST_RUNS = 4;
const KEPT = 400; // points of a curve: more are thinned out, so that hours of training cost no memory
const MISTAKES = 12;

export function showTrain(glass, panel, notice) {
  const choices = glass.description.choices;
  const said = make("p", { role: "status" }, "Not trained here yet.");
  const costs = make("canvas.curve", { role: "img", "aria-label": "Cost by step" }), accuracies = make("canvas.curve", { role: "img", "aria-label": "Accuracy on unseen digits by step" });
  const patterns = make("div.pictures"), mistakes = make("div.pictures"), table = make("dl");
  const recipe = select("Recipe", [...choices.recipes], "article");
  const fields = {
    hidden: text("hidden neurons", ""), activation: select("activation", ["", ...choices.activations], ""),
    rate: text("rate", ""), batch_size: text("batch size", ""), epochs: text("epochs", ""), seed: text("seed", "0"),
  };
  const pace = make("input", { type: "range", min: 0, max: 5, step: 0.5, value: 5, "aria-label": "Speed", oninput: () => stream.send({ do: "pace", steps: paceOf() }) });
  const start = make("button.main", { onclick: () => begin() }, "Train from noise");
  const pause = make("button", { onclick: () => stream.send({ do: running ? "pause" : "go" }), disabled: true }, "Pause");
  const once = make("button", { onclick: () => stream.send({ do: "step" }), disabled: true }, "One step");
  const beside = make("button", { onclick: () => begin(true) }, "One more beside it");
  panel.append(
    make("p.note", {}, "From random weights: guess, measure the cost, follow the gradient downhill, and again. Nobody tells it what a digit looks like."),
    make("fieldset", {}, make("legend", {}, "What to train"), recipe.label, ...Object.values(fields).map((field) => field.label), make("span.note", {}, "An empty field is as the recipe has it; hidden neurons as in 16 16.")),
    make("div.row", {}, start, pause, once, beside, make("label", {}, "slow ", pace, " fast")), said, table,
    make("div.columns", {},
      make("div", {}, make("h3", {}, "Cost"), costs, make("h3", {}, "Unseen digits read rightly"), accuracies),
      make("div", {}, make("h3", {}, "The first layer’s weights"), patterns, make("h3", {}, "Misread just now"), mistakes)));

  let runs = [], curves = [], training = 0, running = false, latest = null, pictures = 0, stream, wanted = null;
  let told = false; // something newer than the picture that waits to be painted
  const tell = (words) => { said.textContent = words; told = true; };
  const paceOf = () => (Number(pace.value) === 5 ? 0 : Math.round(10 ** Number(pace.value)));

  function settings() {
    const found = { recipe: recipe.input.value };
    for (const [name, { input }] of Object.entries(fields)) {
      const value = input.value.trim();
      if (!value) continue;
      if (name === "activation") found[name] = value;
      else if (name === "hidden") found[name] = value.split(/[\s,]+/).map(Number);
      else found[name] = Number(value);
    }
    return found;
  }

  function begin(more = false, until = null) {
    runs = more ? [...runs, settings()].slice(-MOST_RUNS) : [settings()];
    training += 1; // what still comes of the one before is not of these curves
    latest = null;
    curves = runs.map(() => ({ cost: [], accuracy: [] }));
    stream.send({ do: "start", training, runs, pace: paceOf(), until });
  }

  function received(message, parameters) {
    if (message.kind === "refused") {
      tell(message.why);
      ended();
      return;
    }
    if (message.kind === "queued") {
      tell(`Another training is running on this server; ${message.ahead === 1 ? "one is" : `${message.ahead} are`} ahead of this one.`);
      return;
    }
    if (message.kind === "compiling") {
      tell("Compiling this network’s training loop: a few seconds, the first time only…");
      return;
    }
    if (message.training !== training) return;
    running = message.running;
    remember(curves[message.run], message);
    if (message.run === 0) {
      if (!latest) requestAnimationFrame(paint);
      latest = { message, parameters };
      told = false;
    }
  }

  function ended() {
    running = false;
    pause.textContent = "Go on";
    glass.rest();
  }

  function remember(curve, { step, cost, accuracy }) {
    if (!curve) return;
    if (cost !== null) curve.cost.push([step, cost]);
    curve.accuracy.push([step, accuracy]);
    for (const name of ["cost", "accuracy"]) {
      if (curve[name].length > KEPT) curve[name] = curve[name].filter((_, n) => n % 2 === 0);
    }
  }

  function paint() {
    if (!latest) return;
    const { message, parameters } = latest;
    latest = null;
    pictures += 1;
    glass.place = { settings: runs[0], step: message.step };
    glass.load({ ...message.network, choices }, Network.from(message.network, parameters), running);
    pause.disabled = once.disabled = message.step >= message.steps;
    pause.textContent = running ? "Pause" : "Go on";
    if (!told) said.textContent = message.step >= message.steps
      ? `Trained: it reads ${percent(message.accuracy)} of ${message.of.toLocaleString("en")} unseen digits.`
      : running ? "Training…" : "Paused.";
    table.replaceChildren(...[
      ["step", `${message.step.toLocaleString("en")} of ${message.steps.toLocaleString("en")}`], ["epoch", `${message.epoch} of ${message.epochs}`],
      ["cost", shown(message.cost)], ["unseen digits", percent(message.accuracy)], ["rate", shown(message.rate)],
      ["images a second", message.images_per_second ? Math.round(message.images_per_second).toLocaleString("en") : "–"],
    ].flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
    if (!panel.hidden) drawAll();
  }

  function drawAll() {
    const top = Math.max(0.1, ...curves.flatMap(({ cost }) => cost.map(([, value]) => value).filter(Number.isFinite)));
    drawCurves(costs, curves.map(({ cost }) => cost), Math.min(top, 10));
    drawCurves(accuracies, curves.map(({ accuracy }) => accuracy), 1);
    const first = glass.network.layers[0], count = Math.min(first.outputs, 32);
    while (patterns.children.length > count) patterns.lastChild.remove();
    while (patterns.children.length < count) patterns.append(make("canvas.pixels", { role: "img", "aria-label": `Weights of neuron ${patterns.children.length + 1}` }));
    for (let j = 0; j < count; j++) drawSigned(patterns.children[j], first.weight.subarray(j * first.inputs, (j + 1) * first.inputs));
    const { images, labels } = glass.samples, wrong = [];
    for (let n = 0; n < images.length && wrong.length < MISTAKES; n++) {
      const answer = glass.network.answer(images[n]);
      if (answer !== labels[n]) wrong.push([n, answer]);
    }
    mistakes.replaceChildren(...wrong.map(([n, answer]) => {
      const canvas = make("canvas.pixels", { role: "img", "aria-label": `A ${labels[n]} taken for a ${answer}` });
      drawDigit(canvas, images[n]);
      return make("figure", {}, canvas, make("figcaption", {}, `${labels[n]} as ${answer}`));
    }));
  }

  stream = new Stream(received, (there) => {
    notice(there ? "" : "The server is gone. The network stays as it is; training goes on when the server is back.");
    start.disabled = beside.disabled = !there;
    if (there && wanted) wanted();
    wanted = null;
    if (!there) {
      ended();
      latest = null; // painting it would offer buttons that reach nobody
      pause.disabled = once.disabled = true;
      tell("The server is gone.");
    } else if (said.textContent === "The server is gone.") said.textContent = "The server is back: train again, from the same seed.";
  });

  return {
    draw: () => drawAll(),
    /** Train by these settings up to a step and stop there; what a link asks for. */
    bring(to) {
      recipe.input.value = to.settings.recipe;
      for (const [name, { input }] of Object.entries(fields)) input.value = [to.settings[name] ?? ""].flat().join(" ");
      begin(false, to.step);
    },
    begin,
    get running() {
      return running;
    },
    get pictures() {
      return pictures;
    },
    get curves() {
      return curves;
    },
  };
}

function text(name, value) {
  const input = make("input", { type: "text", size: 6, value, inputMode: "decimal" });
  return { input, label: make("label", {}, `${name} `, input) };
}

function select(name, values, chosen) {
  const input = make("select", {}, ...values.map((value) => make("option", { value, selected: value === chosen }, value || "as the recipe")));
  return { input, label: make("label", {}, `${name} `, input) };
}
