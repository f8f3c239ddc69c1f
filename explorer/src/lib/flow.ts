/** Paths as a graph that can be read: the largest ones, at most 60 nodes, and one named remainder. */
import type { PathEntry, PathsPayload } from "../protocol/payloads";
import { total } from "./ledger";
import { nameOf, nameOfTerm, type Part } from "./parts";

const MOST_NODES = 60;

export interface Node {
  id: string;
  label: string;
  /** The token column. */
  position: number;
  /** The layer, with the place in the block as a fraction; embeddings lie below 0. */
  height: number;
  part: Part | null;
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
  remainder: { count: number; value: number };
}

/** The paths of at least `share` of the value, the largest first, as long as their nodes stay within the limit. */
export function flowOf(payload: PathsPayload, share: number, most = MOST_NODES): Flow {
  const nodes = new Map<string, Node>([[OUTPUT, output(payload)]]);
  const edges = new Map<string, Edge>();
  const shown: PathEntry[] = [];
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
  }
  return {
    nodes: [...nodes.values()],
    edges: [...edges.values()],
    paths: shown,
    remainder: {
      count: payload.paths.length - shown.length + payload.small_count,
      value: payload.value - total(shown.map((path) => path.value)),
    },
  };
}

const OUTPUT = "output";

function output(payload: PathsPayload): Node {
  return { id: OUTPUT, label: "", position: payload.position, height: payload.model.layers, part: null };
}

/** Where a path starts: a write that is not opened further. */
function origin(path: PathEntry): Node {
  const { kind, layer, position } = path;
  return {
    id: `${kind} ${layer} ${position}`,
    label: nameOfTerm({ kind, layer }),
    position,
    height: layer === null ? -1 : layer + 0.6,
    part: kind === "mlp" && layer !== null ? { kind: "mlp", layer } : null,
  };
}

/** A head that carries the stream from one token column to another. */
function carrier(step: PathEntry["steps"][number]): Node {
  const { layer, head, source, destination } = step;
  const part: Part = { kind: "head", layer, head };
  return {
    id: `head ${layer} ${head} ${source} ${destination}`,
    label: nameOf(part),
    position: destination,
    height: layer + 0.2,
    part,
  };
}

/** The name of a path, from where it starts to the output. */
export function pathName(path: PathEntry, token: (position: number) => string): string {
  const start = origin(path);
  const steps = path.steps.map(
    (step) => ` → ${carrier(step).label} (to ${step.destination} ${token(step.destination)})`,
  );
  return `${start.label} at ${path.position} ${token(path.position)}${steps.join("")}`;
}
