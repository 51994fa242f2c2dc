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
  paint(canvas, side, pixels.length, (data) => {
    for (let i = 0; i < pixels.length; i++) data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = pixels[i];
  });
}

/** Draws numbers of either sign, the largest in full colour. */
export function drawSigned(canvas, values, side = 28, most = 0) {
  colours ??= palette();
  const full = most || values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  paint(canvas, side, values.length, (data) => {
    for (let i = 0; i < values.length; i++) {
      const share = Math.min(Math.abs(values[i]) / full, 1), end = values[i] > 0 ? colours.plus : colours.minus;
      for (let k = 0; k < 3; k++) data[4 * i + k] = colours.zero[k] + (end[k] - colours.zero[k]) * share;
    }
  });
}

export function clearPicture(canvas) {
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

/** colour(data) writes red, green and blue of each of `count` pixels. */
function paint(canvas, side, count, colour) {
  const height = Math.ceil(count / side);
  if (canvas.width !== side || canvas.height !== height) Object.assign(canvas, { width: side, height });
  const context = canvas.getContext("2d"), image = context.createImageData(side, height);
  for (let i = 0; i < count; i++) image.data[4 * i + 3] = 255;
  colour(image.data);
  context.putImageData(image, 0, 0);
}
