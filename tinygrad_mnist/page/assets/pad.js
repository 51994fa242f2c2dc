// The drawing surface: strokes by finger, pen, mouse or keyboard; one can take them back.

const STEP = 8; // points that an arrow key moves

/** strokes: [{width, points: [[x, y], ...]}], in points of the canvas. */
export class Pad {
  constructor(canvas, penWidth, changed) {
    Object.assign(this, { canvas, penWidth, changed, strokes: [], cursor: null, backdrop: null });
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    let drawing = false;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      drawing = true;
      this.#begin(this.#place(event));
      event.preventDefault();
      canvas.focus({ preventScroll: true, focusVisible: false });
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!drawing) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) this.strokes.at(-1).points.push(this.#place(each));
      this.#show();
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (drawing = false));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => {
      this.cursor = null;
      this.#draw();
    });
    this.#draw();
  }

  undo() {
    this.strokes.pop();
    this.#show();
  }

  clear() {
    this.strokes = [];
    this.#show();
  }

  put(strokes) {
    this.strokes = strokes;
    this.#show();
  }

  /** A picture (a canvas) in place of strokes: to look at, not to draw on. */
  lookAt(picture) {
    this.strokes = [];
    this.backdrop = picture;
    this.#draw();
  }

  /** How much ink each point has, 0 to 255, row by row. */
  ink() {
    this.#draw(false);
    const { width, height } = this.canvas, rgba = this.context.getImageData(0, 0, width, height).data;
    this.#draw();
    return Float64Array.from({ length: width * height }, (_, i) => rgba[4 * i]);
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    const across = (event.clientX - box.left) / box.width, down = (event.clientY - box.top) / box.height;
    return [Math.round(across * this.canvas.width), Math.round(down * this.canvas.height)];
  }

  #begin(point) {
    this.strokes.push({ width: this.penWidth(), points: [point] });
    this.#show();
  }

  #key(event) {
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const move = moves[event.key];
    if (!move && event.key !== " ") return;
    event.preventDefault();
    this.cursor ??= { x: this.canvas.width / 2, y: this.canvas.height / 2, down: false };
    const cursor = this.cursor;
    if (move) {
      cursor.x = Math.min(Math.max(cursor.x + move[0], 0), this.canvas.width);
      cursor.y = Math.min(Math.max(cursor.y + move[1], 0), this.canvas.height);
      if (cursor.down) this.strokes.at(-1).points.push([cursor.x, cursor.y]);
    } else {
      cursor.down = !cursor.down;
      if (cursor.down) this.strokes.push({ width: this.penWidth(), points: [[cursor.x, cursor.y]] });
    }
    this.#show();
  }

  #show() {
    this.backdrop = null;
    this.#draw();
    this.changed();
  }

  #draw(withCursor = true) {
    const { context, canvas } = this;
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = false;
    if (this.backdrop) context.drawImage(this.backdrop, 0, 0, canvas.width, canvas.height);
    Object.assign(context, { lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
    for (const { width, points } of this.strokes) {
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(...points[0]);
      for (const point of points) context.lineTo(...point);
      context.stroke();
    }
    if (!withCursor || !this.cursor) return;
    Object.assign(context, { strokeStyle: this.cursor.down ? "#ffd257" : "#9aa5ff", lineWidth: 3 });
    context.beginPath();
    context.arc(this.cursor.x, this.cursor.y, this.penWidth() / 2 + 3, 0, 7);
    context.stroke();
  }
}
