// The theme's colours as a canvas takes them, and who is told when they change.

const probe = document.createElement("span");
probe.hidden = true;
document.documentElement.append(probe);

const listeners = new Set();
const dark = matchMedia("(prefers-color-scheme: dark)");
dark.addEventListener("change", recoloured);

/** The colour that a custom property such as `--ink` stands for now. */
export function colour(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

export function onColours(listener) {
  listeners.add(listener);
}

export function recoloured() {
  for (const listener of listeners) listener();
}
