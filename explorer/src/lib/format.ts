/** Numbers, names and tokens as people read them. */

import type { Part } from "../page/state";
import type { Term } from "../protocol/payloads";

const MINUS = "\u2212";

/** A signed number: +3.43, −1.12; the sign is a glyph, never only a colour. */
export function signed(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? MINUS : "+"}${text}`;
}

export function plain(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `${MINUS}${text}` : text;
}

/** A probability in per cent; the small ones keep a digit that is not zero. */
export function percent(probability: number): string {
  const share = probability * 100;
  if (share >= 0.05 || share === 0) return `${share.toFixed(1)}\u202f%`;
  return `${share.toExponential(0).replace("-", MINUS)}\u202f%`;
}

/** A small difference, such as 2e−6. */
export function tiny(value: number): string {
  return value === 0 ? "0" : Math.abs(value).toExponential(0).replace("-", MINUS);
}

/** Characters that cannot be seen, or that change how the text around them is laid out. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800]/u;
const NAMED: Record<string, string> = { "\n": "\u23ce", "\t": "\u21e5", "\r": "\u240d", " ": "\u00b7" };

/** A token so that all of it can be seen: a leading space is a middle dot, hidden characters are their code points. */
export function visible(text: string): string {
  if (text === "") return "\u2205";
  const shown = [...text].map((character, place) => {
    if (character === " ") return place === 0 || text.trim() === "" ? "\u00b7" : " ";
    if (NAMED[character]) return NAMED[character];
    if (HIDDEN.test(character) || (character.trim() === "" && character !== " ")) return codePoint(character);
    return character;
  });
  return shown.join("");
}

function codePoint(character: string): string {
  return `\u27e8${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}

/** The name of a part: L23.H4, L24.N1005, L23 attn. */
export function nameOf(part: Part): string {
  if (part.kind === "head") return `L${part.layer}.H${part.head}`;
  if (part.kind === "cross_head") return `L${part.layer}.X${part.head}`;
  if (part.kind === "neuron")
    return part.expert === undefined
      ? `L${part.layer}.N${part.neuron}`
      : `L${part.layer}.E${part.expert}.N${part.neuron}`;
  return `L${part.layer} ${{ mlp: "mlp", attention: "attn", cross_attention: "cross" }[part.kind]}`;
}

/** A term of a ledger, or of what a part reads. */
type AnyTerm = Pick<Term, "layer"> & { kind: string } & Partial<Pick<Term, "head" | "expert" | "neuron">>;

/** The name of a term. */
export function nameOfTerm(term: AnyTerm): string {
  const part = partOf(term);
  if (part) return nameOf(part);
  const kind = term.kind.replaceAll("_", " ");
  return term.layer === null ? kind : `L${term.layer} ${kind}`;
}

/** The part that a term stands for, or null: an embedding or a bias is none that can be tested here. */
export function partOf(term: AnyTerm): Part | null {
  const { kind, layer, expert } = term;
  if (layer === null) return null;
  if (kind === "cross_attention")
    return typeof term.head === "number" ? { kind: "cross_head", layer, head: term.head } : { kind, layer };
  if (kind === "attention" || kind === "mlp") return { kind, layer };
  if (kind === "head" && typeof term.head === "number") return { kind, layer, head: term.head };
  if (kind !== "neuron" || typeof term.neuron !== "number") return null;
  return { kind, layer, ...(typeof expert === "number" ? { expert } : {}), neuron: term.neuron };
}
