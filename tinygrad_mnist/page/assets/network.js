// The network itself: forward, backward, and what can be done to it. Plain loops over plain arrays.

import { ACTIVATIONS, argmax, randomNumbers, softmax } from "glass/maths";

/**
 * Layers of neurons. All numbers are held and computed in double precision.
 *
 * layers: [{weight: Float64Array (outputs * inputs, row by row), bias: Float64Array (outputs),
 *           inputs, outputs, activation: name}]
 * scale: from pixels, 0 to 255, to inputs. cost: "quadratic" or "cross-entropy".
 */
export class Network {
  constructor(layers, scale, cost) {
    Object.assign(this, { layers, scale, cost });
  }

  /** From the server's description and all parameters in one row: weights, then biases, layer by layer. */
  static from(description, parameters) {
    let from = 0;
    const take = (count) => Float64Array.from(parameters.subarray(from, (from += count)));
    const sizes = description.sizes;
    const layers = sizes.slice(1).map((outputs, i) => ({
      weight: take(sizes[i] * outputs), bias: take(outputs), inputs: sizes[i], outputs,
      activation: i < sizes.length - 2 ? description.activation : description.output,
    }));
    if (from !== parameters.length) throw new Error(`${parameters.length} parameters where ${from} belong`);
    return new Network(layers, description.scale, description.cost);
  }

  copy() {
    const layers = this.layers.map((layer) => ({
      ...layer, weight: layer.weight.slice(), bias: layer.bias.slice(),
    }));
    return new Network(layers, this.scale, this.cost);
  }

  /** How many weights and biases there are. */
  get size() {
    return this.layers.reduce((sum, layer) => sum + layer.weight.length + layer.bias.length, 0);
  }

  inputsOf(pixels) {
    const inputs = new Float64Array(pixels.length);
    for (let i = 0; i < inputs.length; i++) inputs[i] = pixels[i] * this.scale;
    return inputs;
  }

  /** Weighted sums and activations of every layer: {inputs, sums: [..], activations: [..]}. */
  forward(inputs) {
    const sums = [], activations = [];
    let below = inputs;
    for (const layer of this.layers) {
      const z = layer.bias.slice();
      for (let j = 0; j < layer.outputs; j++) {
        const row = j * layer.inputs;
        let sum = 0;
        for (let i = 0; i < layer.inputs; i++) sum += layer.weight[row + i] * below[i];
        z[j] += sum;
      }
      below = layer.activation === "softmax" ? Float64Array.from(softmax([...z])) : z.map(ACTIVATIONS[layer.activation][0]);
      sums.push(z);
      activations.push(below);
    }
    return { inputs, sums, activations };
  }

  /** The outputs as one reads them: shares of one where the cost is cross-entropy, else as they are. */
  outputsOf(pass) {
    const last = [...pass.activations.at(-1)];
    return this.cost === "cross-entropy" ? softmax(last) : last;
  }

  answer(pixels) {
    return argmax(this.forward(this.inputsOf(pixels)).activations.at(-1));
  }

  costOf(pass, digit) {
    const outputs = [...pass.activations.at(-1)];
    if (this.cost === "quadratic") return outputs.reduce((sum, a, i) => sum + (a - (i === digit)) ** 2, 0);
    const largest = Math.max(...outputs);
    return largest + Math.log(outputs.reduce((sum, a) => sum + Math.exp(a - largest), 0)) - outputs[digit];
  }

