/** A long prompt is shown a window at a time. */
import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";

/** How many tokens a chart shows at once. */
export const WINDOW = 128;

/** Where the window starts: it follows the explained position when that changes. */
export function useWindow(position: number, length: number): Signal<number> {
  const start = useSignal(0);
  const followed = useRef("");
  const key = `${position} ${length}`;
  if (followed.current !== key) {
    followed.current = key;
    if (position < start.value || position >= start.value + WINDOW) start.value = Math.max(0, position - WINDOW + 1);
  }
  return start;
}

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
