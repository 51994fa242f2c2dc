// Curves of several networks: cost falling, accuracy rising.

const COLOURS = ["--accent", "--glow", "--plus", "--minus"];

/** series: [[ [x, y], ... ], ...]; y from 0 to `top`. */
export function drawCurves(canvas, series, top) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  context.scale(ratio, ratio);
  const last = Math.max(1, ...series.map((points) => points.at(-1)?.[0] ?? 0));
  context.font = "11px system-ui, sans-serif";
  for (const share of [0, 0.5, 1]) {
    const y = 4 + (height - 20) * (1 - share);
    context.strokeStyle = style.getPropertyValue("--line");
    context.beginPath();
    context.moveTo(34, y);
    context.lineTo(width, y);
    context.stroke();
    context.fillStyle = style.getPropertyValue("--soft");
    context.fillText(top === 1 ? `${100 * share}%` : (top * share).toPrecision(2), 0, y + 4);
  }
  context.fillText(`step ${last.toLocaleString("en")}`, width - 80, height - 2);
  series.forEach((points, n) => {
    context.strokeStyle = style.getPropertyValue(COLOURS[n % COLOURS.length]);
    context.lineWidth = 2;
    context.beginPath();
    points.forEach(([x, y], i) => {
      const place = [34 + (width - 36) * x / last, 4 + (height - 20) * (1 - Math.min(y / top, 1))];
      if (i) context.lineTo(...place);
      else context.moveTo(...place);
    });
    context.stroke();
  });
}
