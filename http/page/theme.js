// The theme that was chosen, before anything is painted. No module: those wait until the page is read.

try {
  const chosen = localStorage.getItem("millrace-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // A browser that keeps nothing for pages: the system's theme it is.
}
