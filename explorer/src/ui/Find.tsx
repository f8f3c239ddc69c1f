/** A field that finds text in a long prompt: Enter goes to the next place, Shift and Enter to the one before. */
import { useSignal } from "@preact/signals";
import { tokensWith } from "../lib/find";

export function Find(props: { texts: readonly string[]; go: (token: number | null) => void }) {
  const wanted = useSignal("");
  const place = useSignal(-1);
  const found = tokensWith(props.texts, wanted.value);
  const step = (by: number) => {
    if (found.length === 0) return;
    place.value = (place.value + by + found.length) % found.length;
    props.go(found[place.value] ?? null);
  };
  const search = (text: string) => {
    wanted.value = text;
    place.value = -1;
    const first = tokensWith(props.texts, text)[0];
    if (first !== undefined) place.value = 0;
    props.go(first ?? null);
  };
  return (
    <label>
      Find in the prompt{" "}
      <input
        type="search"
        value={wanted.value}
        onInput={(event) => search(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          step(event.shiftKey ? -1 : 1);
          event.preventDefault();
        }}
      />{" "}
      <output class="small">
        {!wanted.value
          ? ""
          : found.length === 0
            ? "is not there"
            : `${place.value + 1} of ${found.length}, token ${found[place.value] ?? ""}`}
      </output>
    </label>
  );
}
