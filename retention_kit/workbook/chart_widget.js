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
  let view = null;
  let drawn = 0;
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

  async function draw() {
    const turn = ++drawn;
    let spec = structuredClone(model.get("spec"));
    el.hidden = !spec.layer && !spec.mark;
    if (el.hidden) return;
    const embed = await shared.vega;
    if (turn !== drawn) return;
    title.textContent = spec.title.text;
    subtitle.textContent = [].concat(spec.title.subtitle).join("\n");
    picture.setAttribute("aria-label", spec.description);
    const called = `${model.get("name").replaceAll("_", " ")}: ${spec.title.text}`;
    tools.setAttribute("aria-label", `Numbers and picture of ${called}`);
    details.setAttribute("aria-label", `Numbers of ${called}`);
    delete spec.title;
    if (isDark() && !onPaper) spec = recoloured(spec, spec.usermeta?.dark ?? {});
    if (fits(spec.width)) {
      room = roomFor(spec.width);
      if (!room) return; // not laid out yet: the observer below tells when it is
      spec.autosize = { type: "fit-x", contains: "padding" };
      spec.width = room;
    }
    const fresh = element("div");
    const result = await embed(fresh, spec, { renderer: "svg", actions: false, tooltip: { theme: "custom" } });
    if (turn !== drawn) { result.finalize(); return; }
    if (view) view.finalize();
    view = result.view;
    picture.replaceChildren(fresh);
    view.addEventListener("click", (event, item) => {
      if (!item || !item.datum || item.datum.kind !== "cell") return;
      const { row, age, group } = item.datum;
      model.set("clicked", { row, age, group: group || "", at: Date.now() });
      model.save_changes();
    });
    el.dataset.drawn = String(turn);
    if (!details.hidden) model.send({ kind: "table" });
  }

  const print = (event) => { onPaper = event.type === "beforeprint"; if (isDark()) draw(); };
  const space = new ResizeObserver(() => {
    const { width } = model.get("spec");
    if (!onPaper && fits(width) && roomFor(width) && roomFor(width) !== room) draw();
  });
  space.observe(scroller);
  const theme = new MutationObserver(draw);
  theme.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  scheme.addEventListener("change", draw);
  window.addEventListener("beforeprint", print);
  window.addEventListener("afterprint", print);
  model.on("change:spec", draw);
  draw();
  return () => {
    drawn += 1;
    space.disconnect();
    theme.disconnect();
    scheme.removeEventListener("change", draw);
    window.removeEventListener("beforeprint", print);
    window.removeEventListener("afterprint", print);
    if (view) view.finalize();
  };
}

export default { render };
