// What MNIST's makers did with each digit (LeCun and others 1998): cut out, scaled with its proportions
// kept to fit a box of 20 x 20, and its centre of mass put at the centre of 28 x 28 pixels.

const BOX = 20 / 28; // of the image's side
const FAINT = 0.1; // of the strongest ink: what is fainter does not count as part of the digit

const THIN = 1.9, THICK = 3.3; // pixels of the box: between them lie most of MNIST's strokes
const DIAGONAL = Math.SQRT2;

/** Whether there is any ink: values are ink, 0 the paper. */
export const isEmpty = (ink) => ink.every((value) => !value);

/**
 * ink: how dark each point is, 0 the paper, of any scale; width, height: of the picture.
 * Gives bytes (side * side), 0 the paper; null where there is no ink.
 */
export function normalised(ink, width, height, side = 28) {
  const most = ink.reduce((a, b) => Math.max(a, b), 0);
  if (!most) return null;
  let top = height, bottom = -1, left = width, right = -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (ink[y * width + x] / most <= FAINT) continue;
      top = Math.min(top, y);
      bottom = y;
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
  }
  const tall = bottom - top + 1, wide = right - left + 1;
  const box = Math.max(Math.round(side * BOX), 1), shrink = box / Math.max(tall, wide);
  const rows = Math.max(Math.round(tall * shrink), 1), columns = Math.max(Math.round(wide * shrink), 1);
  const cut = new Float64Array(tall * wide);
  for (let y = 0; y < tall; y++) {
    for (let x = 0; x < wide; x++) cut[y * wide + x] = ink[(top + y) * width + left + x] / most;
  }
  const small = resampled(cut, wide, tall, columns, rows);
  const down = start(profile(small, columns, rows, true), side), across = start(profile(small, columns, rows, false), side);
  const image = new Uint8ClampedArray(side * side);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      image[(down + y) * side + across + x] = Math.round(255 * small[y * columns + x]);
    }
  }
  return image;
}

/**
 * The same ink as if drawn with a pen like those of MNIST: strokes thinner or thicker than most of its digits
 * have are brought to the nearest usual width, others stay as they are.
 */
export function evened(ink, width, height) {
  const most = ink.reduce((a, b) => Math.max(a, b), 0), within = (i) => ink[i] > most / 2;
  const inside = distances(width, height, (i) => !within(i)), outside = distances(width, height, within);
  let area = 0, sum = 0, top = height, bottom = 0, left = width, right = 0;
  for (let i = 0; i < ink.length; i++) {
    if (!within(i)) continue;
    const x = i % width, y = (i - x) / width;
    [top, bottom, left, right] = [Math.min(top, y), Math.max(bottom, y), Math.min(left, x), Math.max(right, x)];
    area += 1;
    sum += inside[i] - 0.5;
  }
  const unit = Math.max(bottom - top + 1, right - left + 1) / (28 * BOX);
  const stroke = 4 * sum / area / unit; // across a stroke the distance to its edge is a quarter of its width, on average
  const grow = (Math.min(Math.max(stroke, THIN), THICK) - stroke) / 2 * unit;
  if (!grow || !area) return ink;
  return ink.map((_, i) => most * Math.min(Math.max((within(i) ? inside[i] - 0.5 : 0.5 - outside[i]) + grow + 0.5, 0), 1));
}

/** How far each point is from the nearest where `there` is true, going straight and diagonally. */
function distances(width, height, there) {
  const far = Float64Array.from({ length: width * height }, (_, i) => (there(i) ? 0 : 1e9));
  const pass = (from, to, step) => {
    for (let y = from; y !== to; y += step) {
      for (let k = 0; k < width; k++) {
        const x = step > 0 ? k : width - 1 - k, i = y * width + x, back = x - step, above = i - step * width;
        const has = back >= 0 && back < width, over = y !== from;
        let best = far[i];
        if (has) best = Math.min(best, far[i - step] + 1);
        if (over) best = Math.min(best, far[above] + 1);
        if (over && has) best = Math.min(best, far[above - step] + DIAGONAL);
        if (over && x + step >= 0 && x + step < width) best = Math.min(best, far[above + step] + DIAGONAL);
        far[i] = best;
      }
    }
  };
  pass(0, height, 1);
  pass(height - 1, -1, -1);
  return far;
}

/** The whole picture, made small and nothing else. */
export function squeezed(ink, width, height, side = 28) {
  const most = ink.reduce((a, b) => Math.max(a, b), 0);
  if (!most) return null;
  return Uint8ClampedArray.from(resampled(ink, width, height, side, side), (value) => Math.round(255 * value / most));
}

/** Ink from brightness, dark on light or light on dark: the border's middle brightness is the paper's. */
export function inkOf(brightness, width, height) {
  const border = [];
  for (let x = 0; x < width; x++) border.push(brightness[x], brightness[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) border.push(brightness[y * width], brightness[(y + 1) * width - 1]);
  border.sort((a, b) => a - b);
  const paper = (border[(border.length - 1) >> 1] + border[border.length >> 1]) / 2;
  const darkest = brightness.reduce((a, b) => Math.min(a, b), Infinity);
  const lightest = brightness.reduce((a, b) => Math.max(a, b), -Infinity);
  const sign = lightest - paper >= paper - darkest ? 1 : -1;
  return Float64Array.from(brightness, (value) => Math.max(sign * (value - paper), 0));
}

function resampled(values, width, height, columns, rows) {
  const across = weights(columns, width), down = weights(rows, height);
  const halfway = new Float64Array(height * columns), result = new Float64Array(rows * columns);
  for (let y = 0; y < height; y++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (const [x, share] of across[j]) sum += values[y * width + x] * share;
      halfway[y * columns + j] = sum;
    }
  }
  for (let i = 0; i < rows; i++) {
    for (const [y, share] of down[i]) {
      for (let j = 0; j < columns; j++) result[i * columns + j] += halfway[y * columns + j] * share;
    }
  }
  return result;
}

/** For each new place the old ones and their shares: triangles as wide as the coarser of the two grids. */
function weights(count, old) {
  const reach = Math.max(old / count, 1);
  return Array.from({ length: count }, (_, n) => {
    const place = (n + 0.5) * old / count - 0.5, near = [];
    for (let k = Math.max(Math.floor(place - reach), 0); k <= Math.min(Math.ceil(place + reach), old - 1); k++) {
      const share = 1 - Math.abs(k - place) / reach;
      if (share > 0) near.push([k, share]);
    }
    const sum = near.reduce((total, [, share]) => total + share, 0);
    return near.map(([k, share]) => [k, share / sum]);
  });
}

function profile(values, columns, rows, ofRows) {
  const sums = new Float64Array(ofRows ? rows : columns);
  for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) sums[ofRows ? y : x] += values[y * columns + x];
  return sums;
}

/** Where a profile must start to have its centre of mass in the middle, as far as it fits. */
function start(mass, length) {
  let moment = 0, sum = 0;
  mass.forEach((value, n) => {
    moment += value * n;
    sum += value;
  });
  return Math.min(Math.max(roundHalfEven(length / 2 - moment / sum), 0), length - mass.length);
}

const roundHalfEven = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
