/** Where heads look, and what each source token gives through them. */

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { useLatest } from "../hooks/useAsk";
import { usePage } from "../hooks/usePage";
import { useListed, useTests } from "../hooks/useTested";
import { useWindow, WINDOW } from "../hooks/useWindow";
import { amountColour, signColour } from "../lib/colours";
import { attentionFigure, attentionTable, headsFigure, headsTable } from "../lib/figure/maps";
import { decimal, labelOf, type Placed, signed } from "../lib/format";
import { headPart, isCross, nameOf, type Part, readsSource, stackOf, sublayerOf } from "../lib/parts";
import type { AttentionPayload, ExplainPayload, Head, HeadPattern } from "../protocol/payloads";
import { Exports } from "../ui/Exports";
import { Grid } from "../ui/Grid";
import { Legend } from "../ui/Legend";
import { Panel } from "../ui/Panel";
import { PartButton } from "../ui/PartButton";
import { Status } from "../ui/Status";
import { TableTwin } from "../ui/Table";
import { Term } from "../ui/Term";
import { Window } from "../ui/Window";

export function AttentionPanel() {
  const page = usePage();
  const explained = page.explained.value;
  const followed = page.followed();
  const selection = page.at.selection.value;
  const { strongest, settled } = useStrongest(explained);
  const own = selection && sublayerOf(selection) !== "mlp" ? selection : null;
  const cross = own !== null && isCross(own);
  const ofSource = own !== null && readsSource(own);
  const length = (ofSource ? explained?.sources?.length : explained?.tokens.length) ?? 0;
  const start = useWindow(ofSource ? 0 : (explained?.position ?? 0), length);
  const layer = own?.layer ?? strongest?.layer ?? 0;
  const head = own ? own.head : strongest?.head;
  const known = own !== null || settled;
  const asked =
    followed && known ? { ask: "attention" as const, ...followed, layer, ...(own ? stackOf(own) : {}) } : null;
  const heads = useLatest(asked, !known);
  const one = useLatest(asked && head !== undefined && !cross ? { ...asked, head } : null, !known);
  if (!explained) return null;
  const shown = { start: start.value, size: WINDOW };
  return (
    <Panel
      name="attention"
      title={`${cross ? "Cross-attention" : own?.encoder ? "Attention of the encoder" : "Attention"}: layer ${layer}`}
      note={
        <>
          {own ? fromWhere(own, explained.position) : "Of the strongest head; select another to see its layer."} Each
          head: its attention to the tokens (above), and what they give the target through it (below). A first token
          that is bright and gives little is an <Term name="attention sink" />.
        </>
      }
    >
      <Window start={start} length={length} what="tokens" />
      <Status answer={heads.answer} />
      {heads.result && !heads.stale ? (
        <Exports
          name={`heads-L${layer}`}
          figure={(asked) => headsFigure(heads.result as AttentionPayload, shown, asked)}
          table={() => headsTable(heads.result as AttentionPayload, shown)}
          data={heads.result}
        />
      ) : null}
      {heads.result ? (
        <div class={heads.stale ? "stale" : ""}>
          <Multiples payload={heads.result} start={start.value} />
          <Legend kind="amount" low="attention 0" high="1" />
          <Legend kind="sign" {...ends(largestOf(heads.result))} />
          <TableTwin
            label="attention and contribution by head and token"
            head={["head", "source", "attention", "gives (logits)"]}
            rows={() => rowsOfHeads(heads.result as AttentionPayload, start.value)}
          />
        </div>
      ) : null}
      {head === undefined || cross ? null : <Status answer={one.answer} />}
      {one.result?.matrix === null ? (
        <p class="note">The whole pattern of a head is not kept for a prompt of this length.</p>
      ) : null}
      {one.result?.matrix ? (
        <div class={`has-exports${one.stale ? " stale" : ""}`}>
          <Exports
            name={`attention-${own ? nameOf(own) : `L${layer}.H${head}`}`}
            figure={(asked) => attentionFigure(one.result as AttentionPayload, shown, asked)}
            table={() => attentionTable(one.result as AttentionPayload, shown)}
            data={one.result}
          />
          <Pattern payload={one.result} matrix={one.result.matrix} start={start.value} />
        </div>
      ) : null}
    </Panel>
  );
}

