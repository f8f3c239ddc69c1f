/** What has lasted for a while. */
import { useEffect, useState } from "preact/hooks";

/** Milliseconds after which a reader sees that an answer is waited for. */
const QUICK = 150;

/** Whether something has been so for longer than an answer that comes at once takes. */
export function useLate(waits: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!waits) return setLate(false);
    const timer = setTimeout(() => setLate(true), QUICK);
    return () => clearTimeout(timer);
  }, [waits]);
  return waits && late;
}
