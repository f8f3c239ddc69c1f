"""Why does the model say " Paris"? One prediction, three references, three different first terms."""

import unembed

PROMPT = "The capital of France is"

model = unembed.load("smollm2-135m")
print(model)

run = unembed.record(model, PROMPT, positions=[-1])
readouts = {
    "raw logit": unembed.readout(run, " Paris", reference="raw"),
    "above the vocabulary mean": unembed.readout(run, " Paris"),
    "above ' the'": unembed.readout(run, " Paris", versus=" the"),
}
for name, readout in readouts.items():
    ledger = unembed.decompose(readout)
    first = ledger.top(1)[0]
    print(f"{name:26} {ledger.value:+6.2f}   first term: {first.label:8} {first.value:+.2f}")
    assert abs(ledger.error) <= ledger.tolerance

# The finest ledger: one term for each head and source token, one for each neuron. A coarser one is a sum of its terms.
finest = unembed.decompose(readouts["above the vocabulary mean"], by="source+neuron")
print(f"\n{len(finest.terms())} terms: sum {finest.sum:.4f}, model {finest.value:.4f}, error {finest.error:.0e}")
for term in finest.top(5):
    print(f"  {term.label:14} {term.value:+.2f}")
print(finest.coarser("head").top(1)[0].label, "is the largest head or sublayer term by head")

# A ledger reads the stream after any block, not only the last one. Here: what blocks 0 to 23 had written.
early = unembed.decompose(unembed.readout(run, " Paris", layer=23))
print(f"\nafter block 23: {early.value:+.2f}, first term {early.top(1)[0].label} {early.top(1)[0].value:+.2f}")
