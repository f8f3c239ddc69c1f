/** What zeroing a part does, in one line. */
import { useTested, zeroedIn } from "../hooks/useTested";
import { marked, signed, told } from "../lib/format";
import type { Part } from "../lib/parts";
import type { Effect } from "../protocol/payloads";

/** What zeroing the part does to the target's probability and its log-odds, where `explain` has tested it; `brief` for
 * a column of many, which leaves the words to a title. */
export function Outcome({ part, brief }: { part: Part; brief?: boolean }) {
  const tested = useTested();
  const zeroed = tested && zeroedIn(tested, part);
  if (!tested || !zeroed) return null;
  const [before, after] = told(tested.target.probability, zeroed.probability);
  const effect = zeroed.difference ?? zeroed.effect;
  if (brief)
    return (
      <span class="outcome" title={`${before} → ${after}, ${signed(effect.nats)} nats, ${marked(effect)}`}>
        → {after} {marked(effect)[0]}
      </span>
    );
  return (
    <span class="outcome">
      <span>
        {before} → {after}
      </span>{" "}
      <Verdict effect={effect} />
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
