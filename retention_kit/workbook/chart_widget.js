// A chart of the page. The Vega bundle comes once, with the bundle widget; charts wait for it.
const shared = (window.retentionKit ??= {});
if (!shared.vega) {
  shared.vega = new Promise((resolve) => { shared.resolveVega = resolve; });
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function save(name, href) {
  const link = element("a");
  link.href = href;
  link.download = name;
  link.click();
}

// JupyterLab has a theme of its own, elsewhere the system decides.
const scheme = window.matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const lab = document.body.dataset.jpThemeLight;
  return lab ? lab === "false" : scheme.matches;
}

// How far a chart is from what the reader sees.
function away(el) {
  const { top, bottom } = el.getBoundingClientRect();
  return Math.max(0, top - window.innerHeight, -bottom);
}

// The charts of a page that wait to be drawn, one at a time: the nearest first, and those out of sight when
// the page has nothing else to do. Paper shows all of them at once.
shared.line ??= (() => {
  const waiting = new Map();
  let working = false;
  let hurried = false;
  let goOn = () => {};
  const idle = () => new Promise((resolve) => {
    goOn = resolve;
    (window.requestIdleCallback ?? setTimeout)(resolve, { timeout: 50 });
  });
  // A page that takes the place of a still one must be as high as that.
  const opening = () => document.documentElement.dataset.rkState === "loading";
  const nearest = () => [...waiting.keys()].reduce((one, other) => (away(other) < away(one) ? other : one));

  async function work() {
    working = true;
    const embed = await shared.vega;
    let rest = null; // what is left of it may do for several charts
    while (waiting.size) {
      const patient = !hurried && !opening() && away(nearest());
      if (patient && !(rest?.timeRemaining() > 10)) rest = await idle();
      if (!waiting.size) break;
      const el = nearest();
      const draw = waiting.get(el);
      waiting.delete(el);
      await draw(embed).catch((error) => console.error(error)); // one that fails leaves the others alone
    }
    working = hurried = false;
  }

  return {
    join: (el, draw) => {
      waiting.set(el, draw);
      if (!working) work();
      else if (!away(el)) goOn();
    },
    leave: (el) => waiting.delete(el),
    waits: (el) => waiting.has(el),
    hurry: () => { hurried = working; goOn(); },
  };
})();

