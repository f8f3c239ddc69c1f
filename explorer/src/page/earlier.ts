/** What was asked before in this session, the latest first; kept with the tab where the browser lets a page do so. */
import { type Signal, signal } from "@preact/signals";

/** A question: a prompt, and what an encoder read. */
export interface Question {
  a: string;
  source: string | null;
}

const MOST = 20;
const PLACE = "unembed-earlier";

export class Earlier {
  readonly list: Signal<Question[]>;
  readonly #storage: Storage | null;

  constructor(storage: Storage | null) {
    this.#storage = storage;
    this.list = signal(read(storage));
  }

  /** Puts a question first. */
  add({ a, source }: Question): void {
    const [first] = this.list.value;
    if (first?.a === a && first.source === source) return;
    const others = this.list.value.filter((each) => each.a !== a || each.source !== source);
    this.list.value = [{ a, source }, ...others].slice(0, MOST);
    try {
      this.#storage?.setItem(PLACE, JSON.stringify(this.list.value));
    } catch {
      // A full or forbidden storage: the list lives as long as the page.
    }
  }
}

/** The tab's storage, or null where there is none. */
export function sessionOf(host: string): Storage | null {
  try {
    return host === "page" ? sessionStorage : null;
  } catch {
    return null;
  }
}

function read(storage: Storage | null): Question[] {
  try {
    const found: unknown = JSON.parse(storage?.getItem(PLACE) ?? "[]");
    return Array.isArray(found) ? found.filter(isQuestion).slice(0, MOST) : [];
  } catch {
    return [];
  }
}

function isQuestion(value: unknown): value is Question {
  const { a, source } = (value ?? {}) as Question;
  return typeof a === "string" && (source === null || typeof source === "string");
}
