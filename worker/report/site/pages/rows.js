"use strict";

/* The listed objects: loaded pack by pack, filtered, searched and sorted. */
gallery.rows = (() => {
  const { load, files } = gallery;
  const AT_ONCE = 6;
  const all = [];
  const packs = [];
  const byUid = new Map();
  const chosen = new Map(); // facet -> Set of values
  const ranges = new Map(); // number -> [low, high]
  let set = null;
  let words = [];
  let order = { key: "", down: false };
  let ready = false;

  const FLAGS = {
    "cannot be read": (row) => row.problem !== undefined,
    "missing files": (row) => row.missing > 0,
    "files that cannot be decoded": (row) => row.undecodable > 0,
    "files found elsewhere": (row) => row.found > 0,
    "touches the border": (row) => row.border > 0,
    "blank views": (row) => row.blank > 0,
  };
  /** The values of a row by which it is filtered. */
  const FACETS = {
    outcome: (row) => [row.outcome],
    code: (row) => (row.code ? [row.code] : []),
    format: (row) => [row.format || "unknown"],
    license: (row) => [row.license || "unknown"],
    preset: (row) => (row.preset ? [row.preset] : []),
    source: (row) => (row.source ? [row.source] : []),
    remarks: (row) => Object.keys(FLAGS).filter((flag) => FLAGS[flag](row)),
  };
  const SORTS = {
    "": "as listed", name: "name", coverage: "coverage", coverage_min: "least coverage",
    brightness: "brightness", seconds: "seconds", faces: "faces", size: "size of the zip",
    attempts: "attempts", time: "time",
  };

  function add(number, pack) {
    packs[number] = pack.rows;
    pack.rows.forEach((row, place) => {
      row.pack = number;
      row.place = number * set.pack + place;
      row.text = `${row.name}\n${row.uid}\n${row.code || ""}\n${row.message || ""}`.toLowerCase();
      byUid.set(row.uid, row);
    });
  }

  /** Load all packs, the first one first; `changed` is called as rows arrive. */
  async function start(changed) {
    set = await load("set", 0, files.set);
    let next = 0;
    let failed = 0;
    const one = async () => {
      while (next < set.packs) {
        const number = next++;
        try {
          add(number, await load("pack", number, files.pack(number)));
        } catch {
          failed += 1;
        }
        rebuild();
        changed(failed);
        if (number === 0) break;
      }
    };
    await one();
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    ready = true;
    rebuild();
    changed(failed);
  }

  /** In the packs' order, whichever came first. */
  function rebuild() {
    all.length = 0;
    for (const rows of packs) if (rows) all.push(...rows);
  }

  function inRange(row) {
    for (const [key, [low, high]] of ranges) {
      const value = row[key];
      if (value === undefined || value < low || value > high) return false;
    }
    return true;
  }

  function matches(row, except) {
    for (const [facet, values] of chosen) {
      if (facet === except || values.size === 0) continue;
      if (!FACETS[facet](row).some((value) => values.has(value))) return false;
    }
    return words.every((word) => row.text.includes(word)) && inRange(row);
  }

  function compare(one, other) {
    const a = one[order.key];
    const b = other[order.key];
    if (a === undefined || b === undefined) {
      return (a === undefined) - (b === undefined) || one.place - other.place;
    }
    const by = typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
    return (order.down ? -by : by) || one.place - other.place;
  }

  /** The rows that are shown, in their order. */
  function shown() {
    const found = all.filter((row) => matches(row));
    if (order.key) return found.sort(compare);
    return order.down ? found.reverse() : found;
  }

  /** Each value of a facet, and how many rows have it that the other filters let through. */
  function counts(facet) {
    const found = new Map();
    for (const row of all) {
      const passes = matches(row, facet);
      for (const value of FACETS[facet](row)) {
        found.set(value, (found.get(value) || 0) + (passes ? 1 : 0));
      }
    }
    return [...found].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
  }

  function choose(facet, value, on) {
    if (!chosen.has(facet)) chosen.set(facet, new Set());
    chosen.get(facet)[on ? "add" : "delete"](value);
  }

  function clear() {
    chosen.clear();
    ranges.clear();
    words = [];
  }

  return {
    FACETS: Object.keys(FACETS), SORTS, all, start, shown, counts, choose, clear,
    isChosen: (facet, value) => chosen.get(facet)?.has(value) || false,
    range: (key, limits) => (limits ? ranges.set(key, limits) : ranges.delete(key)),
    rangeOf: (key) => ranges.get(key),
    find: (text) => { words = text.toLowerCase().split(/\s+/).filter(Boolean); },
    sort: (key, down) => { order = { key, down }; },
    filtered: () => words.length > 0 || ranges.size > 0
      || [...chosen.values()].some((values) => values.size > 0),
    of: (uid) => byUid.get(uid),
    at: (place) => packs[Math.floor(place / set.pack)]?.[place % set.pack],
    values: (key) => all.map((row) => row[key]).filter((value) => value !== undefined),
    get set() { return set; },
    get ready() { return ready; },
  };
})();
