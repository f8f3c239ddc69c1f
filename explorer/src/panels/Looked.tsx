/** Where a head looked: the selected one, or the one that the answer names. */

import { usePage } from "../hooks/usePage";
import { useTested } from "../hooks/useTested";
import { lookedFigure, lookedTable } from "../lib/figure/amounts";
import { decimal, isolated, labelOf, percent } from "../lib/format";
import { headPart, nameOf, type Part, partOfName, samePart } from "../lib/parts";
import type { ExplainPayload, Head } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Panel } from "../ui/Panel";

export function LookedPanel() {
  const page = usePage();
  const tested = useTested();
  const selection = page.at.selection.value;
  const head = tested ? headOf(tested, selection) : null;
  if (!tested || !head || head.looks_at.length === 0) return null;
  const rest = 1 - head.looks_at.reduce((sum, at) => sum + at.attention, 0);
  const from = isolated(labelOf(tested.tokens[tested.position]));
  return (
    <Panel
      name="looked"
      title={`Where ${nameOf(headPart(head))} looked`}
      note={`Its attention from ${from}; all shares come to 1.`}
    >
      <Exports
        name={`looked-${nameOf(headPart(head))}`}
        figure={(asked) => lookedFigure(tested, head, asked)}
        table={() => lookedTable(head)}
        data={tested}
      />
      <table class="looked">
        <thead class="hidden">
          <tr>
            <th scope="col">token</th>
            <th scope="col">share</th>
            <th scope="col">attention</th>
          </tr>
        </thead>
        <tbody>
          {head.looks_at.map((at) => (
            <tr key={at.position}>
              <th scope="row">
                <bdi>{labelOf(at)}</bdi>{" "}
                {!head.cross && at.position === 0 && tested.position > 0 ? (
                  <span class="small">first token</span>
                ) : null}
              </th>
              <td>
                <span class="amount" aria-hidden="true">
                  <span style={{ width: `${at.attention * 100}%` }} />
                </span>
              </td>
              <td class="number">{decimal(at.attention)}</td>
            </tr>
          ))}
          {rest > 0.005 ? (
            <tr>
              <th scope="row" class="small">
                elsewhere
              </th>
              <td>
                <span class="amount" aria-hidden="true">
                  <span class="rest" style={{ width: `${rest * 100}%` }} />
                </span>
              </td>
              <td class="number" title={percent(rest)}>
                {decimal(rest)}
              </td>
            </tr>
          ) : null}
        </tbody>
      </table>
    </Panel>
  );
}

/** The selected head if it was looked at, else that of the answer, else the first of the list. */
function headOf(tested: ExplainPayload, selection: Part | null): Head | null {
  const named = tested.answer.part ? partOfName(tested.answer.part) : null;
  const find = (part: Part | null) => part && tested.heads.find((head) => samePart(headPart(head), part));
  return find(selection) ?? find(named) ?? tested.heads[0] ?? null;
}
