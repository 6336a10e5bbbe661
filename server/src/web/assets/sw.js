// Service worker of the ticket pages: the network when it answers soon, what is kept otherwise.
"use strict";
const CACHE = "gatehouse-ticket-2";
const SHELL = ["/assets/page.css", "/assets/ticket.js", "/assets/qr.js", "/assets/turning.js"];
const PATIENCE_MS = 3000;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("gatehouse-ticket-") && name !== CACHE) await caches.delete(name);
    }
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  const isPage = /^\/t\/[a-z0-9]+$/.test(url.pathname);
  if (isPage || SHELL.includes(url.pathname)) event.respondWith(freshOrKept(event));
});

async function freshOrKept(event) {
  const { request } = event;
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
  const fresh = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  });
  if (!kept) return fresh;
  const usable = fresh.then((answer) => (answer.status < 500 ? answer : kept), () => kept);
  event.waitUntil(usable);
  const patience = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS, kept); });
  return Promise.race([usable, patience]);
}
