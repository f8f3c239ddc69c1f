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

/** Where a window starts that shows a position: where it does, if it shows it, else with the position in its middle. */
export function windowWith(position: number, start: number, length: number): number {
  if (position >= start && position < start + WINDOW) return start;
  return Math.min(Math.max(0, position - WINDOW / 2), Math.max(0, length - WINDOW));
}