  /**
   * The gradient of the cost for one image, backwards through the layers:
   * {layers: [{weight, bias}], sums: [dC/dz of each layer], activations: [dC/da], inputs: dC/dx}.
   * `start` replaces dC/da of the outputs (to ask for something other than the cost).
   */
  backward(pass, digit, start = null) {
    const count = this.layers.length;
    const found = { layers: [], sums: [], activations: [], inputs: null };
    let up = start ?? this.#slopeOfCost(pass, digit);
    for (let k = count - 1; k >= 0; k--) {
      const layer = this.layers[k], below = k ? pass.activations[k - 1] : pass.inputs;
      const slope = this.#throughActivation(layer, pass, k, up);
      const weight = new Float64Array(layer.weight.length), down = new Float64Array(layer.inputs);
      for (let j = 0; j < layer.outputs; j++) {
        const row = j * layer.inputs, d = slope[j];
        for (let i = 0; i < layer.inputs; i++) {
          weight[row + i] = d * below[i];
          down[i] += d * layer.weight[row + i];
        }
      }
      found.layers[k] = { weight, bias: slope };
      found.sums[k] = slope;
      found.activations[k] = up;
      up = down;
    }
    found.inputs = up;
    return found;
  }

  #slopeOfCost(pass, digit) {
    const outputs = pass.activations.at(-1);
    if (this.cost === "quadratic") return outputs.map((a, i) => 2 * (a - (i === digit)));
    return Float64Array.from(softmax([...outputs]), (share, i) => share - (i === digit));
  }

  #throughActivation(layer, pass, k, up) {
    if (layer.activation !== "softmax") {
      const slope = ACTIVATIONS[layer.activation][1];
      return pass.sums[k].map((z, j) => up[j] * slope(z));
    }
    const shares = pass.activations[k], mean = shares.reduce((sum, s, j) => sum + s * up[j], 0);
    return shares.map((s, j) => s * (up[j] - mean));
  }

  /** One step of gradient descent for one image, in place. */
  descend(gradient, rate) {
    this.layers.forEach((layer, k) => {
      for (const part of ["weight", "bias"]) {
        const values = layer[part], slopes = gradient.layers[k][part];
        for (let i = 0; i < values.length; i++) values[i] -= rate * slopes[i];
      }
    });
  }

  /** The parameters whose gradient is largest, of either sign: [{layer, part, index, gradient}]. */
  knobs(gradient, count) {
    const all = [];
    gradient.layers.forEach((found, layer) => {
      for (const part of ["weight", "bias"]) {
        found[part].forEach((slope, index) => all.push({ layer, part, index, gradient: slope }));
      }
    });
    return all.sort((a, b) => Math.abs(b.gradient) - Math.abs(a.gradient)).slice(0, count);
  }

  nudged(knob, size) {
    const other = this.copy();
    other.layers[knob.layer][knob.part][knob.index] += size;
    return other;
  }

  // Breaking it: each gives another network.

  /** A neuron that is silent: nothing above hears it. */
  silenced(layer, neuron) {
    const other = this.copy(), above = other.layers[layer + 1];
    if (above) {
      for (let j = 0; j < above.outputs; j++) above.weight[j * above.inputs + neuron] = 0;
      return other;
    }
    const own = other.layers[layer];
    own.weight.fill(0, neuron * own.inputs, (neuron + 1) * own.inputs);
    own.bias[neuron] = own.activation === "sigmoid" ? -30 : 0;
    return other;
  }

  withoutBiases() {
    const other = this.copy();
    for (const layer of other.layers) layer.bias.fill(0);
    return other;
  }

  /** The same weights in the wrong places. */
  shuffled(layer, seed) {
    const other = this.copy(), random = randomNumbers(seed), weight = other.layers[layer].weight;
    for (let i = weight.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [weight[i], weight[j]] = [weight[j], weight[i]];
    }
    return other;
  }

  /** Share of images that are answered rightly: {right, count, byDigit: [[right, count]]}. */
  measure(images, labels) {
    const byDigit = Array.from({ length: this.layers.at(-1).outputs }, () => [0, 0]);
    images.forEach((pixels, n) => {
      byDigit[labels[n]][1] += 1;
      if (this.answer(pixels) === labels[n]) byDigit[labels[n]][0] += 1;
    });
    return { right: byDigit.reduce((sum, [right]) => sum + right, 0), count: images.length, byDigit };
  }
}

/** A rate at which one image at a time can be learned: a part of the recipe's, which is for whole batches. */
export function usualRate({ contents: { recipe } }) {
  return recipe.optimiser === "sgd" ? recipe.rate / 16 : 0.05;
}
