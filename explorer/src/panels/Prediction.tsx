/** What the model said and how sure it was. */

import { useCompared } from "../hooks/useCompared";
import { usePage } from "../hooks/usePage";
import { predictionFigure, predictionTable } from "../lib/figure/amounts";
import { isolated, labelOf, percent, seen } from "../lib/format";
import { choosing } from "../page/state";
import type { ExplainPayload } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Panel } from "../ui/Panel";
import { TokenText } from "../ui/Token";

export function PredictionPanel() {
  const page = usePage();
  const explained = page.explained.value;
  const compared = useCompared();
  if (!explained) return null;
  const { target, position, tokens, model } = explained;
  return (
    <Panel
      name="prediction"
      title="Prediction"
      note={
        <>
          {model.bidirectional ? "At" : "After"} {position} {isolated(labelOf(tokens[position]))}: {seen(target.text)}{" "}
          has {percent(target.probability)}, rank {target.rank}. Choose a token to explain it.
        </>
      }
    >
      <Exports
        name="prediction"
        figure={(asked) => predictionFigure(explained, asked)}
        table={() => predictionTable(explained)}
        data={explained}
      />
      {explained.notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      <div class="side-by-side">
        <Predicted explained={explained} caption={compared ? "A" : "Top tokens"} />
        {compared?.result ? <Predicted explained={compared.result} caption="B" /> : null}
      </div>
    </Panel>
  );
}

function Predicted({ explained, caption }: { explained: ExplainPayload; caption: string }) {
  const page = usePage();
  return (
    <table class="predictions">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">token</th>
          <th scope="col" class="number">
            probability
          </th>
          <th scope="col">
            <span class="hidden">bar</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {explained.predictions.map((token) => (
          <tr key={token.id}>
            <td>
              <button
                type="button"
                class="part"
                aria-pressed={token.id === explained.target.id}
                disabled={page.data.host === "report"}
                onClick={() => page.set(choosing(token, page.state.value.vs))}
                onMouseEnter={() => page.foresee(choosing(token, page.state.value.vs))}
              >
                <TokenText text={token.text} />
              </button>
            </td>
            <td class="number">{percent(token.probability)}</td>
            <td>
              <span class="amount" aria-hidden="true">
                <span style={{ width: `${token.probability * 100}%` }} />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
