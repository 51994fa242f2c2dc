// One's own digits: kept in this browser, trained on, and what the network forgets over them.

import { digitButtons, make, percent, tableOf } from "glass/html";
import { usualRate } from "glass/network";
import { base64Of, bytesOf } from "glass/maths";
import { drawDigit } from "glass/picture";

const SHELF = "glass-digits";
const MOST = 200;
const MOST_ROUNDS = 1000;

export function showOwn(glass, panel) {
  let kept = fromShelf(), rate = usualRate(glass.description), rounds = 200, report = null;
  const list = make("div.pictures"), outcome = make("div.wide", { tabIndex: 0, role: "region", "aria-label": "What was learned and forgotten" });
  const said = make("p", { role: "status" });
  const labels = digitButtons("Keep what is drawn as", (digit) => {
    if (!glass.input) return void (said.textContent = "Nothing is drawn: there is nothing to keep.");
    if (kept.length >= MOST) return void (said.textContent = `${MOST} digits are kept, which is all there is room for.`);
    kept.push({ digit, pixels: Uint8Array.from(glass.input.pixels) });
    said.textContent = toShelf(kept) ? `Kept as a ${digit}.` : `Kept as a ${digit} until this page is closed: the browser has no room for it.`;
    draw();
  });
  const number = (value, label, set, properties) => make("label", {}, `${label} `, make("input", { type: "number", value, ...properties, onchange: (event) => set(Number(event.target.value)) }));
  const learn = make("button.main", { onclick: train }, "Train on them");
  panel.append(
    make("p.note", {}, "Keep your own digits, train the network on nothing but them, and see what it forgets of everybody else’s."),
    make("p", {}, "What is drawn now is a:"), labels, said, list,
    make("div.row", {}, learn, number(rounds, "rounds", (value) => (rounds = value), { min: 1, max: MOST_ROUNDS, step: 1 }),
      number(rate, "rate", (value) => (rate = value), { min: 0, step: "any" }),
      make("button", { onclick: forgetAll }, "Forget all of them")), outcome);

  function forgetAll() {
    kept = [];
    toShelf(kept);
    draw();
  }

  function train() {
    if (!(rounds >= 1 && rounds <= MOST_ROUNDS && Number.isInteger(rounds)) || !(rate >= 0 && Number.isFinite(rate))) {
      said.textContent = `Rounds are whole numbers from 1 to ${MOST_ROUNDS}, and the rate is a number from 0 up.`;
      return;
    }
    const before = measured(), next = glass.network.copy();
    for (let round = 0; round < rounds; round++) {
      for (const { digit, pixels } of kept) {
        const pass = next.forward(next.inputsOf(pixels));
        next.descend(next.backward(pass, digit), rate);
      }
    }
    glass.change(next);
    report = { before, after: measured() };
    draw();
  }

  function measured() {
    const { images, labels } = glass.samples;
    return { others: glass.network.measure(images, labels), own: glass.network.measure(kept.map((x) => x.pixels), kept.map((x) => x.digit)) };
  }

  function draw() {
    learn.disabled = !kept.length;
    list.replaceChildren(...kept.map((one, n) => {
      const canvas = make("canvas.pixels", { role: "img", "aria-label": `Your ${one.digit}` });
      drawDigit(canvas, one.pixels);
      const drop = make("button", { "aria-label": `Forget this ${one.digit}`, onclick: () => {
        kept.splice(n, 1);
        toShelf(kept);
        draw();
      } }, `${one.digit} ✕`);
      return make("figure", {}, canvas, drop);
    }));
    if (!report) return outcome.replaceChildren();
    const share = ({ right, count }) => (count ? percent(right / count) : "–");
    const { before, after } = report;
    outcome.replaceChildren(make("h3", {}, "Read rightly"), tableOf(["", "before", "after"], [
      ["your digits", share(before.own), share(after.own)],
      [`${before.others.count} test images`, share(before.others), share(after.others)],
      ...before.others.byDigit.map(([right, count], digit) => [`of them the ${digit}s`, share({ right, count }), share({ right: after.others.byDigit[digit][0], count })]),
    ]));
  }
  return draw;
}

function fromShelf() {
  try {
    const found = JSON.parse(localStorage.getItem(SHELF) ?? "[]");
    return found.map(([digit, text]) => ({ digit, pixels: bytesOf(text) })).filter(({ digit, pixels }) => digit >= 0 && digit <= 9 && pixels.length === 784).slice(0, MOST);
  } catch {
    return []; // no storage here, or not what we wrote
  }
}

function toShelf(kept) {
  try {
    localStorage.setItem(SHELF, JSON.stringify(kept.map(({ digit, pixels }) => [digit, base64Of(pixels)])));
    return true;
  } catch {
    return false;
  }
}
