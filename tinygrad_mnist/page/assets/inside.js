// One neuron: its weights as a picture, its weighted sum in numbers, what each input adds to it.

import { make, shown, tableOf } from "glass/html";
import { drawSigned } from "glass/picture";

const MOST_ROWS = 16;

export function showInside(glass, panel) {
  const title = make("h3"), sum = make("p"), list = make("div.wide", { tabIndex: 0, role: "region", "aria-label": "What each input adds" });
  const weights = make("canvas.pixels.big", { role: "img" }), adds = make("canvas.pixels.big", { role: "img" });
  const pictures = make("div.row", {},
    make("figure", {}, weights, make("figcaption", {}, "its weights, one for each pixel")),
    make("figure", {}, adds, make("figcaption", {}, "weight times pixel: what each adds")));
  panel.append(
    make("p.note", {}, "A neuron multiplies everything below it by a weight, adds a bias, and squashes the sum. That is all it does."),
    make("div.columns", {}, make("div", {}, title, sum, pictures), list));

  return () => {
    const { layer: k, neuron: j } = glass.chosen, layer = glass.network.layers[k];
    const own = layer.weight.subarray(j * layer.inputs, (j + 1) * layer.inputs);
    const below = glass.pass && (k ? glass.pass.activations[k - 1] : glass.pass.inputs);
    const parts = below && own.map((weight, i) => weight * below[i]);
    const last = k === glass.network.layers.length - 1;
    title.textContent = last ? `Output ${j}` : `Neuron ${j + 1} of layer ${k + 1}`;
    sum.replaceChildren(...sentence(glass, layer, k, j, parts));
    pictures.hidden = k > 0;
    if (k === 0) {
      drawSigned(weights, own);
      drawSigned(adds, parts ?? new Float64Array(own.length));
      weights.setAttribute("aria-label", `Weights of neuron ${j + 1} of layer 1 as a picture`);
      adds.setAttribute("aria-label", parts ? "What each pixel adds, as a picture" : "Nothing is drawn: not computed");
    }
    const order = [...own.keys()].sort((a, b) => (parts ? Math.abs(parts[b]) - Math.abs(parts[a]) : Math.abs(own[b]) - Math.abs(own[a])));
    const rows = order.slice(0, MOST_ROWS).map((i) => [
      k ? `neuron ${i + 1} of layer ${k}` : `pixel (${Math.floor(i / 28)}, ${i % 28})`,
      shown(own[i]), shown(below?.[i]), shown(parts?.[i]),
    ]);
    list.replaceChildren(
      make("h3", {}, `What adds most to it (${rows.length} of ${layer.inputs})`),
      tableOf(["from", "weight", "× activation", "= adds"], rows));
  };
}

function sentence(glass, layer, k, j, parts) {
  const bias = shown(layer.bias[j]);
  if (!parts) return [`Its bias is ${bias}. Nothing is drawn, so its sum is not computed.`];
  const added = parts.reduce((a, b) => a + b, 0), z = glass.pass.sums[k][j], a = glass.pass.activations[k][j];
  return [
    `weights × activations = ${shown(added)}, plus the bias ${bias}, is the weighted sum `,
    make("b", {}, shown(z)), `; ${layer.activation === "none" ? "it is passed on as it is" : `${layer.activation} makes it the activation`}: `, make("b", {}, shown(a)),
  ];
}
