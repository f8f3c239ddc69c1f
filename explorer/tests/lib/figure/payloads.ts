/** A small explanation, and what else figures are drawn from; its tokens are as hostile as tokens can be. */
import type {
  AttentionPayload,
  AttributePayload,
  Effect,
  ExplainPayload,
  GeneratePayload,
  Head,
  LensPayload,
  ModelFacts,
  PatchPayload,
  PathsPayload,
  Term,
  TestPayload,
  UnitWithout,
  Zeroed,
} from "../../../src/protocol/payloads";

export const HOSTILE = [
  "The",
  ' <b>&"',
  "\u202egnp",
  " \u05e9\u05dc\u05d5\u05dd",
  "\u0000\u001b[31m",
  "\ud800,\n\u{1f9d1}",
];
const HASH = "0123456789abcdef".repeat(4);
export const MODEL: ModelFacts = {
  name: "toys/a <model>",
  family: "gpt2",
  layers: 2,
  heads: 2,
  kv_heads: 2,
  d_model: 8,
  d_mlp: 16,
  vocab: 1000,
  dtype: "float32",
  device: "cpu",
  norm: "LayerNorm",
  weights_sha256: HASH,
};
const versions = { unembed: "1.2.3", torch: "2", transformers: "5" };
export const ASKED = { prompt: HOSTILE.join("") };
const tokens = HOSTILE.map((text, position) => ({ position, id: position, text }));
const target = { id: 9, text: " Pa<ris", logit: 5, probability: 0.75, rank: 1 };
const reference = { kind: "mean", text: null, value: -1 } as const;

function effect(nats: number): Effect {
  return { nats, rank: 1, among: 4, size: "large", verdict: nats < 0 ? "causal" : "suppressor", borderline: false };
}

function zeroed(probability: number, nats: number): Zeroed {
  return { probability, effect: effect(nats), difference: null };
}

function head(layer: number, number: number, value: number, without: Zeroed): Head {
  const looks_at = [{ position: 1, text: HOSTILE[1] as string, attention: 0.625 }];
  return { layer, head: number, value, looks_at, writes_toward: [], shown_for: ["effect"], zeroed: without };
}

function unit(place: number, left: number, mark: UnitWithout["mark"] = null): UnitWithout {
  return {
    counted: mark === null,
    text: HOSTILE[place] as string,
    positions: [place],
    start: null,
    end: null,
    log_probability_without: Math.log(left),
    probability_without: left,
    logit_without: 1,
    difference_without: null,
    effect: Math.log(target.probability) - Math.log(left),
    instead: { id: 3, text: "so", probability: 0.5 },
    mark,
  };
}

function term(kind: Term["kind"], layer: number | null, value: number): Term {
  return { kind, layer, head: null, expert: null, neuron: null, source: null, value };
}

export const TERMS = [term("embedding", null, 0.5), term("attention", 0, 4), term("mlp", 1, -2), term("mlp", 0, 3.5)];

export const EXPLAINED: ExplainPayload = {
  model: MODEL,
  tokens,
  position: 5,
  predictions: [
    { id: 9, text: " Pa<ris", logit: 5, probability: 0.75 },
    { id: 3, text: HOSTILE[4] as string, logit: 3, probability: 0.125 },
  ],
  target,
  reference,
  ledger: { value: 6, sum: 6, error: 0, tolerance: 1e-6, by: "sublayer", terms: TERMS },
  answer: {
    text: "",
    kind: "head",
    part: "L1.H0",
    position: 1,
    cross: false,
    sink: false,
    zeroed: null,
    borderline: false,
  },
  sentence: [],
  words: {
    by: "word",
    how: "delete",
    units: [unit(0, 0.5, "first"), unit(1, 0.25), unit(2, 0.8), unit(3, 0.7), unit(4, 0.1), unit(5, 0.01, "last")],
  },
  heads: [head(1, 0, 2.5, zeroed(0.25, -2)), head(0, 1, -1.25, zeroed(0.9375, 1.5))],
  neurons: [],
  head_effects: [
    { layer: 0, head: 0, nats: -2.5, probability: 0.2 },
    { layer: 0, head: 1, nats: 1.5, probability: 0.9375 },
    { layer: 1, head: 0, nats: -2, probability: 0.25 },
  ],
  sublayers: [],
  lens: [null, 0, 1].map((layer, place) => ({
    layer,
    rank: [500, 10, 1][place] as number,
    probability: [0, 0.1, 0.75][place] as number,
    kl: 1,
    top: { id: 1, text: HOSTILE[place] as string },
    top_probability: 0.5,
  })),
  notes: [],
  versions,
  schema: "unembed/explain/2",
};

