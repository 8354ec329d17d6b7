// Runs before the first rendering: applies the chosen theme and records errors of the page.
"use strict";
(() => {
  try {
    const chosen = localStorage.getItem("accunode.theme");
    if (chosen) document.documentElement.dataset.theme = chosen;
  } catch { /* No storage: the system's theme. */ }
  /** @type {string[]} */
  const faults = [];
  Object.assign(window, { accunodeFaults: faults });
  addEventListener("error", (event) => faults.push(String(event.message || (event.target instanceof HTMLScriptElement && event.target.src) || event.type)), true);
  addEventListener("unhandledrejection", (event) => faults.push(String(event.reason)));
  addEventListener("securitypolicyviolation", (event) => faults.push(`policy: ${event.violatedDirective} ${event.blockedURI}`));
})();
