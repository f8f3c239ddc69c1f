/** The bundle's entry: mounts itself on the page and in a report, and is mounted by anywidget in a notebook. */
import { render as draw } from "preact";
import { App } from "./App";
import { Page } from "./page/page";
import type { PageData, Transport } from "./protocol/asks";
import { embedded, messaging, posting, type WidgetModel } from "./protocol/transports";
import styles from "./styles.css?inline";

function mount(data: PageData, transport: Transport, element: Element): () => void {
  addStyles(element);
  const inner = document.createElement("div");
  element.replaceChildren(inner);
  draw(<App page={new Page(data, transport)} />, inner);
  return () => draw(null, inner);
}

/** Puts the styles where the element is: the document, or a notebook's shadow tree. */
function addStyles(element: Element): void {
  const root = element.getRootNode();
  const home = root instanceof ShadowRoot ? root : document.head;
  if (home.querySelector("style[data-unembed]")) return;
  const style = document.createElement("style");
  style.dataset.unembed = "";
  style.textContent = styles;
  home.append(style);
}

/** anywidget's entry. */
function render({ model, el }: { model: WidgetModel; el: HTMLElement }): () => void {
  const data = model.get("data") as PageData;
  return mount({ ...data, host: "widget" }, data.live === false ? embedded(data.results) : messaging(model), el);
}

const home = document.getElementById("unembed");
const text = document.getElementById("unembed-data")?.textContent;
if (home && text) {
  const data = JSON.parse(text) as PageData;
  mount(data, data.host === "report" ? embedded(data.results) : posting(data.token), home);
}

export default { render };
