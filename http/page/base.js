// What the parts of the page share. They run in a browser, and use only what the API offers to everybody.

export const byId = (id) => document.getElementById(id);

export function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

export async function getJson(path) {
  return answered(await fetch(path, { headers: { accept: "application/json" } }));
}

export async function postJson(path, body, signal = null) {
  const headers = { accept: "application/json", "content-type": "application/json" };
  return answered(await fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal }));
}

/** What came; a problem is thrown in its own words. /health says how it is with a status of its own. */
async function answered(response) {
  const body = await response.json();
  if (response.headers.get("content-type") === "application/problem+json") throw new Error(body.detail);
  return body;
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytesText(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toLocaleString("en", { maximumFractionDigits: unit === 0 ? 0 : 1 })} ${BYTE_UNITS[unit]}`;
}

export function numberText(value, digits = 0) {
  return value === null ? "–" : value.toLocaleString("en", { maximumFractionDigits: digits });
}
