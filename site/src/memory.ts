// localStorage where the visitor lets us, and nothing where not: private windows, full disks and blocked storage all throw.

const PREFIX = "nonesuch.";

/** What was remembered under `name`, or null. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage is blocked: every visit is a first visit
  }
}

/** Remembers `value` for the next visit; false when the browser does not allow it. */
export function remember(name: string, value: string): boolean {
  try {
    localStorage.setItem(PREFIX + name, value);
    return true;
  } catch {
    return false;
  }
}
