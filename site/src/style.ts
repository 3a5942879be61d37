// Style sheets of parts that are loaded later. The policy allows files of the site's own, and nothing inline.

const loading = new Map<string, Promise<void>>();

/** Resolves when the sheet applies; an error when it does not load. The same sheet is asked for once. */
export function loadStyle(address: string): Promise<void> {
  let there = loading.get(address);
  if (!there) {
    there = new Promise((resolve, reject) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.addEventListener("load", () => resolve());
      link.addEventListener("error", () => reject(new Error(`${address} does not load`)));
      link.href = address;
      document.head.append(link);
    });
    loading.set(address, there);
    there.catch(() => loading.delete(address));
  }
  return there;
}