/** The head that matters most, which the tests tell; until they have, the one that adds most. */
function useStrongest(explained: ExplainPayload | null): { strongest: Head | undefined; settled: boolean } {
  const tests = useTests();
  const found = (useListed() ?? explained)?.heads.find((head) => !head.cross);
  const settled = found !== undefined || Boolean(tests?.result ?? tests?.error);
  const last = useRef(found);
  if (settled) last.current = found;
  return { strongest: last.current, settled };
}

/** From where the strips of heads look. */
function fromWhere(part: Part, position: number): string {
  return part.encoder ? "The mean over all positions of the source." : `From position ${position}.`;
}

function rowsOfHeads(payload: AttentionPayload, start: number): string[][] {
  return payload.heads.flatMap((head) =>
    readBy(head, payload)
      .slice(start, start + WINDOW)
      .map((token) => [
        nameOf(headPart(head)),
        `${token.position} ${labelOf(token)}`,
        decimal(head.pattern[token.position] ?? 0, 3),
        signed(head.contribution[token.position] ?? 0, 3),
      ]),
  );
}

/** A position that a head can look at. */
type Read = Placed & { position: number };

/** What a head can look at: the tokens up to the explained position (all, around a blank), or what the encoder read. */
function readBy(head: HeadPattern, payload: AttentionPayload): Read[] {
  if (head.cross || head.encoder)
    return (payload.sources ?? []).map(({ position, label }) => ({ position, text: label }));
  return payload.tokens.slice(0, head.pattern.length);
}

function largestOf({ heads }: AttentionPayload): number {
  return Math.max(0, ...heads.flatMap((head) => head.contribution.map(Math.abs)));
}

/** The ends of the colours of what is given. */
function ends(largest: number): { low: string; high: string; middle: string } {
  return { low: `gives ${signed(-largest)}`, high: `${signed(largest)} logits to the target`, middle: "none" };
}

/** All heads of the layer, each as two strips over the source tokens. */
function Multiples({ payload, start }: { payload: AttentionPayload; start: number }) {
  const { heads } = payload;
  const largest = largestOf(payload);
  return (
    <ul class="multiples">
      {heads.map((head) => (
        <li key={head.head}>
          <PartButton part={headPart(head)} /> {signed(head.value)}
          <Strips head={head} tokens={readBy(head, payload)} start={start} largest={largest} />
        </li>
      ))}
    </ul>
  );
}

function Strips(props: { head: HeadPattern; tokens: Read[]; start: number; largest: number }) {
  const shown = props.tokens.slice(props.start, props.start + WINDOW);
  const width = 100 / Math.max(shown.length, 1);
  return (
    <>
      <svg class="strips" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
        {shown.map((token, place) => {
          const attention = props.head.pattern[token.position] ?? 0;
          const given = props.head.contribution[token.position] ?? 0;
          return (
            <g key={token.position}>
              <rect x={place * width} y={0} width={width * 0.94} height={9} fill={amountColour(attention)} />
              <rect x={place * width} y={10} width={width * 0.94} height={9} fill={signColour(given, props.largest)} />
              <title>
                {`${token.position} ${labelOf(token)}: attention ${decimal(attention)}, gives ${signed(given)}`}
              </title>
            </g>
          );
        })}
      </svg>
      {shown.length <= MOST_NAMED ? (
        <span
          class="strip-names"
          aria-hidden="true"
          style={{ gridTemplateColumns: `repeat(${shown.length}, minmax(0, 1fr))` }}
        >
          {shown.map((token) => (
            <bdi key={token.position} title={`${token.position} ${labelOf(token)}`}>
              {labelOf(token)}
            </bdi>
          ))}
        </span>
      ) : null}
    </>
  );
}

/** With more tokens, names below the strips could not be read. */
const MOST_NAMED = 12;

const WEIGHTINGS = {
  attention: "pattern",
  written: "value-weighted, at every position",
  target: "value-weighted, for the target",
};
type Weighting = keyof typeof WEIGHTINGS;

