"use strict";

/* The other parts of the gallery: failures, near-duplicates, numbers. */
gallery.panels = (() => {
  const { el, line, name, count, counted, files, load } = gallery;
  const { rows } = gallery;
  const FEW = 50;
  const NUMBERS = [
    ["coverage", "Coverage, mean of the views", (v) => v.toFixed(3), [0, 1]],
    ["coverage_min", "Coverage, least of the views", (v) => v.toFixed(3), [0, 1]],
    ["brightness", "Brightness, mean of the views", (v) => v.toFixed(3), [0, 1]],
    ["clipped", "Clipped pixels, most of the views", (v) => v.toFixed(3), [0, 1]],
    ["black", "Black pixels, most of the views", (v) => v.toFixed(3), [0, 1]],
    ["seconds", "Seconds for an object", gallery.seconds],
    ["faces", "Faces", (v) => count(Math.round(v))],
    ["vertices", "Vertices", (v) => count(Math.round(v))],
    ["size", "Size of the zip", gallery.bytes],
  ];

  /** What a list shows first, and a button that shows more of it. */
  function some(list, make, what) {
    const home = el("div", { class: "some" });
    let shown = 0;
    const more = el("button", { type: "button", class: "plain", onclick: () => grow() });
    function grow() {
      const next = list.slice(shown, shown + FEW).map(make);
      more.before(...next);
      if (shown > 0) next[0]?.querySelector("a, button, summary")?.focus();
      shown += next.length;
      more.hidden = shown >= list.length;
      more.textContent = `Show ${counted(Math.min(FEW, list.length - shown), what)} more of `
        + `${count(list.length)}`;
    }
    home.append(more);
    grow();
    return home;
  }

  /** The details of a row, which its pack holds. */
  async function details(row) {
    const pack = await load("details", row.pack, files.details(row.pack));
    return pack[row.uid] || {};
  }

  /** The end of the log of the last attempt that has one. */
  function logOf(found) {
    const last = (found.history || []).filter((attempt) => attempt.log || attempt.message).pop();
    return last?.log?.map((text) => line(text)).join("\n");
  }

  function failure(row) {
    const text = el("div", { class: "text" }, el("p", { class: "quiet" }, "…"));
    const box = el("details", {
      class: "failure", "data-uid": row.uid,
      ontoggle: async () => {
        if (!box.open || box.dataset.read) return;
        box.dataset.read = "yes";
        try {
          const found = await details(row);
          const last = (found.history || []).at(-1) || {};
          const log = logOf(found);
          text.replaceChildren(
            el("p", {}, el("bdi", {}, line(last.message || found.problem || ""))),
            log ? el("pre", { class: "log", tabindex: 0, "aria-label": "End of the log" }, log)
              : el("p", { class: "quiet" }, "No log was kept."),
            el("p", {}, el("a", { href: `#object/${row.uid}` }, "Its attempts, and how to render it again")),
          );
        } catch (error) {
          text.replaceChildren(el("p", {}, line(error.message)));
        }
      },
    }, el("summary", {}, name(row.name), " ",
      el("span", { class: "reason" }, el("bdi", {}, line(row.message || row.problem || "")))), text);
    return box;
  }

  function failures() {
    const found = rows.shown().filter((row) => row.outcome === "failed" || row.problem);
    const byCode = new Map();
    for (const row of found) {
      const code = row.problem ? "unreadable zip" : row.code || "?";
      byCode.set(code, [...(byCode.get(code) || []), row]);
    }
    if (found.length === 0) return [el("p", { class: "empty" }, "No failed object matches.")];
    return [...byCode].sort((a, b) => b[1].length - a[1].length).map(([code, list]) =>
      el("section", { class: "panel" },
        el("h2", {}, code, " ", el("span", { class: "number" }, counted(list.length, "object"))),
        some(list, failure, "object")));
  }

  function duplicates() {
    const shown = new Set(rows.shown().map((row) => row.uid));
    const groups = rows.set.duplicates
      .map((group) => group.map((place) => rows.at(place)).filter(Boolean))
      .filter((group) => group.some((row) => shown.has(row.uid)));
    if (groups.length === 0) {
      const none = rows.values("phash").length ? "No two of these objects look alike."
        : "These renders have no perceptual hashes, so look-alikes are not known.";
      return [el("p", { class: "empty" }, none)];
    }
    const made = (group) => el("section", { class: "panel" },
      el("h2", {}, counted(group.length, "object"), " that look alike"),
      el("div", { class: "side" }, group.map((row) => gallery.cards.card(row))));
    return [el("p", { class: "intro" }, `${counted(groups.length, "group")} of objects whose `
      + "perceptual hashes differ in at most a few bits."), some(groups, made, "group")];
  }

  function numbers() {
    const found = rows.shown();
    const charts = NUMBERS.map(([key, title, show, limits]) => {
      const values = found.map((row) => row[key]).filter((value) => value !== undefined);
      if (values.length === 0) return null;
      const { picture, low, high, middle, log } =
        gallery.charts.histogram(title, values, show, limits);
      return el("figure", { class: "panel chart", "data-chart": key },
        el("figcaption", {}, title), picture,
        el("p", { class: "scale" }, el("span", {}, show(limits ? limits[0] : low)),
          el("span", {}, `median ${show(middle)}${log ? ", log scale" : ""}`),
          el("span", {}, show(limits ? limits[1] : high))));
    }).filter(Boolean);
    const none = el("p", { class: "empty" }, "No matching object has numbers.");
    return [charts.length ? el("div", { class: "charts" }, charts) : none];
  }

  return { failures, duplicates, numbers, details, logOf };
})();
