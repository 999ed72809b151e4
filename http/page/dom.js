// Small words for the document. Everything that comes from the server enters as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function element(name, text = "", className = "") {
  const made = document.createElement(name);
  if (text !== "") made.textContent = text;
  if (className !== "") made.className = className;
  return made;
}

export function svg(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Writes only what is different, so that a selection and a reader's place survive. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The same of a name such as `compression_telemetry`, which may be broken behind its underscores where there is little room. */
export function setName(node, name) {
  if (node.textContent === name) return;
  const parts = name
    .split(/(?<=_)/)
    .flatMap((part, index) => (index === 0 ? [part] : [element("wbr"), part]));
  node.replaceChildren(...parts);
}

export function setClass(node, className) {
  if (node.className !== className) node.className = className;
}

/**
 * Makes the children of `parent` those of `items`, in their order. One that was there stays the same element, and with it the
 * focus. `make(item)` gives an element, `update(element, item)` brings it up to date.
 */
export function keyed(parent, items, keyOf, make, update) {
  const present = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let child = present.get(key);
    if (child === undefined) {
      child = make(item);
      child.dataset.key = key;
    }
    present.delete(key);
    update(child, item);
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
  for (const child of present.values()) child.remove();
}

/** A table's row whose first cell is its head: as many cells as given. */
export function makeRow(cells) {
  const row = element("tr");
  for (const index of cells.keys()) {
    const cell = element(index === 0 ? "th" : "td");
    if (index === 0) cell.scope = "row";
    row.append(cell);
  }
  return row;
}

/** @param cells texts, or `[text, class]` */
export function fillRow(row, cells) {
  for (const [index, cell] of cells.entries()) {
    const [text, className = ""] = Array.isArray(cell) ? cell : [cell];
    if (index === 0) setName(row.children[index], text);
    else setText(row.children[index], text);
    setClass(row.children[index], className);
  }
}

/** Makes a table's body of rows: `{ key, cells }`. */
export function fillTable(body, rows) {
  keyed(
    body,
    rows,
    ({ key }) => key,
    ({ cells }) => makeRow(cells),
    (row, { cells }) => fillRow(row, cells),
  );
}
