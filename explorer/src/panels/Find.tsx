/** Selects a part by its name. */
import { useSignal } from "@preact/signals";
import { useId, useRef } from "preact/hooks";
import { usePage } from "../hooks/usePage";
import { useListed } from "../hooks/useTested";
import { lacking, nameOf, partOfName, partsOf } from "../lib/parts";
import type { View } from "../page/state";

/** Views that do not tell of a selected part. */
const ELSEWHERE: readonly View[] = ["compare", "facts", "continue"];

export function Find() {
  const page = usePage();
  const input = useRef<HTMLInputElement>(null);
  const names = useId();
  const missed = useSignal(false);
  const explained = page.explained.value;
  const listed = useListed();
  const parts = explained ? partsOf(listed ?? explained) : [];
  const find = (name: string) => {
    const part = partOfName(name);
    const why = part === null ? "" : explained ? lacking(part, explained.model) : "Nothing is explained yet.";
    missed.value = part === null || why !== "";
    if (part === null)
      page.said.value = `“${name}” names no part: write L23 (attention), L23.H4, L24.N1005 or L24 mlp.`;
    else if (why) page.said.value = `There is no ${nameOf(part)}: ${why}`;
    if (part === null || why) {
      input.current?.select();
      return;
    }
    if (ELSEWHERE.includes(page.state.value.view)) page.set({ view: "parts" });
    page.select(part);
    input.current?.blur();
  };
  return (
    <label class="find">
      <span>
        Find <kbd>/</kbd>
      </span>
      <input
        ref={input}
        type="search"
        data-find
        list={names}
        placeholder={parts[0] ? nameOf(parts[0]) : "part"}
        aria-invalid={missed.value}
        onKeyDown={(event) => {
          if (event.key === "Enter" && event.currentTarget.value.trim()) find(event.currentTarget.value.trim());
          else if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <datalist id={names}>
        {parts.map((part) => (
          <option key={nameOf(part)} value={nameOf(part)} />
        ))}
      </datalist>
    </label>
  );
}
