/** The buttons that move the window of a long prompt. */
import type { Signal } from "@preact/signals";
import { WINDOW } from "../hooks/useWindow";

export function Window(props: { start: Signal<number>; length: number; what: string }) {
  const { start, length, what } = props;
  if (length <= WINDOW) {
    if (start.value !== 0) start.value = 0;
    return null;
  }
  const last = Math.max(0, length - WINDOW);
  const go = (to: number) => {
    start.value = Math.min(Math.max(to, 0), last);
  };
  return (
    <p class="window">
      <button type="button" disabled={start.value === 0} onClick={() => go(start.value - WINDOW)}>
        Earlier {what}
      </button>{" "}
      {start.value}–{Math.min(start.value + WINDOW, length) - 1} of {length}{" "}
      <button type="button" disabled={start.value >= last} onClick={() => go(start.value + WINDOW)}>
        Later {what}
      </button>
    </p>
  );
}
