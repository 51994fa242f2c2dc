// The page put together.

import { showAnswers } from "glass/answer";
import { showBack } from "glass/back";
import { showDiagram } from "glass/diagram";
import { showDream } from "glass/dream";
import { showFool } from "glass/fool";
import { Glass } from "glass/glass";
import { byId, make } from "glass/html";
import { showInside } from "glass/inside";
import { fromLink, lengthened, modelFile, shortened, toLink } from "glass/keep";
import { bytesOf } from "glass/maths";
import { Network } from "glass/network";
import { evened, inkOf, isEmpty, normalised, squeezed } from "glass/normalise";
import { showOwn } from "glass/own";
import { Pad } from "glass/pad";
import { clearPicture, drawDigit } from "glass/picture";
import { showTrain } from "glass/train";

const MOST_BYTES = 20e6, MOST_PIXELS = 50e6; // of a picture file

async function loaded() {
  const within = document.getElementById("network");
  if (within) {
    const { samples, parameters, ...description } = JSON.parse(within.textContent);
    return [description, new Float32Array(bytesOf(parameters).buffer), bytesOf(samples)];
  }
  const get = async (path) => (await fetch(path)).arrayBuffer();
  const [description, parameters, samples] = await Promise.all([fetch("/network").then((r) => r.json()), get("/parameters"), get("/samples")]);
  return [description, new Float32Array(parameters), new Uint8Array(samples)];
}

/** Images (784 bytes each) behind their labels (a byte each). */
function samplesOf(bytes, count) {
  const labels = [...bytes.subarray(0, count)];
  return { labels, images: labels.map((_, n) => bytes.subarray(count + 784 * n, count + 784 * (n + 1))) };
}

const [description, parameters, sampleBytes] = await loaded();
const samples = samplesOf(sampleBytes, description.samples_count);
const glass = new Glass(description, Network.from(description, parameters), samples);
const notice = (text) => (byId("notice").textContent = text);

// What is drawn, or given.

const prepared = (ink, width, height) => normalised(evened(ink, width, height), width, height);
let given = null; // {ink, width, height, source} of a file, or {pixels, label, source} that are ready
const drawn = () => {
  const ink = pad.ink();
  return isEmpty(ink) ? null : { ink, width: pad.canvas.width, height: pad.canvas.height, source: "Your drawing" };
};
function look() {
  const now = given ?? drawn();
  if (!now) {
    clearPicture(byId("as-drawn"));
    clearPicture(byId("as-seen"));
    return glass.see(null);
  }
  const plain = now.pixels ?? squeezed(now.ink, now.width, now.height);
  const pixels = now.pixels ?? (byId("normalise").checked ? prepared(now.ink, now.width, now.height) : plain);
  drawDigit(byId("as-drawn"), plain);
  drawDigit(byId("as-seen"), pixels);
  glass.see({ pixels, label: now.label ?? null, source: now.source });
}
const input = {
  /** An image that is ready to be seen, in place of the drawing. */
  give(pixels, source, label = null) {
    given = { pixels, source, label };
    look();
    pad.lookAt(byId("as-seen"));
  },
};
const pad = new Pad(byId("pad"), () => Number(byId("pen").value), () => {
  given = null;
  look();
});
byId("undo").onclick = () => pad.undo();
byId("clear").onclick = () => pad.clear();
byId("normalise").onchange = look;

let shownImage = -1;
const showImage = (n) => {
  shownImage = (n + samples.images.length) % samples.images.length;
  input.give(samples.images[shownImage], `Test image ${shownImage + 1}`, samples.labels[shownImage]);
};
byId("next-image").onclick = () => showImage(shownImage + 1);
byId("previous-image").onclick = () => showImage(Math.max(shownImage, 0) - 1);
byId("random-image").onclick = () => showImage(Math.floor(Math.random() * samples.images.length));

