/** What carried the target: the tested heads and neurons by what switching each off does, and what is said of each. */
import type { Effect, ExplainPayload, Head, Mediator, Neuron } from "../protocol/payloads";
import { decimal, labelOf, visible } from "./format";
import { headPart, neuronPart, type Part } from "./parts";

/** A head or neuron, whether or not it was switched off. */
export interface Listed {
  part: Part;
  /** What it adds to what is explained, in logits. */
  credit: number;
  /** What it does here, as far as is told without switching it off. */
  does: string;
}

export interface Carrier extends Listed {
  /** The effect of switching it off on what is explained, and what is left of the target. */
  effect: Effect;
  probability: number;
  /** Whether the effect is on a logit difference (a versus token), not on the log-odds. */
  difference: boolean;
  says: Said;
  /** Of a part that adds little itself, the later parts that act on what it wrote. */
  through: readonly Mediator[];
}

export function isCarrier(listed: Listed): listed is Carrier {
  return "effect" in listed;
}

/** A tag, and what it does here. */
export interface Said {
  tag: string;
  kind: "carries" | "holds back" | "ordinary";
  does: string;
}

const NAMED = 0.25;
const SMALL = 0.1;

/** The first of some carriers, and the one of most credit, which may decide little. */
export function firstOf(carriers: readonly Carrier[], count: number): Carrier[] {
  const most = [...carriers].sort((one, other) => other.credit - one.credit)[0];
  const first = carriers.slice(0, count);
  return !most || first.includes(most) ? first : [...first.slice(0, -1), most];
}

/** The tested heads and neurons, the largest effect first. */
export function carriersOf(tested: ExplainPayload): Carrier[] {
  const found = entriesOf(tested).flatMap(([listed, zeroed]) => carrier(listed, zeroed));
  return found.sort((one, other) => Math.abs(other.effect.nats) - Math.abs(one.effect.nats));
}

/** The heads and neurons before any is switched off, the one that adds most or least first. */
export function listedOf(explained: ExplainPayload): Listed[] {
  const found = entriesOf(explained).map(([listed]) => listed);
  return found.sort((one, other) => Math.abs(other.credit) - Math.abs(one.credit));
}

function entriesOf({ heads, neurons }: ExplainPayload): [Listed, Head | Neuron][] {
  return [
    ...heads.map((head): [Listed, Head] => [{ part: headPart(head), credit: head.value, does: doesOf(head) }, head]),
    ...neurons.map((neuron): [Listed, Neuron] => [
      { part: neuronPart(neuron), credit: neuron.value, does: promotes(neuron) },
      neuron,
    ]),
  ];
}

function carrier(listed: Listed, { zeroed, through = [] }: Head | Neuron): Carrier[] {
  if (!zeroed) return [];
  const effect = zeroed.difference ?? zeroed.effect;
  const does = [listed.does, how(effect, listed.credit, through)].filter(Boolean).join("; ");
  const says = { ...tagOf(effect, listed.part), does };
  return [
    {
      ...listed,
      effect,
      probability: zeroed.probability,
      difference: zeroed.difference !== null,
      says,
      through,
    },
  ];
}

/** Which token a head looks at most, where it reads enough of one for a name. */
function doesOf(head: Head): string {
  const [first] = head.looks_at;
  if (!first || first.attention < NAMED) return "";
  return `looks at ${labelOf(first)}`;
}

function promotes(neuron: Neuron): string {
  const [first] = neuron.promotes;
  return first ? `writes toward ${visible(first.text)}` : "";
}

/** What the size of an effect says beside that of the credit: where the two disagree. */
function how({ nats, verdict, size }: Effect, credit: number, through: readonly Mediator[]): string {
  if (size === "none" || verdict === "ordinary") return credit > 1 ? "adds much, decides little" : "";
  if (Math.abs(credit) >= SMALL * Math.abs(nats)) return "";
  const later = through.map((mediator) => `${mediator.part} (${whole(mediator.share)})`);
  return later.length === 0 ? "adds little itself" : `adds little itself: acts through ${later.join(" and ")}`;
}

/** A share without decimals: those of several parts need not come to 1. */
function whole(part: number): string {
  return `${decimal(100 * part, 0)}%`;
}

function tagOf({ verdict, size, rank, among, nats }: Effect, { kind }: Part): Pick<Said, "tag" | "kind"> {
  const all = `${among} ${kind === "neuron" ? "neurons" : "heads"}`;
  const falls = nats < 0;
  if (size === "none") return { tag: "hardly matters", kind: "ordinary" };
  if (verdict === "ordinary") return { tag: `like other ${kind === "neuron" ? "neurons" : "heads"}`, kind: "ordinary" };
  return { tag: `${ordinal(rank)} of ${all}`, kind: falls ? "carries" : "holds back" };
}

export function ordinal(number: number): string {
  const teen = [11, 12, 13].includes(number % 100);
  return `${number}${teen ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[number % 10] ?? "th")}`;
}