export const LENS: LensPayload = {
  model: MODEL,
  tokens,
  targets: tokens.map((token) => ({ ...token, text: target.text })),
  cells: [null, 0, 1].flatMap((layer) =>
    tokens.map(({ position, text }) => ({
      layer,
      position,
      rank: 1 + position,
      probability: 0.5,
      kl: 0.1,
      top: [{ id: 1, text }],
      top_probability: [0.5],
    })),
  ),
  states: 18,
  versions,
  schema: "unembed/lens/1",
};

const SIZE = HOSTILE.length;
export const ATTENTION: AttentionPayload = {
  model: MODEL,
  tokens,
  position: 5,
  target,
  reference,
  heads: [{ layer: 1, head: 0, value: 1, pattern: Array(SIZE).fill(1 / SIZE), contribution: [1, -1, 0, 0.5, 0, 0.5] }],
  matrix: tokens.map((_, row) => tokens.map((_, column) => (column > row ? 0 : 1 / (row + 1)))),
  norms: Array(SIZE).fill(2),
  versions,
  schema: "unembed/attention/1",
};

export const PATCHED: PatchPayload = {
  model: MODEL,
  clean_tokens: tokens,
  corrupt_tokens: tokens,
  site: "resid_pre",
  metric: "logit-difference",
  target: [target],
  versus: { id: 3, text: "so" },
  clean: 4,
  corrupt: -2,
  align: tokens.map(({ position }) => [position, position]),
  shared: 0,
  direction: "denoise",
  grid: [0, 1].flatMap((layer) =>
    tokens.map(({ position }) => ({
      layer,
      position,
      head: null,
      expert: null,
      neuron: null,
      value: 1,
      effect: position === 0 ? null : (position - 3) / 2,
    })),
  ),
  noise_grid: null,
  planned: 12,
  complete: true,
  versions,
  schema: "unembed/patch/2",
};

export const PATHS: PathsPayload = {
  model: MODEL,
  tokens,
  position: 5,
  target,
  reference,
  value: 6,
  paths: [
    {
      kind: "embedding",
      layer: null,
      position: 1,
      steps: [{ layer: 1, head: 0, source: 1, destination: 5 }],
      value: 4,
    },
    { kind: "mlp", layer: 0, position: 5, steps: [], value: -1 },
  ],
  constants: {},
  small: 3,
  small_count: 7,
  unopened: 0,
  opened: 1,
  needed: null,
  depths: [],
  sum: 6,
  error: 0,
  tolerance: 1e-6,
  versions,
  schema: "unembed/paths/1",
};

export const ATTRIBUTED: AttributePayload = {
  model: MODEL,
  tokens,
  target: [target],
  probability: 0.75,
  path: "layer",
  quadrature: "gauss",
  baseline: "zero",
  candidates: null,
  planned: 2,
  computed: 2,
  complete: true,
  attributions: [
    { layer: 1, expert: null, neuron: 3, value: 0.5, activation: 2 },
    { layer: 0, expert: null, neuron: 7, value: -0.25, activation: 1 },
  ],
  layers: [
    { layer: 0, sum: -0.125, change: -0.125, error: 0, nodes: 4 },
    { layer: 1, sum: 0.5, change: 0.5, error: 0, nodes: 4 },
  ],
  versions,
  schema: "unembed/knowledge-attribute/1",
};

export const GENERATED: GeneratePayload = {
  model: MODEL,
  prompt: tokens,
  generated: HOSTILE.map((text, place) => ({
    position: 6 + place,
    id: place,
    text,
    logit: 1,
    probability: (1 + place) / 8,
    first_led: null,
    top_term: null,
  })),
  text: "",
  versions,
  whole: null,
  notes: [],
  schema: "unembed/generate/1",
};

export const TESTED: TestPayload = {
  tests: [{ part: { kind: "head", layer: 1, head: 0 }, how: "zero" }],
  before: EXPLAINED.predictions,
  after: [{ id: 3, text: HOSTILE[4] as string, logit: 3, probability: 0.5 }],
  target_before: target,
  target_after: { ...target, probability: 0.25, rank: 2 },
  nats: -2.2,
  effect: null,
  control: null,
  schema: "unembed/test/2",
};
