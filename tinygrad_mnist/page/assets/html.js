// Making elements. Texts are set as text, never read as HTML.

export const byId = (id) => document.getElementById(id);

/** make("p.note", {title: "…"}, "text", child, ...) */
export function make(kind, properties = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A number as one reads it: four digits that count; a dash for what was not computed. */
export function shown(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  const text = size === 0 ? "0" : size < 1e-3 || size >= 1e5 ? value.toExponential(2) : value.toPrecision(4);
  return text.replace("-", "−");
}

export const percent = (share) => (Number.isFinite(share) ? `${(100 * share).toFixed(1)}%` : "–");

/** Ten buttons, one for each digit. */
export function digitButtons(label, chosen) {
  const box = make("div.digits", { role: "group", "aria-label": label });
  for (let digit = 0; digit < 10; digit++) {
    box.append(make("button", { onclick: () => chosen(digit), "aria-pressed": "false", "data-digit": digit }, `${digit}`));
  }
  return box;
}

export function press(box, digit) {
  for (const button of box.children) button.setAttribute("aria-pressed", `${Number(button.dataset.digit) === digit}`);
}

export function tableOf(headings, rows) {
  const head = make("tr", {}, ...headings.map((text) => make("th", { scope: "col" }, text)));
  const body = rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell))));
  return make("table", {}, make("thead", {}, head), make("tbody", {}, ...body));
}
