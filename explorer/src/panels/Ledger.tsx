/** The ledger: terms that sum to the model's own number. A row opens in place, and its children sum to it. */

import { useSignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { useAsk, useForeseen } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { useTested } from "../hooks/useTested";
import { withoutPart } from "../lib/effects";
import { ledgerFigure, ledgerTable } from "../lib/figure/ledger";
import { decimal, labelOf, type Placed, scientific, seen, signed } from "../lib/format";
import { addsUp, type Order, rowsOf, scaleOf, termKey } from "../lib/ledger";
import { nameOfTerm, type Part, partOf, samePart, sublayerOf } from "../lib/parts";
import type { Page } from "../page/page";
import type { Ask } from "../protocol/asks";
import type { ExplainPayload, Term as LedgerTerm, Reference } from "../protocol/payloads";
import { Bar, Signed } from "../ui/Bar";
import { Exports } from "../ui/Exports";
import { Marks } from "../ui/Marks";
import { Outcome } from "../ui/Outcome";
import { Panel } from "../ui/Panel";
import { Term } from "../ui/Term";
import { ForeseenParts } from "./Inspector";

const FIRST = 12;
const CHILDREN = 10;
/** Rows whose opening is asked ahead. */
const FORESEEN = 6;
const EVERYTHING = Number.POSITIVE_INFINITY;

/** Rows opened or closed by hand; else a row is open when it, or what is in it, is selected. */
interface OpenRows {
  is(key: string, part: Part | null): boolean;
  set(key: string, open: boolean): void;
}
const Opened = createContext<OpenRows>({ is: () => false, set: () => {} });
/** The order of all rows, and the effect by which a term may be sorted. */
const Sorted = createContext<{ order: Order; effectOf(term: LedgerTerm): number | null }>({
  order: "size",
  effectOf: () => null,
});

export function LedgerPanel() {
  const page = usePage();
  const explained = page.explained.value;
  const tested = useTested();
  const order = useSignal<Order>("size");
  const limit = useSignal(FIRST);
  const byHand = useSignal<Record<string, boolean>>({});
  if (!explained) return null;
  const { ledger } = explained;
  const selection = page.at.selection.value;
  const effectOf = (term: LedgerTerm) => {
    const part = partOf(term);
    return part && tested ? (withoutPart(tested, part)?.nats ?? null) : null;
  };
  const keep = (term: LedgerTerm) => holds(partOf(term), selection);
  const rows = rowsOf(ledger.terms, limit.value, order.value, keep, effectOf);
  const largest = scaleOf(0, ledger.terms, rows.others.value);
  const opened = {
    is: (key: string, part: Part | null) => byHand.value[key] ?? holds(part, selection),
    set: (key: string, open: boolean) => {
      byHand.value = { ...byHand.value, [key]: open };
    },
  };
  return (
    <Panel name="ledger" title={<Term name="ledger">Ledger</Term>} note={<ReferenceNote explained={explained} />}>
      <Exports
        name="ledger"
        figure={(asked) => ledgerFigure(explained, limit.value, order.value, asked)}
        table={() => ledgerTable(explained)}
        data={explained}
      />
      <p class="controls">
        <label>
          Sort{" "}
          <select value={order.value} onChange={(event) => (order.value = event.currentTarget.value as Order)}>
            <option value="size">by size</option>
            <option value="effect" disabled={!tested}>
              by effect
            </option>
            <option value="layer">by layer</option>
          </select>
        </label>
        {ledger.terms.length > FIRST ? (
          <button type="button" onClick={() => (limit.value = limit.value === FIRST ? EVERYTHING : FIRST)}>
            {limit.value === FIRST ? `Show all ${ledger.terms.length}` : "Show the largest"}
          </button>
        ) : null}
      </p>
      <Opened.Provider value={opened}>
        <Sorted.Provider value={{ order: order.value, effectOf }}>
          {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: ARIA's treegrid is a table whose rows open */}
          <table class="ledger" role="treegrid" aria-label="Ledger" onKeyDown={moveRow}>
            <thead>
              <tr>
                <th scope="col">part</th>
                <th scope="col" class="number">
                  <Term name="credit" />, logits
                </th>
                <th scope="col" class="wide-only">
                  <span class="hidden">bar</span>
                </th>
                <th scope="col">{withoutIt(explained)}</th>
              </tr>
            </thead>
            <tbody>
              {rows.shown.map((term, place) => (
                <TermRows key={termKey(term)} term={term} level={1} largest={largest} first={place === 0} />
              ))}
              <OthersRow count={rows.others.count} value={rows.others.value} level={1} largest={largest} />
            </tbody>
            <Total explained={explained} />
          </table>
        </Sorted.Provider>
      </Opened.Provider>
      <Marks />
      <Foreseen terms={rows.shown} />
    </Panel>
  );
}

/** Asks ahead the other reference, and the first rows opened. */
function Foreseen({ terms }: { terms: readonly LedgerTerm[] }) {
  const page = usePage();
  const opening = terms.filter(opens).slice(0, FORESEEN);
  const { vs, reference } = page.answered.value ?? page.state.value;
  const other = vs === null ? page.asksOf({ reference: reference === "mean" ? "raw" : "mean" }) : [];
  useForeseen([...other, ...opening.flatMap((term) => termsAsk(page, term) ?? [])]);
  return null;
}

/** Whether a term is a sublayer, whose row opens. */
function opens(term: LedgerTerm): boolean {
  const part = partOf(term);
  return part !== null && part.kind === sublayerOf(part);
}

/** What is asked where a row is opened; null before there is an explanation. */
function termsAsk(page: Page, { layer, kind }: LedgerTerm): Ask<"terms"> | null {
  const followed = page.followed();
  return followed && { ask: "terms", ...followed, layer, sublayer: kind, top: CHILDREN };
}

/** What the column of tests tells. */
function withoutIt({ target, reference }: ExplainPayload): string {
  const name = seen(target.text.trim() || target.text);
  return reference.kind === "versus" ? `lead of ${name} without it` : `${name} without it`;
}

/** Whether a selected part is a row's part or lies in it. */
function holds(row: Part | null, selection: Part | null): boolean {
  if (!row || !selection || row.layer !== selection.layer) return false;
  if (samePart(row, selection)) return true;
  if (selection.encoder) return false;
  return row.head === undefined && row.neuron === undefined && sublayerOf(selection) === row.kind;
}

function ReferenceNote({ explained }: { explained: ExplainPayload }) {
  const { target, reference } = explained;
  return (
    <>
      Why {seen(target.text)}: {described(reference)}; raw <Term name="logit" /> {decimal(target.logit)}
      {reference.kind === "raw" ? null : (
        <>
          , <Term name="reference" /> {decimal(reference.value)}
        </>
      )}
      . A part's <Term name="credit" /> is what it writes toward that, with attention patterns and the scales of norms
      as they were.
    </>
  );
}

function described(reference: Reference): string {
  if (reference.kind === "raw") return "its raw logit";
  if (reference.kind === "mean") return "its logit above the vocabulary mean";
  return `its logit minus that of ${seen(reference.text ?? "")}`;
}

/** The sum, added up again here, against the model's number. */
function Total({ explained }: { explained: ExplainPayload }) {
  const { sum, error, holds: equal } = addsUp(explained.ledger);
  return (
    <tfoot>
      <tr class={equal ? "total" : "total error"}>
        <th scope="row">total</th>
        <td class="number" data-total={sum}>
          {signed(sum)}
        </td>
        <td colSpan={2}>
          {equal ? "= model ✓" : `≠ model ${signed(explained.ledger.value)}`} (|Δ| {scientific(error)}, tolerance{" "}
          {scientific(explained.ledger.tolerance)})
        </td>
      </tr>
    </tfoot>
  );
}

function TermRows(props: {
  term: LedgerTerm;
  level: number;
  largest: number;
  first?: boolean;
  sources?: LedgerTerm[];
}) {
  const page = usePage();
  const opened = useContext(Opened);
  const { term, level } = props;
  const part = partOf(term);
  const key = termKey(term);
  const canOpen = opens(term) || (props.sources?.length ?? 0) > 0;
  const open = canOpen && opened.is(key, part);
  return (
    <>
      <Row
        name={nameOfTerm(term)}
        value={term.value}
        level={level}
        largest={props.largest}
        part={part}
        open={canOpen ? open : null}
        first={props.first ?? false}
        onToggle={(to) => opened.set(key, to)}
        onSelect={() => {
          if (part) page.select(samePart(part, page.at.selection.value) ? null : part);
        }}
      />
      {open && level === 1 ? <Children term={term} largest={props.largest} /> : null}
      {open && level === 2 ? <Sources terms={props.sources ?? []} parent={term.value} largest={props.largest} /> : null}
    </>
  );
}

/** The heads of an attention sublayer, or the strongest neurons of an MLP. */
function Children({ term, largest }: { term: LedgerTerm; largest: number }) {
  const page = usePage();
  const sorted = useContext(Sorted);
  const answer = useAsk(termsAsk(page, term));
  if (!answer?.result)
    return (
      <tr class="waiting">
        <td colSpan={4} class={answer?.error ? "error" : ""}>
          {answer?.error ?? `${answer?.stage ?? "waiting"} …`}
        </td>
      </tr>
    );
  const { terms, others } = answer.result;
  const children = terms.filter((child) => child.source === null && !isMixRounding(child));
  const rows = rowsOf(children, EVERYTHING, sorted.order, undefined, sorted.effectOf);
  const scale = scaleOf(largest, children, others.value);
  return (
    <>
      {rows.shown.map((child) => (
        <TermRows
          key={termKey(child)}
          term={child}
          level={2}
          largest={scale}
          sources={terms.filter((each) => isUnder(each, child))}
        />
      ))}
      <ForeseenParts parts={rows.shown.slice(0, FORESEEN).flatMap((child) => partOf(child) ?? [])} />
      <OthersRow count={others.count} value={others.value} level={2} largest={scale} />
      <SumRow level={2} sum={rows.sum + others.value} parent={term.value} />
    </>
  );
}

/** Whether a term is what a 16-bit run rounded as a head mixed its values. */
function isMixRounding({ kind }: LedgerTerm): boolean {
  return kind === "head_rounding" || kind === "cross_head_rounding";
}

/** Whether a term is one of those that a head's term sums: its source tokens, and what its mix rounded. */
function isUnder(term: LedgerTerm, head: LedgerTerm): boolean {
  return head.head !== null && term.head === head.head && (term.source !== null || isMixRounding(term));
}

/** What a head carries from each source token. */
function Sources(props: { terms: LedgerTerm[]; parent: number; largest: number }) {
  const page = usePage();
  const name = (term: LedgerTerm) =>
    isMixRounding(term) ? "rounding" : `from ${term.source} ${labelOf(sourceOf(page.explained.value, term))}`;
  const { shown, others, sum } = rowsOf(props.terms, CHILDREN, "size");
  const scale = scaleOf(props.largest, shown, others.value);
  return (
    <>
      {shown.map((term) => (
        <Row
          key={termKey(term)}
          name={name(term)}
          value={term.value}
          level={3}
          largest={scale}
          part={null}
          open={null}
        />
      ))}
      <OthersRow count={others.count} value={others.value} level={3} largest={scale} />
      <SumRow level={3} sum={sum} parent={props.parent} />
    </>
  );
}

/** What stands where a head reads: a token of the prompt, or what the encoder read. */
function sourceOf(explained: ExplainPayload | null, { kind, source }: LedgerTerm): Placed | undefined {
  if (explained === null || source === null) return undefined;
  if (kind === "cross_attention") return { text: explained.sources?.[source]?.label ?? "" };
  return explained.tokens[source];
}

interface RowProps {
  name: string;
  value: number;
  level: number;
  largest: number;
  part: Part | null;
  /** null: the row has no children. */
  open: boolean | null;
  first?: boolean;
  onToggle?: (open: boolean) => void;
  onSelect?: () => void;
}

function Row(props: RowProps) {
  const page = usePage();
  const { part, open, level } = props;
  const selected = part !== null && samePart(part, page.at.selection.value);
  const hovered = part !== null && samePart(part, page.hovered.value);
  return (
    <tr
      class={`level-${level}${hovered ? " hovered" : ""}${part ? " choosable" : ""}`}
      aria-level={level}
      aria-selected={selected}
      {...(open === null ? {} : { "aria-expanded": open })}
      tabIndex={props.first || selected ? 0 : -1}
      onClick={() => (props.onSelect ?? (() => {}))()}
      onMouseEnter={() => (page.hovered.value = part)}
      onMouseLeave={() => (page.hovered.value = null)}
      onKeyDown={(event) => {
        const wanted = event.key === "ArrowRight" ? true : event.key === "ArrowLeft" ? false : null;
        if (wanted !== null && open !== null && open !== wanted) {
          props.onToggle?.(wanted);
          event.stopPropagation();
          event.preventDefault();
        } else if (event.key === "Enter" || event.key === " ") {
          props.onSelect?.();
          event.preventDefault();
        }
      }}
    >
      <td class="name">
        {open === null ? (
          <span class="twisty" />
        ) : (
          // A pointer's way of opening without selecting; the keyboard has the arrows.
          <span
            class="twisty"
            aria-hidden="true"
            onClick={(event) => {
              event.stopPropagation();
              props.onToggle?.(!open);
            }}
          >
            {open ? "▾" : "▸"}
          </span>
        )}
        <bdi>{props.name}</bdi>
      </td>
      <td class="number" data-value={props.value}>
        <Signed value={props.value} />
      </td>
      <td class="wide-only">
        <Bar value={props.value} largest={props.largest} />
      </td>
      <td>{part ? <Outcome part={part} /> : null}</td>
    </tr>
  );
}

function OthersRow(props: { count: number; value: number; level: number; largest: number }) {
  if (props.count === 0) return null;
  return (
    <tr class={`others level-${props.level}`} aria-level={props.level}>
      <td class="name">
        <span class="twisty" />
        {props.count} others (net)
      </td>
      <td class="number" data-value={props.value}>
        <Signed value={props.value} />
      </td>
      <td class="wide-only">
        <Bar value={props.value} largest={props.largest} />
      </td>
      <td />
    </tr>
  );
}

function SumRow(props: { level: number; sum: number; parent: number }) {
  const equal = Math.abs(props.sum - props.parent) < 0.005;
  return (
    <tr class={`sum level-${props.level}`} aria-level={props.level}>
      <td class="name">
        <span class="twisty" />
        sum
      </td>
      <td class="number">{signed(props.sum)}</td>
      <td colSpan={2} class={equal ? "" : "error"}>
        {equal ? "= the row above ✓" : `≠ the row above ${signed(props.parent)}`}
      </td>
    </tr>
  );
}

/** The arrow keys go from row to row. */
function moveRow(event: KeyboardEvent): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const rows = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("tr[tabindex]")];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[at + step]?.focus();
  event.preventDefault();
}