async function readFile(file) {
  notice("");
  if (file.size > MOST_BYTES) return notice(`${file.name}: larger than ${MOST_BYTES / 1e6} MB.`);
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return notice(`${file.name}: no picture that this browser can read.`);
  }
  if (bitmap.width * bitmap.height > MOST_PIXELS) return notice(`${file.name}: more than ${MOST_PIXELS / 1e6} million pixels.`);
  const shrink = Math.min(1, 560 / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(Math.round(bitmap.width * shrink), 1), height = Math.max(Math.round(bitmap.height * shrink), 1);
  const context = make("canvas", { width, height }).getContext("2d");
  Object.assign(context, { fillStyle: "#fff", imageSmoothingQuality: "high" });
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  const rgba = context.getImageData(0, 0, width, height).data;
  const brightness = Float64Array.from({ length: width * height }, (_, i) => 0.299 * rgba[4 * i] + 0.587 * rgba[4 * i + 1] + 0.114 * rgba[4 * i + 2]);
  const ink = inkOf(brightness, width, height);
  if (isEmpty(ink)) return notice(`${file.name}: all of one brightness, there is no digit in it.`);
  given = { ink, width, height, source: file.name };
  look();
  pad.lookAt(byId("as-drawn"));
}
byId("file").onchange = (event) => event.target.files[0] && readFile(event.target.files[0]);
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) readFile(event.dataTransfer.files[0]);
});

// The views.

const panel = (name) => byId(`panel-${name}`);
const training = description.server ? showTrain(glass, panel("train"), notice) : null;
if (!training) panel("train").append(make("p", {}, "This page is one file and works without a server. To train before your eyes: tinygrad-mnist page"));
const views = {
  inside: showInside(glass, panel("inside")), back: showBack(glass, panel("back")), train: training?.draw ?? (() => {}),
  fool: showFool(glass, panel("fool"), input), own: showOwn(glass, panel("own")), dream: showDream(glass, panel("dream"), input),
};
let view = "inside";
const tabs = Object.keys(views).map((name) => make("button", {
  role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, onclick: () => open(name),
  onkeydown: (event) => {
    const names = Object.keys(views), move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    open(names[(names.indexOf(view) + move + names.length) % names.length]);
    byId(`tab-${view}`).focus();
  },
}, panel(name).dataset.title));
byId("tabs").append(...tabs);
function open(name) {
  view = name;
  for (const other of Object.keys(views)) {
    panel(other).hidden = other !== name;
    panel(other).setAttribute("aria-labelledby", `tab-${other}`);
    byId(`tab-${other}`).setAttribute("aria-selected", `${other === name}`);
    byId(`tab-${other}`).tabIndex = other === name ? 0 : -1;
  }
  views[name]();
}

showAnswers(glass);
showDiagram(glass);
glass.on(() => {
  const { sizes, activation } = glass.description;
  byId("summary").textContent = `${sizes.join("-")}, ${activation}: ${glass.network.size.toLocaleString("en")} weights and biases, and nothing else.`;
  byId("restore").disabled = glass.network === glass.trained;
  if (view !== "train") views[view](); // which draws itself as the pictures come
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => glass.tell());
byId("restore").onclick = () => glass.change(glass.trained);

// Keeping it.

byId("copy-link").onclick = async () => {
  const state = { v: 1, strokes: shortened(pad.strokes), image: given?.label === undefined || !given ? null : shownImage, place: glass.place ?? null };
  const link = `${location.href.split("#")[0]}#${toLink(state)}`;
  history.replaceState(null, "", link);
  notice("The link is in the address bar.");
  await navigator.clipboard?.writeText(link).then(() => notice("The link is copied."), () => {});
};
byId("save-model").onclick = () => {
  const url = URL.createObjectURL(modelFile(glass.network, glass.description));
  make("a", { href: url, download: "digits.safetensors" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};

open(description.train ? "train" : "inside");
const state = fromLink(location.hash.slice(1));
if (state?.place && training) training.bring(state.place);
else if (description.train && training) training.begin();
if (Number.isInteger(state?.image) && state.image >= 0) showImage(state.image);
else pad.put(lengthened(state?.strokes));

// For tests: everything that the page computes, by the page's own code.
globalThis.glass = { glass, pad, input, training, prepared, squeezed, open, showImage };
document.documentElement.dataset.ready = "true";
