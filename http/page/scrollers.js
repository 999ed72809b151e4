// What is wider than its place can be moved by keyboard too: it is a stop for the Tab key as long as there is something to move.

function attend(place) {
  const moves = place.scrollWidth > place.clientWidth || place.scrollHeight > place.clientHeight;
  if (moves === (place.getAttribute("tabindex") === "0")) return;
  if (moves) {
    place.tabIndex = 0;
    place.setAttribute("role", "region");
    place.setAttribute("aria-labelledby", place.dataset.label);
  } else for (const name of ["tabindex", "role", "aria-labelledby"]) place.removeAttribute(name);
}

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) attend(target.closest(".scroll"));
});
for (const place of document.querySelectorAll(".scroll[data-label]")) {
  observer.observe(place);
  observer.observe(place.firstElementChild);
}
