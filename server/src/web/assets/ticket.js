// Keeps an opened ticket page working without a network and its state fresh with one.
"use strict";
(() => {
  const CACHE = "gatehouse-ticket-2";
  const POLL_MS = 15000;
  const page = location.pathname;
  const body = document.body;
  const banner = document.getElementById("offline");
  const headline = document.getElementById("headline");
  const detail = document.getElementById("detail");

  const setOffline = (offline) => {
    banner.hidden = !offline;
    // What is typed would be lost with the page that fails to load.
    for (const send of document.querySelectorAll(".ahead button")) send.disabled = offline;
  };

  const show = (state) => {
    if (body.dataset.state === state.state && detail.textContent === state.detail) return;
    body.dataset.state = state.state;
    headline.textContent = state.headline;
    detail.textContent = state.detail;
    keep();
  };

  // The page as it is now, so that it opens again offline with what was last known.
  const keep = async () => {
    if (!("caches" in window)) return;
    try {
      const cache = await caches.open(CACHE);
      await cache.add(new Request(page, { cache: "no-store" }));
    } catch { /* offline: what is kept already stays */ }
  };

  const poll = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const answer = await fetch(`${page}/state`, { cache: "no-store", credentials: "omit" });
      if (answer.ok) show(await answer.json());
      setOffline(false);
    } catch {
      setOffline(true);
    }
  };

  addEventListener("offline", () => setOffline(true));
  addEventListener("online", poll);
  document.addEventListener("visibilitychange", poll);
  setInterval(poll, POLL_MS);
  setOffline(navigator.onLine === false);

  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/t/sw.js", { scope: "/t/" })
      .then(() => navigator.serviceWorker.ready)
      .then(keep)
      .catch(() => { /* an insecure address: the open page still works */ });
  }
  poll();
})();
