// Before the first paint: styles may now count on scripts, and a colour scheme once chosen is kept.
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const chosen = localStorage.getItem("quant-report-theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    // Storage is closed to this page (a sandboxed frame): the scheme of the system holds.
  }
})();
