/** Parts of the model: what they are, and their names. */
import type { ExplainPayload, ModelFacts, Term } from "../protocol/payloads";

/** A part of the model. */
export interface Part {
  kind: "attention" | "cross_attention" | "mlp" | "head" | "cross_head" | "neuron";
  layer: number;
  head?: number;
  expert?: number;
  neuron?: number;
  /** Whether it is inside the encoder of an encoder-decoder; left out where it is not. */
  encoder?: boolean;
}

/** A part as the page or as a payload writes it, where null stands for what it has not. */
interface AnyPart {
  kind: string;
  layer: number;
  head?: number | null;
  expert?: number | null;
  neuron?: number | null;
  encoder?: boolean | null;
}

/** The part that a payload's entry of a head is. */
export function headPart(entry: { cross?: boolean; encoder?: boolean; layer: number; head: number }): Part {
  const { cross, encoder, layer, head } = entry;
  return { kind: cross ? "cross_head" : "head", layer, head, ...(encoder ? { encoder } : {}) };
}

/** The part that a payload's entry of a neuron is; null stands for no expert. */
export function neuronPart(entry: { layer: number; expert: number | null; neuron: number; encoder?: boolean }): Part {
  const { layer, expert, neuron, encoder } = entry;
  return { kind: "neuron", layer, ...(expert === null ? {} : { expert }), neuron, ...(encoder ? { encoder } : {}) };
}

export function samePart(one: AnyPart | null, other: AnyPart | null): boolean {
  return one === null || other === null ? one === other : partKey(one) === partKey(other);
}

export function partKey(part: AnyPart): string {
  return [part.kind, part.layer, part.head ?? "", part.expert ?? "", part.neuron ?? "", part.encoder ? "enc" : ""].join(
    " ",
  );
}

/** The sublayer that a part belongs to. */
export function sublayerOf(part: Part): "attention" | "cross_attention" | "mlp" {
  if (part.kind === "head") return "attention";
  if (part.kind === "cross_head") return "cross_attention";
  return part.kind === "neuron" ? "mlp" : part.kind;
}

/** Whether it is a part of a cross-attention. */
export function isCross(part: Part): boolean {
  return sublayerOf(part) === "cross_attention";
}

/** Whether a part of an attention reads positions of the source, and not of the prompt. */
export function readsSource(part: Part): boolean {
  return isCross(part) || part.encoder === true;
}

/** What an ask for the attention of a part says beside its layer. */
export function stackOf(part: Part): { cross?: true; encoder?: true } {
  return part.encoder ? { encoder: true } : isCross(part) ? { cross: true } : {};
}

/**
 * The part that a name such as L23, L23.H4, L24.N1005, L24.E3.N5, L2.X1, "L23 attn", "L2 cross", "L24 mlp" or enc.L3.H4
 * means, or null.
 */
export function partOfName(name: string): Part | null {
  const inside = /^\s*enc\.(.*)$/is.exec(name);
  if (!inside) return partInDecoder(name);
  const part = partInDecoder(inside[1] ?? "");
  return part === null || isCross(part) ? null : { ...part, encoder: true };
}

function partInDecoder(name: string): Part | null {
  const found =
    /^\s*L?(\d+)(?:[.\s]*(?:H(\d+)|X(\d+)|(?:E(\d+)[.\s]*)?N(\d+)|(A(?:ttn|ttention)?)|(C(?:ross)?)|(M(?:LP)?)))?\s*$/i.exec(
      name,
    );
  if (!found) return null;
  const [, layer, head, crossHead, expert, neuron, , cross, mlp] = found;
  const base = { layer: Number(layer) };
  if (head !== undefined) return { kind: "head", ...base, head: Number(head) };
  if (crossHead !== undefined) return { kind: "cross_head", ...base, head: Number(crossHead) };
  if (neuron === undefined) return { kind: mlp ? "mlp" : cross ? "cross_attention" : "attention", ...base };
  return {
    kind: "neuron",
    ...base,
    ...(expert === undefined ? {} : { expert: Number(expert) }),
    neuron: Number(neuron),
  };
}

/** The name of a part: L23.H4, L24.N1005, L23 attn, enc.L3.H4. */
export function nameOf(part: Part): string {
  return inStack(nameInDecoder(part), part.encoder ?? false);
}

function nameInDecoder(part: Part): string {
  if (part.kind === "head") return `L${part.layer}.H${part.head}`;
  if (part.kind === "cross_head") return `L${part.layer}.X${part.head}`;
  if (part.kind === "neuron")
    return part.expert === undefined
      ? `L${part.layer}.N${part.neuron}`
      : `L${part.layer}.E${part.expert}.N${part.neuron}`;
  return `L${part.layer} ${{ mlp: "mlp", attention: "attn", cross_attention: "cross" }[part.kind]}`;
}

/** A name as it is inside the encoder of an encoder-decoder: enc.L3.H4. */
export function inStack(name: string, encoder: boolean): string {
  return encoder ? `enc.${name}` : name;
}

/** A term of a ledger, or of what a part reads. */
type AnyTerm = Pick<Term, "layer"> & { kind: string } & Partial<Pick<Term, "head" | "expert" | "neuron">>;

/** The name of a term. */
export function nameOfTerm(term: AnyTerm): string {
  const part = partOf(term);
  if (part) return nameOf(part);
  if (term.kind === "shared_experts" && typeof term.neuron === "number") return `L${term.layer}.shared.N${term.neuron}`;
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

export function isPart(value: unknown): boolean {
  const part = value as Part | null;
  if (typeof part !== "object" || part === null || !isIndex(part.layer)) return false;
  if (part.encoder !== undefined && (part.encoder !== true || String(part.kind).startsWith("cross"))) return false;
  if (part.kind === "head" || part.kind === "cross_head") return isIndex(part.head);
  if (part.kind === "neuron") return isIndex(part.neuron) && (part.expert === undefined || isIndex(part.expert));
  return part.kind === "attention" || part.kind === "cross_attention" || part.kind === "mlp";
}

export function isIndex(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

/** Why a model has no such part: the range of those that it has; empty where it has it. */
export function lacking(part: Part, model: Pick<ModelFacts, "layers" | "heads" | "d_mlp" | "reads">): string {
  const decoderAlone = model.reads === null || model.reads === undefined;
  if (decoderAlone && (part.encoder || isCross(part))) return "this model has no encoder.";
  // How many layers an encoder has is not told with the model: asking about it says so.
  if (part.encoder) return "";
  if (part.layer >= model.layers) return `its layers are L0 to L${model.layers - 1}.`;
  if (part.head !== undefined && part.head >= model.heads) return `the heads of a layer are 0 to ${model.heads - 1}.`;
  if (part.neuron === undefined) return "";
  if (model.d_mlp === 0) return "this model has no neurons.";
  return part.neuron >= model.d_mlp ? `the neurons of a layer are 0 to ${model.d_mlp - 1}.` : "";
}

/** The parts that an explanation names: heads, neurons, and the sublayers of its ledger. */
export function partsOf(explained: Pick<ExplainPayload, "heads" | "neurons" | "ledger">): Part[] {
  const sublayers = explained.ledger.terms.flatMap((term) => partOf(term) ?? []);
  return [...explained.heads.map(headPart), ...explained.neurons.map(neuronPart), ...sublayers];
}
