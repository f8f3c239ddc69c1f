/** Prompt B beside prompt A: tokens in columns, and the ledger of A minus that of B. */

import { type Compared, useCompared } from "../hooks/useCompared";
import { usePage } from "../hooks/usePage";
import { pairsOf } from "../lib/align";
import { compareFigure, compareTable } from "../lib/figure/compare";
import { percent, signed } from "../lib/format";
import { type Pair, paired, termKey, total } from "../lib/ledger";
import { nameOfTerm, partOf } from "../lib/parts";
import type { ExplainPayload } from "../protocol/payloads";
import { Bar, Signed } from "../ui/Bar";
import { Exports } from "../ui/Exports";
import { Field } from "../ui/Field";
import { Panel } from "../ui/Panel";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { Scroll } from "../ui/Table";
import { TokenText } from "../ui/Token";
import { PatchMap } from "./Patch";

const SHOWN = 12;

export function ComparePanel() {
  const page = usePage();
  const explained = page.explained.value;
  const compared = useCompared();
  const b = page.at.b.value;
  if (!explained) return null;
  if (!compared)
    return (
      <Panel
        name="compare"
        title="Compare A and B"
        note={`A second ${page.beside()}, best with as many tokens: its ledger is set beside this one's, and its values are put in here to see which bring its answer.`}
      >
        <PromptB />
      </Panel>
    );
  const pairs = compared.columns ? pairsOf(compared.columns) : [];
  return (
    <Panel name="compare" title="Compare A and B">
      <PromptB />
      <Status answer={compared.answer} />
      {compared.result && compared.mate !== null ? (
        <Exports
          name="compare"
          figure={(asked) => compareFigure(explained, compared.result as ExplainPayload, asked)}
          table={() => compareTable(explained, compared.result as ExplainPayload)}
          data={{ a: explained, b: compared.result }}
          beside={b ?? ""}
        />
      ) : null}
      <Columns explained={explained} compared={compared} />
      {compared.columns && compared.mate === null ? (
        <p class="error">
          The explained position of A has no partner in B, so the two ledgers are not set side by side.
        </p>
      ) : null}
      <div class="side-by-side wide">
        {compared.result && compared.mate !== null ? <Differences a={explained} b={compared.result} /> : null}
        {page.reads() === null && pairs.length > 0 && compared.mate !== null ? (
          explained.position === explained.asks ? (
            <PatchMap pairs={pairs} promptB={b ?? ""} />
          ) : (
            <p class="note">Patching is read at the last token; choose it to see this map.</p>
          )
        ) : null}
      </div>
    </Panel>
  );
}

/** Where B is typed; it begins as A. */
function PromptB() {
  const page = usePage();
  const { a, b, source } = page.state.value;
  const of = page.beside();
  const live = page.data.host !== "report" && page.reads() !== "audio";
  if (b === null)
    return (
      <button type="button" disabled={!live} onClick={() => page.set({ b: of === "source" ? source : a })}>
        A | B: add {of} B
      </button>
    );
  return (
    <div class="fields">
      <Field name="b" label={of === "source" ? "Source B" : "Prompt B"} wide live={live} />
      <button type="button" disabled={!live} onClick={() => page.set({ b: null })}>
        Without B
      </button>
    </div>
  );
}

function Columns({ explained, compared }: { explained: ExplainPayload; compared: Compared }) {
  const other = compared.result?.tokens ?? [];
  if (!compared.columns || !compared.result) return null;
  const sign = { same: "=", differs: "≠", alone: "∅" };
  return (
    <Scroll label="Tokens of A and B">
      <table class="columns">
        <tbody>
          <tr>
            <th scope="row">A</th>
            {compared.columns.map(({ a, how }, place) => (
              <td key={place} class={how}>
                {a === null ? (
                  "—"
                ) : (
                  <TokenText text={explained.tokens[a]?.text ?? ""} fragment={explained.tokens[a]?.fragment} />
                )}
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">
              <span class="hidden">aligned</span>
            </th>
            {compared.columns.map(({ how }, place) => (
              <td key={place} class={how} title={how}>
                {sign[how]}
                <span class="hidden">{how}</span>
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">B</th>
            {compared.columns.map(({ b, how }, place) => (
              <td key={place} class={how}>
                {b === null ? "—" : <TokenText text={other[b]?.text ?? ""} fragment={other[b]?.fragment} />}
              </td>
            ))}
          </tr>
        </tbody>
      </table>
      <p class="note">= equal; ≠ replaced, set side by side; ∅ without a partner.</p>
    </Scroll>
  );
}

const difference = (pair: Pair) => (pair.a ?? 0) - (pair.b ?? 0);

/** The ledgers' rows by how much they differ; a term that one prompt lacks counts as zero there. */
function Differences({ a, b }: { a: ExplainPayload; b: ExplainPayload }) {
  const pairs = paired(a.ledger.terms, b.ledger.terms).sort(
    (one, other) => Math.abs(difference(other)) - Math.abs(difference(one)),
  );
  const shown = pairs.slice(0, SHOWN);
  const left = pairs.slice(SHOWN);
  const largest = Math.max(0, ...pairs.map((pair) => Math.abs(difference(pair))));
  const sums = (of: readonly Pair[]) => [
    total(of.map((pair) => pair.a ?? 0)),
    total(of.map((pair) => pair.b ?? 0)),
    total(of.map(difference)),
  ];
  return (
    <table class="differences">
      <caption>
        Ledger of <TokenText text={a.target.text} />: {percent(a.target.probability)} in A,{" "}
        {percent(b.target.probability)} in B
      </caption>
      <thead>
        <tr>
          <th scope="col">part</th>
          <th scope="col" class="number">
            A
          </th>
          <th scope="col" class="number">
            B
          </th>
          <th scope="col" class="number">
            A − B
          </th>
          <th scope="col" class="wide-only">
            <span class="hidden">bar</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {shown.map((pair) => {
          const part = partOf(pair.term);
          return (
            <tr key={termKey(pair.term)}>
              <th scope="row">{part ? <PartButton part={part} /> : nameOfTerm(pair.term)}</th>
              <td class="number">{pair.a === null ? "—" : signed(pair.a)}</td>
              <td class="number">{pair.b === null ? "—" : signed(pair.b)}</td>
              <td class="number">
                <Signed value={difference(pair)} />
              </td>
              <td class="wide-only">
                <Bar value={difference(pair)} largest={largest} />
              </td>
            </tr>
          );
        })}
        <SumOf name={`${left.length} others (net)`} sums={sums(left)} />
      </tbody>
      <tfoot>
        <SumOf name="total" sums={sums(pairs)} />
      </tfoot>
    </table>
  );
}

function SumOf({ name, sums }: { name: string; sums: number[] }) {
  return (
    <tr class={name === "total" ? "total" : "others"}>
      <th scope="row">{name}</th>
      {sums.map((sum, place) => (
        <td key={place} class="number">
          {signed(sum)}
        </td>
      ))}
      <td class="wide-only" />
    </tr>
  );
}
