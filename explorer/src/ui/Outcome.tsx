/** What zeroing a part does, in one line. */
import { useTested } from "../hooks/useTested";
import { beforeAfter, withoutPart } from "../lib/effects";
import { marked, signed } from "../lib/format";
import type { Part } from "../lib/parts";
import type { Effect } from "../protocol/payloads";

/** What is explained with the part and without it, where `explain` has tested it; `brief` for a column of many, which
 * leaves the words to a title. */
export function Outcome({ part, brief }: { part: Part; brief?: boolean }) {
  const tested = useTested();
  const without = tested && withoutPart(tested, part);
  if (!tested || !without) return null;
  const [before, after] = beforeAfter(tested, without);
  const { nats, effect } = without;
  const moved = `${before} → ${after}`;
  if (brief)
    return (
      <span class="outcome" title={`${moved}, ${signed(nats)} nats${effect ? `, ${marked(effect)}` : ""}`}>
        <span class="from">{before} → </span>
        {after} <span class="mark">{effect ? marked(effect)[0] : ""}</span>
      </span>
    );
  return (
    <span class="outcome">
      <span>{moved}</span> {effect ? <Verdict effect={effect} /> : null}
    </span>
  );
}

/** The effect on what is explained: the log-odds, or the logit difference where there is another token. */
function Verdict({ effect }: { effect: Effect }) {
  return (
    <span class="verdict" title={`${effect.rank} of ${effect.among} by size`}>
      <span>{signed(effect.nats)} nats</span> <span>{marked(effect).replace(" ", "\u00a0")}</span>
    </span>
  );
}
