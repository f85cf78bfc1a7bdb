// A list that comes in pages: the newest one is read again and again, older ones when somebody asks for more.

const slowMs = 60000; // what is old changes seldom

export class Pages {
  /** button: asks for more; nameOf: what tells a row from any other; again: reads the place anew. */
  constructor(button, nameOf, again) {
    Object.assign(this, { button, nameOf, of: null });
    button.addEventListener('click', () => { this.wanted += 1; again(); });
  }

  /** Each row once, in the order they came. */
  once(rows) {
    return [...new Map(rows.map((row) => [this.nameOf(row), row])).values()];
  }

  /** of: whose list; readPage(cursor): {rows, next}, from '' for the newest to null behind the last. All rows to show. */
  async read(of, readPage) {
    if (of !== this.of) Object.assign(this, { of, rows: [], wanted: 1, got: 0, at: 0, next: null });
    const newest = await readPage('');
    if (of !== this.of) return [];
    const names = new Set(newest.rows.map(this.nameOf));
    const joined = this.rows.some((row) => names.has(this.nameOf(row)));
    if (this.wanted > 1 && joined && this.got === this.wanted && Date.now() - this.at < slowMs) {
      this.rows = this.once([...newest.rows, ...this.rows.filter((row) => !names.has(this.nameOf(row)))]);
    } else {
      await this.readOlder(of, newest, readPage);
    }
    this.button.hidden = this.next === null;
    return this.rows;
  }

  async readOlder(of, newest, readPage) {
    const rows = [...newest.rows];
    let { next } = newest;
    let got = 1;
    for (const { wanted } = this; got < wanted; got += 1) {
      if (next === null) continue;
      const page = await readPage(next);
      rows.push(...page.rows);
      next = page.next;
    }
    if (of === this.of) Object.assign(this, { rows: this.once(rows), next, got, at: Date.now() });
  }
}
