/** What zeroing a part does, in one line. */
import { useTested } from "../hooks/useTested";
import { beforeAfter, withoutPart } from "../lib/effects";
import { marked, signed } from "../lib/format";
import type { Part } from "../lib/parts";

/** What is explained with the part and without it, where `explain` has tested it; a title has the words. */
export function Outcome({ part }: { part: Part }) {
  const tested = useTested();
  const without = tested && withoutPart(tested, part);
  if (!tested || !without) return null;
  const [before, after] = beforeAfter(tested, without);
  const { nats, effect } = without;
  return (
    <span class="outcome" title={`${before} → ${after}, ${signed(nats)} nats${effect ? `, ${marked(effect)}` : ""}`}>
      <span class="from">{before} → </span>
      {after} <span class="mark">{effect ? marked(effect)[0] : ""}</span>
    </span>
  );
}
