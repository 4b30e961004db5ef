{% comment %}
The service worker: hand-written, for the shell alone. It keeps assets with a hash in their names, and the page that says
that there is no network. It never keeps a page, an answer of the API, or anything else in which a record could stand.
{% endcomment %}// Whose: the page that registers it says so in the address. Caches of anybody else are removed.
const mine = `peyvand:${new URL(location.href).searchParams.get("for") || ""}:{{ version }}`;
const first = ["/offline"{% for url in assets %}, "{{ url|escapejs }}"{% endfor %}];
const hashed = /[.-][0-9a-f]{12}\.\w+$|-[A-Z0-9]{8}\.js$/;

const clean = async (but) => {
  for (const name of await caches.keys()) if (name !== but) await caches.delete(name);
};
addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(mine);
  await cache.addAll(first.map((url) => new Request(url, { cache: "no-cache" })));
  await skipWaiting();
})()));
addEventListener("activate", (event) => event.waitUntil((async () => {
  await clean(mine);
  await clients.claim();
})()));
addEventListener("message", (event) => {
  if (event.data === "forget") event.waitUntil(clean());
});

const asset = async (request) => {
  const cache = await caches.open(mine);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && hashed.test(new URL(request.url).pathname)) quietly(cache.put(request, answer.clone()));
  return answer;
};
const quietly = (promise) => promise.catch(() => {}); // a full disk is no reason to fail
const page = async (request) => {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match("/offline")) || Response.error();
  }
};
addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (pathname !== "/logout") event.respondWith(page(request));
  } else if (request.method === "GET" && pathname.startsWith("/static/")) event.respondWith(asset(request));
});
