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
  details.hidden = true;
  details.tabIndex = 0;
  scroller.append(picture);
  el.append(title, subtitle, scroller, tools, details);
  let view = null;
  let drawn = 0;

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

  async function draw() {
    const turn = ++drawn;
    const spec = structuredClone(model.get("spec"));
    el.hidden = !spec.layer && !spec.mark;
    if (el.hidden) return;
    const embed = await shared.vega;
    if (turn !== drawn) return;
    title.textContent = spec.title.text;
    subtitle.textContent = [].concat(spec.title.subtitle).join("\n");
    picture.setAttribute("aria-label", spec.description);
    delete spec.title;
    if (typeof spec.width === "number") {
      spec.autosize = { type: "fit-x", contains: "padding" };
      spec.width = Math.max(280, Math.min(spec.width + 60, scroller.clientWidth || spec.width));
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

  model.on("change:spec", draw);
  draw();
  return () => { drawn += 1; if (view) view.finalize(); };
}

export default { render };
