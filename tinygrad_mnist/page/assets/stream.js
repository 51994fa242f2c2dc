// The wire to the server that trains: it comes back by itself, and says when it is gone.

const AGAIN = 1000; // ms

/** Calls said({kind, ...}, parameters or null) for each message, and state(true or false) as the server comes and goes. */
export class Stream {
  constructor(said, state) {
    Object.assign(this, { said, state, socket: null, waiting: [] });
    this.#open();
  }

  send(message) {
    const text = JSON.stringify(message);
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
    else if (this.socket.readyState === WebSocket.CONNECTING) this.waiting.push(text);
  }

  #open() {
    const socket = (this.socket = new WebSocket(`ws://${location.host}/train`));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.state(true);
      this.waiting.splice(0).forEach((text) => socket.send(text));
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") return this.said(JSON.parse(data), null);
      // a length, so many bytes of JSON, then float32 parameters at a multiple of four
      const length = new DataView(data).getUint32(0, true);
      this.said(JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length))), new Float32Array(data, 4 + length));
    };
    socket.onclose = () => {
      this.waiting = [];
      this.state(false);
      this.#whenBack();
    };
  }

  /** Asks quietly whether the server is there: a socket that fails would fill the console. */
  async #whenBack() {
    await new Promise((wake) => setTimeout(wake, AGAIN));
    const answer = await fetch("/network", { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (answer?.ok) this.#open();
    else this.#whenBack();
  }
}
