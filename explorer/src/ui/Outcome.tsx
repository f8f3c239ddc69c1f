/** What zeroing a part does, in one line. */
import { outcomeOf, useTested } from "../hooks/useTested";
import { marked, percent } from "../lib/format";
import type { Part } from "../lib/parts";

/** What zeroing the part does to the target's probability, where `explain` has tested it. */
export function Outcome({ part }: { part: Part }) {
  const tested = useTested();
  const outcome = tested && outcomeOf(tested, part);
  if (!tested || !outcome || outcome.probability === null) return null;
  return (
    <span class="outcome">
      {percent(tested.target.probability)} → {percent(outcome.probability)}{" "}
      <span class="verdict">{marked(outcome.verdict)}</span>
    </span>
  );
}
