"use strict";

/* Which part is shown, search and sort, and the keys. */
gallery.main = (() => {
  const { el, line, count, counted, once } = gallery;
  const { rows, filters, cards, panels, object } = gallery;
  const search = document.getElementById("search");
  const sort = document.getElementById("sort");
  const direction = document.getElementById("direction");
  const home = document.getElementById("part");
  const set = document.getElementById("set");
  const UID = /^object\/([0-9a-f-]{36})$/;
  const PARTS = { objects: null, failures: panels.failures, duplicates: panels.duplicates, numbers: panels.numbers };
  let part = "objects";
  let grid = null;
  let scrolled = 0;
  let broken = 0;

  function summary(shown) {
    const { total, more, objects } = rows.set;
    const all = rows.ready ? objects : rows.all.length;
    const of = shown === all ? counted(all, "object") : `${count(shown)} of ${counted(all, "object")}`;
    const loading = rows.ready ? "" : ", loading…";
    const rest = more && rows.ready ? `, the first of ${count(Math.max(total, objects))} in the output` : "";
    const lost = broken ? `; ${counted(broken, "file")} of the gallery cannot be loaded` : "";
    return `${of}${rest}${loading}${lost}`;
  }

  function draw() {
    const found = rows.shown();
    const focused = document.activeElement.closest(".item .card")?.dataset.uid;
    const text = summary(found.length);
    document.getElementById("count").textContent = text;
    const bar = el("p", { class: "tally" }, text);
    filters.draw();
    if (part === "objects") {
      if (!grid) grid = cards.start();
      home.replaceChildren(bar, grid);
      if (found.length === 0 && rows.ready) {
        home.append(el("p", { class: "empty" }, "No object matches these filters."));
      }
    } else {
      home.replaceChildren(bar, ...PARTS[part]());
    }
    cards.show(found);
    if (focused) cards.focusOn(focused); // drawn anew, as when more rows have arrived
  }
  const redraw = once(draw);

  function route() {
    const hash = location.hash.slice(1);
    const uid = UID.exec(hash)?.[1];
    if (uid) {
      const row = rows.of(uid);
      if (!row && !rows.ready) return; // route() runs again when more has arrived
      if (row) {
        if (!set.hidden) scrolled = scrollY;
        set.hidden = true;
        document.querySelector(".top").hidden = true;
        document.title = line(`${row.name} – ${rows.set.title}`);
        object.show(row);
        return;
      }
    }
    const from = object.shown;
    object.hide();
    set.hidden = false;
    document.querySelector(".top").hidden = false;
    document.title = line(`${rows.set?.title || "Gallery"} – gallery`);
    const wanted = hash in PARTS ? hash : "objects";
    const changed = wanted !== part;
    part = wanted;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.dataset.part === part) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    draw();
    scrollTo(0, changed ? 0 : scrolled);
    const place = from ? cards.list.findIndex((row) => row.uid === from) : -1;
    if (place >= 0 && part === "objects") cards.go(place);
  }

  function key(event) {
    const typing = event.target.matches?.("input[type=search], textarea, select");
    if (event.key === "/" && !typing && !set.hidden) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      rows.find("");
      redraw();
    } else if (object.shown) {
      object.key(event);
    }
  }

  function controls() {
    for (const [value, title] of Object.entries(rows.SORTS)) sort.append(el("option", { value }, title));
    let down = false;
    const again = () => {
      rows.sort(sort.value, down);
      direction.textContent = down ? "↓" : "↑";
      direction.setAttribute("aria-pressed", down);
      redraw();
    };
    sort.addEventListener("change", again);
    direction.addEventListener("click", () => {
      down = !down;
      again();
    });
    search.addEventListener("input", () => {
      rows.find(search.value);
      redraw();
    });
    document.getElementById("find").addEventListener("submit", (event) => {
      event.preventDefault();
      home.querySelector('.card[tabindex="0"]')?.focus();
    });
    document.addEventListener("keydown", key);
    addEventListener("hashchange", route);
  }

  async function start() {
    controls();
    filters.start(document.getElementById("filters"), (quiet) => (quiet ? tune() : redraw()));
    try {
      await rows.start((failed) => {
        broken = failed;
        arrived();
      });
    } catch (error) {
      home.replaceChildren(el("p", { class: "alarm" }, line(error.message)));
    }
  }

  /** While a slider is dragged, the filters stay as they are, with the slider among them. */
  const tune = once(() => {
    const found = rows.shown();
    home.querySelector(".tally").textContent = summary(found.length);
    document.getElementById("count").textContent = summary(found.length);
    document.getElementById("clear").disabled = !rows.filtered();
    if (part !== "objects") home.replaceChildren(home.querySelector(".tally"), ...PARTS[part]());
    cards.show(found);
  });

  const arrived = once(() => {
    const { title, preset, worker, blender } = rows.set;
    document.getElementById("title").replaceChildren(gallery.name(title));
    document.getElementById("foot").replaceChildren(
      el("span", {}, line(`preset ${preset} · render-worker ${worker} · Blender ${blender}`)), " · ",
      el("a", { href: "preset.toml" }, "the recipe"), " · ",
      "keys: / search, arrows and Enter, Escape back, n and p next and previous object");
    if (rows.ready) document.documentElement.dataset.ready = "yes";
    if (object.shown) return;
    if (UID.test(location.hash.slice(1)) || set.hidden || home.childElementCount === 0) route();
    else draw();
  });

  return { start, part: () => part };
})();
gallery.main.start();