/** The whole pattern of one head, query by key: as it is, by the norm of what is written, or by what the target gets. */
function Pattern(props: { payload: AttentionPayload; matrix: number[][]; start: number }) {
  const { payload, matrix, start } = props;
  const [head] = payload.heads;
  const weighting = useSignal<Weighting>("attention");
  const whole = head?.encoder || (payload.model.bidirectional ?? false);
  const read = head?.encoder ? readBy(head, payload) : payload.tokens;
  const size = Math.min(WINDOW, read.length - start);
  const name = head ? nameOf(headPart(head)) : "";
  const text = (place: number) => labelOf(read[start + place]);
  const attention = (row: number, column: number) => matrix[start + row]?.[start + column] ?? 0;
  const written = (row: number, column: number) => attention(row, column) * (payload.norms?.[start + column] ?? 0);
  return (
    <>
      <h3>{name}</h3>
      <p class="controls">
        {Object.entries(WEIGHTINGS).map(([key, label]) => (
          <button
            key={key}
            type="button"
            aria-pressed={weighting.value === key}
            disabled={key === "written" && !payload.norms}
            onClick={() => (weighting.value = key as Weighting)}
          >
            {label}
          </button>
        ))}
      </p>
      {weighting.value === "target" ? (
        <ForTarget text={text} given={head?.contribution ?? []} name={name} start={start} size={size} />
      ) : (
        <Square
          label={
            weighting.value === "attention"
              ? `Attention pattern of ${name}, query by key`
              : `Norm of what ${name} writes, query by key`
          }
          size={size}
          start={start}
          text={text}
          value={weighting.value === "attention" ? attention : written}
          whole={whole}
          largest={weighting.value === "attention" ? 1 : undefined}
          unit={weighting.value === "attention" ? "attention; rows look at columns" : "norm of what is written"}
        />
      )}
      <TableTwin
        label={`pattern of ${name}`}
        head={["from", "to", "attention", "norm of what is written"]}
        rows={() =>
          Array.from({ length: size }, (_, from) =>
            Array.from({ length: whole ? size : from + 1 }, (_, to) => [
              `${start + from} ${text(from)}`,
              `${start + to} ${text(to)}`,
              decimal(attention(from, to), 3),
              payload.norms ? decimal(written(from, to), 3) : "",
            ]),
          ).flat()
        }
      />
    </>
  );
}

/** Amounts, query by key: a triangle, or a square where every token is read by all. */
function Square(props: {
  label: string;
  size: number;
  start: number;
  text: (place: number) => string;
  value: (row: number, column: number) => number;
  /** Whether tokens read those after them. */
  whole: boolean;
  unit: string;
  /** What is brightest; without it, the largest value that is shown. */
  largest: number | undefined;
}) {
  const { size, start, text, value } = props;
  const rows = Array.from({ length: size }, (_, row) => row);
  const largest = props.largest ?? Math.max(1e-9, ...rows.flatMap((row) => rows.map((column) => value(row, column))));
  return (
    <>
      <Grid
        label={props.label}
        columns={size}
        rows={size}
        height={size <= MOST_NAMED ? 18 : 12}
        {...(size <= MOST_NAMED
          ? { text: (column: number, row: number) => (column > row && !props.whole ? "" : decimal(value(row, column))) }
          : {})}
        colour={(column, row) => (column > row && !props.whole ? null : amountColour(value(row, column) / largest))}
        tell={(column, row) =>
          `from ${start + row} ${text(row)} to ${start + column} ${text(column)}: ${decimal(value(row, column), 3)}`
        }
        rowName={(row) => `${start + row} ${text(row)}`}
        columnName={text}
      />
      <Legend kind="amount" low="0" high={`${decimal(largest)} ${props.unit}`} />
    </>
  );
}

/** What each token gives the target through the head, from the explained position. */
function ForTarget(props: {
  text: (place: number) => string;
  given: readonly number[];
  name: string;
  start: number;
  size: number;
}) {
  const { text, given, name, start } = props;
  const largest = Math.max(0, ...given.map(Math.abs));
  return (
    <>
      <Grid
        label={`What each token gives through ${name}`}
        columns={props.size}
        rows={1}
        height={26}
        colour={(column) => signColour(given[start + column] ?? 0, largest)}
        tell={(column) => `${text(column)} gives ${signed(given[start + column] ?? 0, 3)} logits through ${name}`}
        rowName={() => name}
        columnName={text}
      />
      <Legend kind="sign" {...ends(largest)} />
    </>
  );
}
