// A button that asks back: the first click arms it, the second within a few seconds does it. Leaving it, or Escape, disarms it.

import { setText } from "./dom.js";

const ARMED_MS = 4000;

/** @param needsIt whether a second click is needed now */
export function armed(button, needsIt, act) {
  let timer;
  let label = "";
  let spoken = "";

  /** Back to its label; what it is called aloud says of whom. */
  button.disarm = (newLabel = label, newSpoken = spoken) => {
    clearTimeout(timer);
    label = newLabel;
    spoken = newSpoken;
    button.classList.remove("armed");
    setText(button, label);
    button.ariaLabel = spoken;
  };
  button.addEventListener("click", () => {
    if (needsIt() && !button.classList.contains("armed")) {
      button.classList.add("armed");
      setText(button, "Sure?");
      button.ariaLabel = `${spoken}: press again to do it`;
      timer = setTimeout(() => button.disarm(), ARMED_MS);
      return;
    }
    button.disarm();
    act();
  });
  button.addEventListener("blur", () => button.disarm());
  button.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") button.disarm();
  });
}
