"use strict";

/* The page of one object. */
gallery.object = (() => {
  const { el, line, name, count, share, seconds, bytes, files, load, script } = gallery;
  const { rows } = gallery;
  const FACTS = [
    ["format", "Format", (v) => v.toUpperCase()], ["license", "Licence", line],
    ["source", "Source", line], ["preset", "Preset", line], ["views", "Views", count],
    ["coverage", "Coverage, mean", share], ["coverage_min", "Coverage, least", share],
    ["brightness", "Brightness, mean", (v) => v.toFixed(3)], ["clipped", "Clipped, most", share],
    ["black", "Black, most", share], ["blank", "Blank views", count],
    ["border", "Views that touch the border", count], ["faces", "Faces", count],
    ["vertices", "Vertices", count], ["missing", "Missing files", count],
    ["undecodable", "Files that cannot be decoded", count], ["found", "Files found elsewhere", count],
    ["seconds", "Time", seconds], ["size", "Zip", bytes], ["attempts", "Attempts", count],
  ];
  const home = document.getElementById("object");
  let shown = null;
  let viewer = null;
  let scene = null;
  let turns = 0;

  function facts(row) {
    const pairs = FACTS.filter(([key]) => row[key] !== undefined)
      .flatMap(([key, title, show]) => [el("dt", {}, title), el("dd", {}, el("bdi", {}, show(row[key])))]);
    return el("section", { class: "panel" }, el("h2", {}, "Facts"),
      el("dl", { class: "facts" }, pairs, el("dt", {}, "uid"), el("dd", { class: "code" }, row.uid)));
  }

  function history(found) {
    const attempts = (found.history || []).map((attempt) => el("tr", { class: attempt.outcome },
      el("td", {}, line(attempt.time || "").replace("T", " ").replace(/\.\d+Z$/, "Z")),
      el("td", {}, [attempt.outcome, attempt.code, attempt.step && `in ${attempt.step}`].filter(Boolean).join(" ")),
      el("td", {}, attempt.seconds
        ? Object.entries(attempt.seconds).map(([step, s]) => `${step} ${seconds(s)}`).join(", ") : ""),
      el("td", {}, el("bdi", {}, line([attempt.device, attempt.blender && `Blender ${attempt.blender}`]
        .filter(Boolean).join(", ")))),
      el("td", {}, el("bdi", {}, line(attempt.message || "")))));
    return el("section", { class: "panel wide" }, el("h2", {}, "Ledger"),
      el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Attempts" },
        el("table", {}, el("thead", {}, el("tr", {},
          ["Time", "Outcome", "Steps", "Device", "Message"].map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, attempts))));
  }

  function again(found) {
    if (!found.command) return null;
    const code = el("pre", { class: "command", tabindex: 0, "aria-label": "Command" }, found.command);
    const said = el("span", { class: "quiet", role: "status" });
    const copy = el("button", {
      type: "button",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(found.command);
          said.textContent = "copied";
        } catch {
          getSelection().selectAllChildren(code);
          said.textContent = "selected";
        }
      },
    }, "Copy");
    return el("section", { class: "panel wide" }, el("h2", {}, "Render it again"), code,
      el("p", { class: "quiet" }, copy, " ", said, " INDEX is the list or the index of the run."));
  }

  function log(found) {
    const text = gallery.panels.logOf(found);
    if (!text) return null;
    return el("section", { class: "panel wide" }, el("h2", {}, "End of the log"),
      el("pre", { class: "log", tabindex: 0, "aria-label": "End of the log" }, text));
  }

  function metadata(found) {
    if (!found.metadata) return null;
    return el("details", { class: "panel wide" }, el("summary", {}, "Metadata"),
      el("pre", { class: "log", tabindex: 0, "aria-label": "Metadata" },
        JSON.stringify(found.metadata, null, 2).replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd")));
  }

  function head(row) {
    const list = gallery.cards.list.length ? gallery.cards.list : rows.shown();
    const place = list.findIndex((each) => each.uid === row.uid);
    const link = (number, word, label) => (list[number] && place >= 0
      ? el("a", { class: "button", href: `#object/${list[number].uid}`, "aria-label": label, "data-step": word }, word)
      : el("span", { class: "button off", "aria-hidden": "true" }, word));
    return el("header", { class: "head" },
      el("a", { class: "button", href: `#${gallery.main.part()}`, id: "back" }, "← All"),
      el("h1", { tabindex: -1 }, name(row.name)),
      el("span", { class: `badge ${row.outcome}` }, row.code || row.outcome),
      el("span", { class: "steps" },
        place >= 0 ? el("span", { class: "number" }, `${count(place + 1)} of ${count(list.length)}`) : null,
        link(place - 1, "‹", "Previous object"), link(place + 1, "›", "Next object")));
  }

  async function space(data) {
    const canvas = el("canvas", {
      class: "space", tabindex: 0, role: "img",
      "aria-label": `${data.cameras.length} cameras around the object`
        + `${data.points ? ` and ${data.points.count} of its points` : ""}; the arrow keys turn it`,
      onkeydown: (event) => {
        const turn = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
        if (!(event.key in turn)) return;
        event.preventDefault();
        event.stopPropagation();
        scene?.turn(...turn[event.key]);
      },
    });
    const note = el("p", { class: "quiet" }, data.points ? "Drag to turn, scroll to zoom." : `No points: ${line(data.no_points || "")}.`);
    const section = el("section", { class: "panel", "aria-label": "Cameras" }, el("h2", {}, "Cameras"), canvas, note);
    const start = async () => {
      try {
        await script("assets/three.min.js");
        scene = gallery.scene.draw(canvas, data);
      } catch {
        canvas.replaceWith(el("p", { class: "empty" }, "This browser cannot draw in 3D (WebGL)."));
      }
    };
    return { section, start };
  }

  function end() {
    scene?.end();
    scene = null;
    viewer = null;
    shown = null;
    turns += 1;
  }

  /** Show the page of a row. */
  async function show(row) {
    if (shown === row.uid) return;
    end();
    shown = row.uid;
    const turn = turns;
    home.replaceChildren(head(row), el("p", { class: "empty", role: "status" }, "Loading…"));
    home.hidden = false;
    scrollTo(0, 0);
    home.querySelector("h1").focus({ preventScroll: true });
    let found = {};
    let data = null;
    let problem = null;
    try {
      found = await gallery.panels.details(row);
      if (row.page) data = await load("object", row.uid, files.object(row.uid));
    } catch (error) {
      problem = error.message;
    }
    if (turn !== turns) return;
    const left = el("div", { class: "left" });
    const right = el("div", { class: "right" });
    let starts = async () => {};
    if (data && data.views.length) {
      if (data.cameras.length) {
        const made = await space(data);
        right.append(made.section);
        starts = made.start;
      }
      viewer = gallery.viewer.make(row.name, data.views, data.of || data.views.length,
        (view) => scene?.select(view));
      left.append(viewer.element);
    } else if (row.thumbnail !== undefined) {
      left.append(gallery.cards.card(row), el("p", { class: "quiet" },
        "The views of this object are not in the gallery: render-worker gallery --pages N adds them for more objects."));
    }
    right.append(facts(row));
    const message = problem || found.problem || (row.outcome === "failed" ? row.message : null);
    home.replaceChildren(...[
      head(row),
      message ? el("p", { class: "alarm" }, el("bdi", {}, line(message))) : null,
      el("p", { class: "quiet identifier" }, el("bdi", {}, line(found.identifier || ""))),
      el("div", { class: "columns" }, left, right), log(found), again(found), history(found), metadata(found),
    ].filter(Boolean));
    home.querySelector("h1").focus({ preventScroll: true });
    await starts();
    if (turn !== turns) return;
    viewer?.step(0, 0);
  }

  function hide() {
    end();
    home.hidden = true;
    home.replaceChildren();
  }

  /** The arrow keys: views and kinds; n and p: objects; Escape: back. */
  function key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const own = event.target.closest("input, pre, [role=region]");
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "Escape") document.getElementById("back").click();
    else if (event.key === "n") home.querySelector('[data-step="›"]')?.click();
    else if (event.key === "p") home.querySelector('[data-step="‹"]')?.click();
    else if (event.key in steps && viewer && !own) {
      event.preventDefault();
      viewer.step(...steps[event.key]);
    }
  }

  return { show, hide, key, get shown() { return shown; } };
})();
