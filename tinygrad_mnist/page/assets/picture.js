// Small pictures: digits in grey, weights in two colours.

const palette = () => {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim().match(/\w\w/g).map((pair) => parseInt(pair, 16));
  return { zero: colour("--zero"), plus: colour("--plus"), minus: colour("--minus") };
};
let colours = null;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (colours = null));

/** Draws bytes (side * side), 0 black and 255 white. */
export function drawDigit(canvas, pixels, side = 28) {
  paint(canvas, side, pixels.length, (i) => [pixels[i], pixels[i], pixels[i]]);
}

/** Draws numbers of either sign, the largest in full colour. */
export function drawSigned(canvas, values, side = 28, most = 0) {
  colours ??= palette();
  const full = most || values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  paint(canvas, side, values.length, (i) => {
    const share = Math.min(Math.abs(values[i]) / full, 1), end = values[i] > 0 ? colours.plus : colours.minus;
    return colours.zero.map((from, k) => from + (end[k] - from) * share);
  });
}

export function clearPicture(canvas) {
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

function paint(canvas, side, count, colourOf) {
  canvas.width = side;
  canvas.height = Math.ceil(count / side);
  const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
  for (let i = 0; i < count; i++) image.data.set([...colourOf(i), 255], 4 * i);
  context.putImageData(image, 0, 0);
}
