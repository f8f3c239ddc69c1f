/** What has been scrolled to. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";

/** Whether an element has come into view: what is far down is not asked before it is looked for. */
export function useSeen<T extends Element>(): { ref: { current: T | null }; seen: boolean } {
  const ref = useRef<T | null>(null);
  const seen = useSignal(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    if (seen.value || !ref.current) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) seen.value = true;
    });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return useMemo(
    () => ({
      ref,
      get seen() {
        return seen.value;
      },
    }),
    [],
  );
}
