// Readable offline: what was seen stays in this browser. Nothing waits for this, and nothing needs it.
import { siteRoot } from "./history";

/** Registers the site's service worker and tells it what this first page is made of. */
export function startOffline(): void {
  if (!("serviceWorker" in navigator) || !document.querySelector("link[rel=manifest]")) return;
  const begin = async (): Promise<void> => {
    const root = siteRoot();
    // "none": the worker itself is always asked for anew, so that no cache keeps an old one alive
    await navigator.serviceWorker.register(new URL("sw.js", root), { updateViaCache: "none" });
    if (navigator.serviceWorker.controller) return; // it has seen this page pass by
    const { active } = await navigator.serviceWorker.ready;
    const parts = performance.getEntriesByType("resource").map((entry) => entry.name);
    active?.postMessage([location.href, ...parts]);
  };
  const start = (): void => void begin().catch(() => undefined); // blocked, private, or at an insecure address
  if (document.readyState === "complete") start();
  else addEventListener("load", start);
}
