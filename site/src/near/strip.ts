// The nearest exhibits as a row of tiles.
import { siteRoot } from "../history";
import { Manifest } from "../manifest";
import { newTile } from "../tile";
import { Places, type Near } from "./places";

/** A collection's places and its pictures, fetched once for a page. `sky` and `index` are what the bake wrote. */
export class Neighbourhood {
  private constructor(
    readonly places: Places,
    private readonly manifest: Manifest,
  ) {}

  static async open(sky: string, index: string): Promise<Neighbourhood> {
    const at = (address: string): URL => new URL(address, location.href);
    return new Neighbourhood(...(await Promise.all([Places.open(at(sky)), Manifest.open(at(index))])));
  }

  /** Fills a list with the tiles of these exhibits, in this order. */
  async fill(list: HTMLElement, near: Near[]): Promise<void> {
    const entries = await Promise.all(near.map(({ number }) => this.manifest.entry(number)));
    list.replaceChildren(...entries.map((entry) => newTile(entry, siteRoot())));
  }
}
