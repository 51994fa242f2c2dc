// Keeping a state: as a link, and the network as a model file.

const NAME = /^[\w-]{1,4000}$/;

/** State as the part of a link after #; only what we wrote is read back, else null. */
export function toLink(state) {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

export function fromLink(text) {
  if (!NAME.test(text)) return null;
  try {
    const bytes = Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    const state = JSON.parse(new TextDecoder().decode(bytes));
    return typeof state === "object" ? state : null;
  } catch {
    return null;
  }
}

/** Strokes with fewer points, so that a link stays short: [[width, x, y, x, y, ...], ...]. */
export function shortened(strokes, most = 300) {
  const every = Math.max(Math.ceil(strokes.reduce((sum, { points }) => sum + points.length, 0) / most), 1);
  return strokes.map(({ width, points }) => [width, ...points.filter((_, n) => n % every === 0 || n === points.length - 1).flat()]);
}

export function lengthened(strokes) {
  if (!Array.isArray(strokes)) return [];
  return strokes.filter((one) => Array.isArray(one) && one.length >= 3 && one.every((x) => Number.isFinite(x) && Math.abs(x) < 1000))
    .map(([width, ...flat]) => ({ width, points: flat.flatMap((x, n) => (n % 2 || n + 1 >= flat.length ? [] : [[x, flat[n + 1]]])) }));
}

/** The network as a safetensors file of this package: a length, a description, the numbers. */
export function modelFile(network, description) {
  const header = { __metadata__: { tinygrad_mnist: JSON.stringify(description.contents) } }, arrays = [];
  let at = 0;
  network.layers.forEach((layer, k) => {
    for (const [part, shape] of [["bias", [layer.outputs]], ["weight", [layer.outputs, layer.inputs]]]) {
      const numbers = Float32Array.from(layer[part]);
      header[`${description.names[k]}.${part}`] = { dtype: "F32", shape, data_offsets: [at, (at += numbers.byteLength)] };
      arrays.push(numbers);
    }
  });
  let text = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(32);
  padded.set(text);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(padded.length), true);
  return new Blob([length, padded, ...arrays], { type: "application/octet-stream" });
}
