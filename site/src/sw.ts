// The service worker: pages from the network first, always, so that nobody is kept in an old site; from the cache only where there is
// no network. Files that carry their content's hash in their name never change, and come from the cache first.
export {};

/** What the bake writes before this script: a version that changes with the site's shell, and the files of the shell. */
declare const SHELL: { version: string; files: string[] };
interface Waiting extends Event {
  waitUntil(promise: Promise<unknown>): void;
}
interface Asked extends Waiting {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Told extends Waiting {
  data: unknown;
}
const worker = self as unknown as {
  registration: { scope: string };
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(kind: string, act: (event: never) => void): void;
};

const SCOPE = worker.registration.scope;
const OURS = `nonesuch ${SCOPE} `; // several galleries may stand on one host
const SHELL_CACHE = `${OURS}shell ${SHELL.version}`;
const SEEN = `${OURS}seen 1`; // counted up when what lies in it would be read otherwise
const MOST = 600; // files kept of what was seen
const LARGEST = 2 ** 21; // bytes of one of them: no network, no film
const NEVER_CHANGES = /^(media\/[0-9a-f]{2}\/|assets\/|data\/.*\.[0-9a-f]{8,}\.json$)/;

worker.addEventListener("install", (event: Waiting) => {
  event.waitUntil(caches.open(SHELL_CACHE).then((cache) => cache.addAll(SHELL.files.map((file) => new URL(file, SCOPE).href))).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event: Waiting) => {
  event.waitUntil(sweep().then(() => worker.clients.claim()));
});

async function sweep(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(OURS) && name !== SHELL_CACHE && name !== SEEN);
  await Promise.all(old.map((name) => caches.delete(name)));
}

worker.addEventListener("message", (event: Told) => {
  const parts = Array.isArray(event.data) ? event.data.filter((one): one is string => typeof one === "string" && handled(one)) : [];
  event.waitUntil(Promise.all(parts.map(async (part) => keep(part, await fetch(part)).catch(() => undefined))));
});

worker.addEventListener("fetch", (event: Asked) => {
  const { request } = event;
  if (request.method !== "GET" || request.headers.has("range") || !handled(request.url)) return;
  const path = request.url.slice(SCOPE.length);
  if (NEVER_CHANGES.test(path)) event.respondWith(cacheFirst(event));
  else if (request.mode === "navigate" || /\.(html|json|jpg|webmanifest)$/.test(path)) event.respondWith(networkFirst(event));
});

/** Whether an address is one of this site's that is worth keeping: not the networks, which are large, nor what a preview listens to. */
function handled(address: string): boolean {
  return address.startsWith(SCOPE) && !/^(models\/|-live\/)|\.(wasm|mjs|mp4|gif)$/.test(address.slice(SCOPE.length));
}

async function cacheFirst(event: Asked): Promise<Response> {
  const known = await caches.match(event.request);
  if (known) return known;
  const answer = await fetch(event.request);
  event.waitUntil(keep(event.request.url, answer.clone()));
  return answer;
}

async function networkFirst(event: Asked): Promise<Response> {
  const { request } = event;
  try {
    const answer = await fetch(request);
    event.waitUntil(keep(request.url, answer.clone()));
    return answer;
  } catch {
    const known = await caches.match(request, { ignoreSearch: request.mode === "navigate" });
    if (known) return known;
    const said = request.mode === "navigate" ? await caches.match(new URL("offline.html", SCOPE).href) : undefined;
    return said ?? Response.error();
  }
}

/** Puts an answer among what was seen, if it is a whole one and not too large, and lets go of the oldest. */
async function keep(address: string, answer: Response): Promise<void> {
  if (answer.status !== 200 || answer.redirected || Number(answer.headers.get("content-length") ?? 0) > LARGEST) return;
  const seen = await caches.open(SEEN);
  await seen.delete(address); // so that the newest is the last
  await seen.put(address, answer);
  const keys = await seen.keys();
  await Promise.all(keys.slice(0, Math.max(0, keys.length - MOST)).map((key) => seen.delete(key)));
}
