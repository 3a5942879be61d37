// Exhibitions: which one is open, what hangs in it, and in which order.
const byId = (name) => document.getElementById(name);
const NEW = " new"; // no slug has a space

export class Hanging {
  /** all: the exhibitions as the command has them; send: writes one down; changed: when their list is another. */
  constructor(all, send, complain, changed, refresh) {
    Object.assign(this, { all, send, complain, changed, refresh, here: null });
    byId("hang").addEventListener("click", () => this.toggle(this.chosen));
    byId("where").addEventListener("change", () => this.showFor(this.chosen));
    byId("take-down").addEventListener("click", () => this.takeDown());
    for (const [field, name] of [["hanging-title", "title"], ["hanging-text", "text"]]) {
      byId(field).addEventListener("change", (event) => this.here && this.write({ ...this.here, [name]: event.target.value }));
    }
    this.fill();
  }

  /** Opens the exhibition of that slug for writing, or none; returns it. */
  open(slug) {
    this.here = this.all.find((one) => one.slug === slug) ?? null;
    byId("hanging").hidden = !this.here;
    if (this.here) {
      byId("hanging-title").value = this.here.title;
      byId("hanging-text").value = this.here.text;
      byId("hanging-address").textContent = `exhibitions/${this.here.slug}/`;
      byId("where").value = slug;
    }
    return this.here;
  }

  /** Says where an exhibit hangs. */
  showFor(id) {
    this.chosen = id;
    const where = this.all.find((one) => one.slug === byId("where").value);
    byId("hang").textContent = where?.exhibits.includes(id) ? "take off" : "hang";
    const names = this.all.filter((one) => one.exhibits.includes(id)).map((one) => one.title);
    byId("hung").textContent = names.length ? `Hangs in ${names.join(", ")}.` : "";
  }

  /** Hangs an exhibit in the exhibition that is selected, or takes it off; a new one is asked for its title first. */
  async toggle(id) {
    if (!id) return;
    let where = this.all.find((one) => one.slug === byId("where").value);
    if (!where) {
      const title = prompt("The new exhibition's title:")?.trim();
      if (!title) return;
      where = { title, text: "", exhibits: [] };
    }
    const there = where.exhibits.includes(id);
    const exhibits = there ? where.exhibits.filter((one) => one !== id) : [...where.exhibits, id];
    await this.write({ ...where, exhibits });
    if (this.here) this.refresh();
  }

  /** Moves an exhibit in the open exhibition by one place. */
  async move(id, by) {
    const place = this.here ? this.here.exhibits.indexOf(id) : -1;
    const to = place + by;
    if (place < 0 || to < 0 || to >= this.here.exhibits.length) return;
    const exhibits = [...this.here.exhibits];
    [exhibits[place], exhibits[to]] = [exhibits[to], exhibits[place]];
    await this.write({ ...this.here, exhibits });
  }

  async takeDown() {
    if (!this.here || !confirm(`Take down "${this.here.title}"? Its exhibits stay on the site.`)) return;
    await this.write({ slug: this.here.slug, gone: true });
    this.refresh();
  }

  /** Writes an exhibition down; what the command answers is how they all stand. */
  async write(exhibition) {
    const before = new Set(this.all.map((one) => one.slug));
    try {
      this.all = await this.send("hang", exhibition);
    } catch (error) {
      this.complain(error);
      return;
    }
    const made = this.all.find((one) => !before.has(one.slug));
    this.fill();
    if (made) byId("where").value = made.slug;
    if (this.here) this.here = this.all.find((one) => one.slug === this.here.slug) ?? null;
    this.changed();
    this.showFor(this.chosen);
  }

  fill() {
    const before = byId("where").value;
    byId("where").replaceChildren(...this.all.map((one) => new Option(one.title, one.slug)), new Option("a new exhibition …", NEW));
    if (this.all.some((one) => one.slug === before)) byId("where").value = before;
  }
}
