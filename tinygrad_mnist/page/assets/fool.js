// Images that are no digits, and a network that is broken on purpose.

import { byId, make, percent, tableOf } from "glass/html";
import { randomNumbers } from "glass/maths";

export function showFool(glass, panel, input) {
  let seed = 1;
  const side = 28;
  const see = (pixels, source) => input.give(pixels, source);
  const seen = () => glass.input?.pixels ?? new Uint8Array(side * side);
  const fools = {
    "Pure noise": () => {
      const random = randomNumbers((seed += 1));
      see(Uint8Array.from({ length: side * side }, () => random() * 256), "Noise");
    },
    "A blank image": () => see(new Uint8Array(side * side), "A blank image, given on purpose"),
    "Inverted": () => see(Uint8Array.from(seen(), (value) => 255 - value), "Inverted"),
    "Shifted": () => see(moved(seen(), side, 6, 4), "Shifted"),
    "Shuffled pixels": () => see(mixed(seen(), (seed += 1)), "The same pixels, shuffled"),
    "A letter": () => see(letter(seed += 1), "A letter"),
  };
  const broken = {
    "Silence the chosen neuron": () => glass.network.silenced(glass.chosen.layer, glass.chosen.neuron),
    "Remove all biases": () => glass.network.withoutBiases(),
    "Shuffle the weights of its layer": () => glass.network.shuffled(glass.chosen.layer, (seed += 1)),
  };
  const table = make("div.wide", { tabIndex: 0, role: "region", "aria-label": "What breaking it costs" });
  const buttons = (actions, run) => make("div.row", {}, ...Object.entries(actions).map(([name, act]) => make("button", { onclick: () => run(act) }, name)));
  panel.append(make("div.columns", {},
    make("div", {}, make("h3", {}, "Fool it"), make("p.note", {}, "It was never taught that some images are no digits, so it always has an answer."), buttons(fools, (act) => act())),
    make("div", {}, make("h3", {}, "Break it"), make("p.note", {}, "What it knows is spread over all neurons: see how much survives."),
      buttons(broken, (act) => glass.change(act())),
      make("div.row", {}, make("button.main", { onclick: () => glass.change(glass.trained) }, "Restore it")), table)));
  let measured = -1;
  return () => {
    if (measured === glass.changes) return;
    measured = glass.changes;
    const { images, labels } = glass.samples;
    const now = glass.network.measure(images, labels), whole = glass.trained.measure(images, labels);
    table.replaceChildren(tableOf([`of ${images.length} test images`, "read rightly"], [
      ["as it was", percent(whole.right / whole.count)], ["as it is now", percent(now.right / now.count)]]));
    byId("restore").disabled = glass.network === glass.trained;
  };
}

/** The image elsewhere in its frame; what leaves it is lost. */
export function moved(pixels, side, right, down) {
  return Uint8Array.from({ length: side * side }, (_, n) => {
    const x = (n % side) - right, y = Math.floor(n / side) - down;
    return x >= 0 && y >= 0 && x < side && y < side ? pixels[y * side + x] : 0;
  });
}

function mixed(pixels, seed) {
  const random = randomNumbers(seed), other = Uint8Array.from(pixels);
  for (let i = other.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [other[i], other[j]] = [other[j], other[i]];
  }
  return other;
}

function letter(seed) {
  const canvas = make("canvas", { width: 28, height: 28 }), context = canvas.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, 28, 28);
  Object.assign(context, { fillStyle: "#fff", font: "bold 23px sans-serif", textAlign: "center", textBaseline: "middle" });
  context.fillText("ABCDEFGHJKLMNPRSTUVWXYZ"[Math.floor(randomNumbers(seed)() * 23)], 14, 15);
  const rgba = context.getImageData(0, 0, 28, 28).data;
  return Uint8Array.from({ length: 784 }, (_, i) => rgba[4 * i]);
}
