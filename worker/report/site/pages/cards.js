"use strict";

/* A grid of cards of which only those in sight exist, however many objects there are. */
gallery.cards = (() => {
  const { el, line, name, share, files, once } = gallery;
  const { rows } = gallery;
  const WIDTH = 184; // at least
  const HEIGHT = 226;
  const BEYOND = 2; // rows of cards that exist above and below what is seen
  let home = null;
  let list = [];
  let columns = 1;
  let step = WIDTH;
  let focus = 0;
  const cards = new Map(); // place in the list -> element

  /** The thumbnail of a row, out of the picture of its pack. */
  function thumbnail(row) {
    const box = el("div", { class: "thumb" });
    if (row.thumbnail === undefined) {
      box.classList.add("blank");
      box.append(el("span", { class: "why" }, row.problem ? "unreadable" : row.code || row.outcome));
      return box;
    }
    const { across, thumbnail: edge } = rows.set;
    const image = el("div", { class: "sprite", role: "img", "aria-label": `${line(row.name)}, first view` });
    image.style.backgroundImage = `url("${files.thumbnails(row.pack)}")`;
    image.style.backgroundPosition =
      `${-edge * (row.thumbnail % across)}px ${-edge * Math.floor(row.thumbnail / across)}px`;
    box.append(image);
    return box;
  }

  /** What a card says below the name. */
  function note(row) {
    if (row.problem) return "cannot be read";
    if (row.outcome === "failed") return row.message || row.code;
    const parts = [row.format && row.format.toUpperCase()];
    if (row.outcome !== "rendered") parts.push(row.outcome);
    if (row.coverage !== undefined) parts.push(`covers ${share(row.coverage)}`);
    return parts.filter(Boolean).join(" · ");
  }

  /** A card that opens the object's page. */
  function card(row) {
    const said = [row.name, row.outcome, row.code, note(row)].filter(Boolean).join(", ");
    return el("a", {
      class: `card ${row.outcome}${row.problem ? " problem" : ""}`,
      href: `#object/${row.uid}`, "aria-label": line(said), "data-uid": row.uid,
    }, thumbnail(row), el("span", { class: "name", title: line(row.name) }, name(row.name)),
    el("span", { class: "note" }, el("bdi", {}, line(note(row)))));
  }

  function place(element, number) {
    element.style.width = `${step}px`;
    element.style.transform =
      `translate(${(number % columns) * step}px, ${Math.floor(number / columns) * HEIGHT}px)`;
  }

  /** Make the cards in sight, and remove the others. */
  function draw() {
    if (!home || home.offsetParent === null) return;
    const wide = Math.max(1, Math.floor(home.clientWidth / WIDTH));
    const apart = Math.floor(home.clientWidth / wide);
    if (wide !== columns || apart !== step) {
      columns = wide;
      step = apart;
      cards.forEach(place);
    }
    home.style.height = `${Math.ceil(list.length / columns) * HEIGHT}px`;
    const top = -home.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / HEIGHT) - BEYOND) * columns;
    const last = Math.min(list.length,
      (Math.ceil((top + innerHeight) / HEIGHT) + BEYOND) * columns);
    for (const [number, element] of cards) {
      const kept = (number >= first && number < last) || element === document.activeElement?.parentNode;
      if (!kept) {
        element.remove();
        cards.delete(number);
      }
    }
    for (let number = first; number < last; number += 1) if (!cards.has(number)) make(number);
    mark();
  }

  function make(number) {
    const item = el("div", {
      role: "listitem", class: "item", "aria-setsize": list.length, "aria-posinset": number + 1,
    }, card(list[number]));
    item.firstChild.addEventListener("focus", () => {
      focus = number;
      mark();
    });
    place(item, number);
    // In the list's order, so that the tab key and screen readers follow it.
    const after = [...home.children].find((other) => Number(other.getAttribute("aria-posinset")) > number + 1);
    home.insertBefore(item, after || null);
    cards.set(number, item);
    return item;
  }

  /** One card is reached by the tab key; the arrow keys lead on from it. */
  function mark() {
    if (!cards.has(focus)) focus = Math.min(focus, Math.max(0, list.length - 1));
    const at = cards.has(focus) ? focus : Math.min(...cards.keys());
    for (const [number, item] of cards) item.firstChild.tabIndex = number === at ? 0 : -1;
  }

  /** Focus card `number`, which is scrolled to. */
  function go(number) {
    if (list.length === 0) return;
    focus = Math.max(0, Math.min(list.length - 1, number));
    const top = home.getBoundingClientRect().top + scrollY + Math.floor(focus / columns) * HEIGHT;
    const head = document.querySelector(".top").offsetHeight + 12;
    if (top < scrollY + head) scrollTo(0, top - head);
    else if (top + HEIGHT > scrollY + innerHeight) scrollTo(0, top + HEIGHT - innerHeight + 12);
    draw();
    (cards.get(focus) || make(focus)).firstChild.focus({ preventScroll: true });
    draw();
  }

  function key(event) {
    const page = Math.max(1, Math.floor(innerHeight / HEIGHT)) * columns;
    const steps = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns,
      PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity,
    };
    if (!(event.key in steps) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    go(focus + steps[event.key]);
  }

  /** Show these rows; the cards that exist already are made anew. */
  function show(found) {
    list = found;
    cards.forEach((element) => element.remove());
    cards.clear();
    draw();
  }

  /** Focus the card of an object again, where it is in sight. */
  function focusOn(uid) {
    const number = list.findIndex((row) => row.uid === uid);
    cards.get(number)?.firstChild.focus({ preventScroll: true });
  }

  function start() {
    home = el("div", { id: "cards", role: "list", "aria-label": "Objects", onkeydown: key });
    const redraw = once(draw);
    addEventListener("scroll", redraw, { passive: true });
    addEventListener("resize", redraw);
    return home;
  }

  return { start, show, draw, go, focusOn, card, get list() { return list; } };
})();
