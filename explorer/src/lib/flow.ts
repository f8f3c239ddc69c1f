/** Paths as a graph that can be read: the largest ones, at most 60 nodes, and one named remainder. */
import type { PathEntry, PathsPayload } from "../protocol/payloads";
import type { Placed } from "./format";
import { total } from "./ledger";
import { headPart, inStack, nameOf, nameOfTerm, type Part } from "./parts";

const MOST_NODES = 60;

export interface Node {
  id: string;
  label: string;
  /** The token column: a position of the source, or of the prompt. */
  position: number;
  ofSource: boolean;
  /** The layer, with the place in the block as a fraction; embeddings lie below 0, and the encoder lies below all. */
  height: number;
  /** Whether it is a head, which carries the stream on. */
  carries: boolean;
  /** Where a head reads; null for what is none. */
  source: Column | null;
  /** What is selected with it; null where there is none. */
  part: Part | null;
}
export interface Column {
  ofSource: boolean;
  position: number;
}
export interface Edge {
  from: string;
  to: string;
  /** The sum of the paths over it. */
  value: number;
}
export interface Flow {
  nodes: Node[];
  edges: Edge[];
  paths: PathEntry[];
  /** The nodes of each path, in their order. */
  along: string[][];
  remainder: { count: number; value: number };
}

/** The paths of at least `share` of the value, the largest first, as long as their nodes stay within the limit. */
export function flowOf(payload: PathsPayload, share: number, most = MOST_NODES): Flow {
  const nodes = new Map<string, Node>([[OUTPUT, output(payload)]]);
  const edges = new Map<string, Edge>();
  const shown: PathEntry[] = [];
  const ways: string[][] = [];
  const bySize = [...payload.paths].sort((one, other) => Math.abs(other.value) - Math.abs(one.value));
  for (const path of bySize) {
    if (Math.abs(path.value) < share * Math.abs(payload.value)) break;
    const along = [origin(path), ...path.steps.map(carrier)];
    const fresh = along.filter((node) => !nodes.has(node.id));
    if (nodes.size + fresh.length > most) break;
    for (const node of fresh) nodes.set(node.id, node);
    const ids = [...along.map((node) => node.id), OUTPUT];
    ids.slice(1).forEach((to, place) => {
      const from = ids[place] as string;
      const edge = edges.get(`${from} ${to}`) ?? { from, to, value: 0 };
      edges.set(`${from} ${to}`, { ...edge, value: edge.value + path.value });
    });
    shown.push(path);
    ways.push(ids);
  }
  return {
    nodes: [...nodes.values()],
    edges: [...edges.values()],
    paths: shown,
    along: ways,
    remainder: {
      count: payload.paths.length - shown.length + payload.small_count,
      value: payload.value - total(shown.map((path) => path.value)),
    },
  };
}

const OUTPUT = "output";

function output(payload: PathsPayload): Node {
  const { position, model } = payload;
  return {
    id: OUTPUT,
    label: "",
    position,
    ofSource: false,
    height: model.layers,
    carries: false,
    source: null,
    part: null,
  };
}

/** Where a path starts: a write that is not opened further. */
function origin(path: PathEntry): Node {
  const { kind, layer, position } = path;
  const ofSource = path.of_source ?? false;
  // A bias of cross-attention's values is carried from the source, but it is the decoder's.
  const encoder = ofSource && !kind.startsWith("cross");
  const height = layer === null ? -1 : layer + (kind.startsWith("cross") ? 0.3 : 0.6);
  return {
    id: `${inStack(kind, encoder)} ${layer} ${position}`,
    label: inStack(nameOfTerm({ kind, layer }), encoder),
    position,
    ofSource,
    height: inEncoder(height, encoder),
    carries: false,
    source: null,
    part: kind === "mlp" && layer !== null ? { kind: "mlp", layer, ...(encoder ? { encoder } : {}) } : null,
  };
}

/** A head that carries the stream from one token column to another. */
function carrier(step: PathEntry["steps"][number]): Node {
  const { layer, head, source, destination } = step;
  const encoder = step.encoder ?? false;
  const part: Part = headPart(step);
  return {
    id: `${inStack(part.kind, encoder)} ${layer} ${head} ${source} ${destination}`,
    label: nameOf(part),
    position: destination,
    ofSource: encoder,
    height: inEncoder(layer + (step.cross ? 0.4 : 0.2), encoder),
    carries: true,
    source: { ofSource: encoder || (step.cross ?? false), position: source },
    part,
  };
}

/** What runs through a node: its paths, the largest first, and the nodes and edges on them. */
export function through(flow: Flow, id: string): { paths: PathEntry[]; value: number; lit: Set<string> } {
  const ways = flow.along.map((ids, place) => ({ ids, path: flow.paths[place] as PathEntry }));
  const own = ways.filter(({ ids }) => ids.includes(id));
  const edges = own.flatMap(({ ids }) => ids.slice(1).map((to, place) => `${ids[place]} ${to}`));
  return {
    paths: own.map(({ path }) => path),
    value: total(own.map(({ path }) => path.value)),
    lit: new Set([...own.flatMap(({ ids }) => ids), ...edges]),
  };
}

/** The names of nodes by their ids: where two have one, what a head reads tells them apart, and else where they stand. */
export function namesOf(nodes: readonly Node[], token: (column: Column) => string): Map<string, string> {
  const many = (label: string) => nodes.filter((node) => node.label === label).length > 1;
  return new Map(
    nodes.map((node) => {
      if (node.source && many(node.label)) return [node.id, `${node.label} from ${token(node.source)}`];
      return [node.id, node.label.endsWith("embedding") ? `${node.label} ${token(node)}` : node.label];
    }),
  );
}

/** Only the order of heights is drawn: this is lower than any layer of a decoder. */
const BELOW = -1e6;

function inEncoder(height: number, encoder: boolean): number {
  return encoder ? BELOW + height : height;
}

/** The columns of nodes from left to right: those of the source, then those of the prompt. */
export function columnsOf(nodes: readonly Node[]): Column[] {
  const found = new Map(
    nodes.map(({ ofSource, position }) => [columnKey({ ofSource, position }), { ofSource, position }]),
  );
  return [...found.values()].sort(
    (one, other) => Number(other.ofSource) - Number(one.ofSource) || one.position - other.position,
  );
}

export function columnKey({ ofSource, position }: Column): string {
  return `${ofSource ? "source" : "prompt"} ${position}`;
}

/** What stands in a column. */
export function columnToken(payload: PathsPayload, { ofSource, position }: Column): Placed | undefined {
  return ofSource ? { text: payload.sources?.[position]?.label ?? "" } : payload.tokens[position];
}

/** The name of a path, from where it starts to the output. */
export function pathName(path: PathEntry, token: (column: Column) => string): string {
  const start = origin(path);
  const steps = path.steps.map(carrier).map((node) => ` → ${node.label} (to ${node.position} ${token(node)})`);
  return `${start.label} at ${path.position} ${token(start)}${steps.join("")}`;
}
