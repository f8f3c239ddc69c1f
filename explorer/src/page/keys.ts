/** Keys that work wherever the focus is, except where something is typed. */
import type { Page } from "./page";
import type { How } from "./state";

const NEXT: Record<How | "none", How | null> = { none: "zero", zero: "mean", mean: null, double: null, swap: null };

/** Listens on the page's root; the returned function stops it. */
export function listenForKeys(page: Page, root: HTMLElement): () => void {
  const target: HTMLElement | Document = page.data.host === "widget" ? root : document;
  const listen = (event: Event) => press(page, root, event as KeyboardEvent);
  target.addEventListener("keydown", listen);
  return () => target.removeEventListener("keydown", listen);
}

function press(page: Page, root: HTMLElement, event: KeyboardEvent): void {
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    typing(event.target) ||
    page.helpOpen.value ||
    page.glossary.value !== null
  )
    return;
  const { selection, test } = page.state.value;
  if (event.key === "t" && selection) page.set({ test: NEXT[test ?? "none"] });
  else if (event.key === "p" && selection) page.pin();
  else if (event.key === "/") root.querySelector<HTMLElement>("[data-find]")?.focus();
  else if (event.key === "?") page.helpOpen.value = true;
  else if (event.key === "Escape" && selection) page.select(null);
  else return;
  event.preventDefault();
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