function render({ model, el }) {
  el.classList.add("rk-chart");
  const title = element("h3", "rk-chart-title");
  const subtitle = element("p", "rk-chart-subtitle");
  const scroller = element("div", "rk-chart-scroll");
  const picture = element("div", "rk-chart-picture");
  const tools = element("div", "rk-chart-tools");
  const details = element("div", "rk-chart-table");
  picture.setAttribute("role", "img");
  scroller.tabIndex = 0;
  tools.setAttribute("role", "group");
  details.setAttribute("role", "region");
  details.hidden = true;
  details.tabIndex = 0;
  scroller.append(picture);
  el.append(title, subtitle, scroller, tools, details);
  const { line } = shared;
  let view = null;
  let sources = []; // of the data that the view holds
  let form = ""; // what the view was made from, without its data
  let drawn = 0;
  let gone = false;
  let onPaper = false; // which is light
  let room = 0; // the width the chart was drawn for

  const button = (label, hint, action) => {
    const node = element("button", "rk-tool", label);
    node.type = "button";
    node.title = hint;
    node.addEventListener("click", action);
    tools.append(node);
    return node;
  };
  const data = button("Data", "Show the numbers behind this chart", () => {
    details.hidden = !details.hidden;
    data.setAttribute("aria-expanded", String(!details.hidden));
    if (!details.hidden) model.send({ kind: "table" });
  });
  data.setAttribute("aria-expanded", "false");
  button("CSV", "Download the numbers behind this chart", () => model.send({ kind: "csv" }));
  button("PNG", "Download this chart as a picture", async () => {
    if (view) save(`${model.get("name")}.png`, await view.toImageURL("png", 2));
  });

  model.on("msg:custom", (message) => {
    if (message.kind === "table") details.innerHTML = message.html; // escaped by the kernel's one renderer
    if (message.kind === "csv") {
      const url = URL.createObjectURL(new Blob(["\ufeff", message.text], { type: "text/csv;charset=utf-8" }));
      save(`${model.get("name")}.csv`, url);
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    }
  });

  // A line can be redrawn for a phone; a table of cells keeps its width, and is scrolled instead.
  const fits = (width) => typeof width === "number";
  const roomFor = (width) => scroller.clientWidth && Math.max(280, Math.min(width + 60, scroller.clientWidth));

  function words() {
    const { title: said, description } = model.get("spec");
    title.textContent = said.text;
    subtitle.textContent = [].concat(said.subtitle).join("\n");
    picture.setAttribute("aria-label", description);
    const called = `${model.get("name").replaceAll("_", " ")}: ${said.text}`;
    tools.setAttribute("aria-label", `Numbers and picture of ${called}`);
    details.setAttribute("aria-label", `Numbers of ${called}`);
  }

  function changed() {
    const spec = model.get("spec");
    const was = el.hidden;
    el.hidden = !spec.layer && !spec.mark;
    if (el.hidden) { line.leave(el); return; }
    // What is out of sight is drawn later: until then nobody sees an old picture beside new numbers.
    if (!drawn || was || away(el)) {
      el.setAttribute("aria-busy", "true");
      words();
    }
    line.join(el, draw);
  }
  const again = () => { if (!el.hidden) line.join(el, draw); };

  async function draw(embed) {
    const { title: _, description, datasets, ...rest } = structuredClone(model.get("spec"));
    let spec = rest;
    if (isDark() && !onPaper) spec = recoloured(spec, spec.usermeta?.dark ?? {});
    if (fits(spec.width)) {
      room = roomFor(spec.width);
      if (!room) return; // not laid out yet: the observer below tells when it is
      spec.autosize = { type: "fit-x", contains: "padding" };
      spec.width = room;
    }
    const wanted = JSON.stringify(spec);
    if (view && wanted === form) {
      for (const name of sources) view.data(name, datasets[name]);
      await view.description(description).resize().runAsync();
    } else {
      const fresh = element("div");
      const options = { renderer: "svg", actions: false, tooltip: { theme: "custom" } };
      const result = await embed(fresh, { ...spec, description, datasets }, options);
      if (gone || line.waits(el)) { result.finalize(); return; } // overtaken
      if (view) view.finalize();
      view = result.view;
      picture.replaceChildren(fresh);
      const given = result.vgSpec.data.filter((one) => one.name in datasets);
      sources = given.map((one) => one.name);
      form = given.some((one) => one.format?.parse) ? "" : wanted; // what is parsed comes in by embedding alone
      view.addEventListener("click", (event, item) => {
        if (!item || !item.datum || item.datum.kind !== "cell") return;
        const { row, age, group } = item.datum;
        model.set("clicked", { row, age, group: group || "", at: Date.now() });
        model.save_changes();
      });
    }
    words();
    el.removeAttribute("aria-busy");
    el.dataset.drawn = String(++drawn);
    if (!details.hidden) model.send({ kind: "table" });
  }

  const print = (event) => { onPaper = event.type === "beforeprint"; if (isDark()) again(); line.hurry(); };
  const space = new ResizeObserver(() => {
    const { width } = model.get("spec");
    if (!onPaper && fits(width) && roomFor(width) && roomFor(width) !== room) again();
  });
  space.observe(scroller);
  const theme = new MutationObserver(again);
  theme.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  scheme.addEventListener("change", again);
  window.addEventListener("beforeprint", print);
  window.addEventListener("afterprint", print);
  model.on("change:spec", changed);
  changed();
  return () => {
    gone = true;
    line.leave(el);
    space.disconnect();
    theme.disconnect();
    scheme.removeEventListener("change", again);
    window.removeEventListener("beforeprint", print);
    window.removeEventListener("afterprint", print);
    if (view) view.finalize();
  };
}

export default { render };
