/** A menu that keeps what a panel shows: as a figure for a paper, as a table, and as the data it was made from. */
import { useEffect, useRef } from "preact/hooks";
import { usePage } from "../hooks/usePage";
import type { Asked, Figure } from "../lib/figure/figure";
import { csv, type Table } from "../lib/figure/table";
import { download, pngOf } from "./download";

interface ExportsProps {
  /** Of the files: unembed-words-smollm2-135m.svg. */
  name: string;
  figure: (asked: Asked) => Figure;
  table: () => Table;
  /** What the panel was drawn from. */
  data: unknown;
  /** The prompt beside it, where two are compared. */
  beside?: string;
}

export function Exports(props: ExportsProps) {
  const page = usePage();
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => closing(menu.current), []);
  const { prompt, source } = page.followed() ?? {};
  const asked: Asked = {
    prompt: String(prompt ?? ""),
    ...(source ? { source: String(source) } : {}),
    ...(props.beside === undefined ? {} : { beside: props.beside }),
  };
  const kinds: [string, string, () => Promise<BlobPart> | BlobPart][] = [
    ["svg", "image/svg+xml", () => props.figure(asked).svg],
    ["png", "image/png", () => pngOf(props.figure(asked))],
    ["csv", "text/csv;charset=utf-8", () => csv(props.table())],
    ["json", "application/json", () => `${JSON.stringify(props.data, null, 1)}\n`],
  ];
  const model = (page.explained.value?.model ?? page.data.model)?.name ?? "model";
  const keep = async (ending: string, type: string, make: () => Promise<BlobPart> | BlobPart) => {
    const file = `unembed-${props.name}-${slug(model)}.${ending}`;
    try {
      download(file, await make(), type);
      page.said.value = `Kept as ${file}.`;
    } catch {
      page.said.value = `The browser could not make ${file}.`;
    }
    if (menu.current) menu.current.open = false;
    menu.current?.querySelector("summary")?.focus();
  };
  return (
    <details class="exports" ref={menu}>
      <summary title="Keep this as a figure for a paper, a table or data">
        Export<span class="hidden"> {props.name}</span>
      </summary>
      <ul>
        {kinds.map(([ending, type, make]) => (
          <li key={ending}>
            <button type="button" onClick={() => keep(ending, type, make)}>
              {ending.toUpperCase()} <span class="small">{SAYS[ending]}</span>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

const SAYS: Record<string, string> = {
  svg: "figure, text stays text",
  png: "figure, 300 dpi",
  csv: "table",
  json: "data",
};

/** A name that every file system takes. */
function slug(name: string): string {
  const parts = name.toLowerCase().split(/[\\/]/).filter(Boolean);
  return (parts.at(-1) ?? "model").replace(/[^a-z0-9.]+/g, "-").replace(/^[-.]+|[-.]+$/g, "") || "model";
}

/** Escape, a click elsewhere and going on by Tab close an open menu; the returned function stops it. */
function closing(menu: HTMLDetailsElement | null): () => void {
  if (!menu) return () => {};
  const root = menu.getRootNode() as Document | ShadowRoot;
  const outside = (event: Event) => {
    if (menu.open && !event.composedPath().includes(menu)) menu.open = false;
  };
  const byKey = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
    event.stopPropagation();
  };
  const left = (event: FocusEvent) => {
    if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) menu.open = false;
  };
  root.addEventListener("pointerdown", outside);
  menu.addEventListener("keydown", byKey);
  menu.addEventListener("focusout", left);
  return () => {
    root.removeEventListener("pointerdown", outside);
    menu.removeEventListener("keydown", byKey);
    menu.removeEventListener("focusout", left);
  };
}
