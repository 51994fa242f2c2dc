// What the page is about at this moment: one network, one image, one chosen neuron; and who wants to know.

/**
 * network: the one that answers; trained: the one to go back to.
 * input: null or {pixels: bytes (784), label: digit or null, source: words}.
 * changing: whether the network is another many times a second: what takes long to compute waits until it rests.
 * pass: the network's forward pass on it, or null where there is no image: then nothing was computed.
 */
export class Glass {
  constructor(description, network, samples) {
    Object.assign(this, { description, samples, trained: network, network, input: null, pass: null });
    this.chosen = { layer: 0, neuron: 0 };
    this.changing = false;
    this.changes = 0; // of the network: who keeps something computed from it looks here
    this.listeners = [];
  }

  on(listener) {
    this.listeners.push(listener);
  }

  /** Another network, trained or loaded: there is no way back from it to the one before. */
  load(description, network, changing = false) {
    this.description = description;
    this.changing = changing;
    this.trained = network;
    this.change(network);
  }

  /** The network stays as it is now. */
  rest() {
    if (!this.changing) return;
    this.changing = false;
    this.tell();
  }

  /** The same network, changed on this page. */
  change(network) {
    this.network = network;
    this.changes += 1;
    if (this.chosen.layer >= network.layers.length || this.chosen.neuron >= network.layers[this.chosen.layer].outputs) {
      this.chosen = { layer: 0, neuron: 0 };
    }
    this.#compute();
  }

  see(input) {
    this.input = input;
    this.#compute();
  }

  choose(layer, neuron) {
    this.chosen = { layer, neuron };
    this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener(this);
  }

  #compute() {
    this.pass = this.input && this.network.forward(this.network.inputsOf(this.input.pixels));
    this.tell();
  }
}
