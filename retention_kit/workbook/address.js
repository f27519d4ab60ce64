// The address of the page holds the view: no reload, no step in the history. "Copy link" copies it.
const shared = (window.retentionKit ??= {});
const CALM_MS = 4000;
const LABEL = "Copy link";
const OF_LAB = ["token", "reset"]; // JupyterLab's own words in an address

// In JupyterLab the address belongs to the notebook in front.
const inFront = (file, url) => !file || decodeURIComponent(url.pathname).endsWith(`/${file}`);

// JupyterLab takes the query out of the address while it loads; the browser still knows what was opened.
function arrival() {
  const [entry] = performance.getEntriesByType("navigation");
  return new URL(entry?.name || location.href, location.href);
}

function render({ model, el }) {
  const file = model.get("file");
  const here = () => {
    const url = new URL(location.href);
    if (model.get("query")) url.search = model.get("query");
    return url.href;
  };
  const follow = () => {
    if (!inFront(file, location) || here() === location.href) return;
    history.replaceState(history.state, "", here());
  };

  el.classList.add("rk-link");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-button widget-button";
  button.textContent = LABEL;
  button.title = "Copy the address of this view";
  const said = document.createElement("span");
  said.className = "rk-link-said";
  said.setAttribute("role", "status");
  const field = document.createElement("input");
  field.className = "rk-link-field";
  field.readOnly = true;
  field.hidden = true;
  field.setAttribute("aria-label", "Address of this view, to be copied from here");
  el.append(button, said, field);

  let calm;
  const say = (text) => {
    said.textContent = text;
    button.textContent = text || LABEL;
    clearTimeout(calm);
    if (text) calm = setTimeout(say, CALM_MS, "");
  };
  button.addEventListener("click", async () => {
    // The server of an app draws the view meanwhile, for whoever will open the link.
    if (!file) fetch(here(), { method: "HEAD" }).catch(() => {});
    try {
      await navigator.clipboard.writeText(here());
      say("Copied");
    } catch { // refused, or a page without TLS
      field.hidden = false;
      field.value = here();
      field.select();
      if (!document.execCommand("copy")) return;
      button.focus();
      say("Copied");
    }
  });
  field.addEventListener("blur", () => { field.hidden = true; });

  model.on("change:query", follow);
  if (file && !shared.arrived && inFront(file, arrival())) {
    // Once: cells that run again show what the notebook says by then.
    shared.arrived = true;
    const asked = arrival().searchParams;
    OF_LAB.forEach((name) => asked.delete(name));
    if (asked.has("v")) model.send({ opened: asked.toString() });
  }
  follow();
  return () => model.off("change:query", follow);
}

export default { render };
