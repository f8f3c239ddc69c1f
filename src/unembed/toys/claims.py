"""Claims: what each toy must show. Text and numbers only: measuring is for evaluation.py and measurements.py."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One number that a toy must reach."""

    name: str
    measure: str
    """The function of measurements.py that measures it."""
    least: float | None = None
    most: float | None = None
    needs_text: bool = False

    @property
    def threshold(self) -> str:
        """`>= 0.98`, `<= 0.05`."""
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"

    def holds(self, value: float) -> bool:
        """Whether a value reaches the threshold."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


CLAIMS: dict[str, tuple[Claim, ...]] = {
    "zero-layer": (
        Claim(
            "log P(next | token) against the log of the text's bigram frequencies: correlation, weighted by counts",
            "bigram_correlation",
            least=0.98,
            needs_text=True,
        ),
        Claim("logit beyond the term of the embedding, in units of the logit", "beyond_embedding", most=1e-5),
    ),
    "one-layer": (
        Claim(
            "loss on held-out text below that of zero-layer, in nats",
            "gain_over_zero_layer",
            least=0.4,
            needs_text=True,
        ),
        Claim("positive OV eigenvalues: share, of the head with most", "copying", least=0.8),
        Claim(
            "its strongest skip-trigrams, of which the text can tell: share that it confirms",
            "skip_trigrams",
            least=0.7,
            needs_text=True,
        ),
    ),
    "two-layer": (
        Claim("attention of the best induction head to the induced token", "induction", least=0.4),
        Claim("attention of the best previous-token head to the token before", "previous", least=0.9),
        Claim("second repetition of random tokens predicted right: share", "repeated_right", least=0.6),
        Claim("the same without that previous-token head: share", "repeated_right_without", most=0.05),
        Claim("K-composition of the two heads over that of random ones", "key_composition", least=1.2),
    ),
    "facts": (
        Claim("wordings that were held out, answered right: share", "held_out_answers", least=0.95),
        Claim("P(answer) with the knowledge neurons zeroed: relative change", "zeroed", most=-0.8),
        Claim("the same with as many others, active and random: size of the change", "others", most=0.05),
        Claim("P(answer) with the knowledge neurons doubled: relative change", "doubled", least=0.45),
    ),
    "cloze": (
        Claim("wordings that were held out, filled right: share", "held_out_blanks", least=0.99),
        Claim("all facts in one wording, filled right: share, of the worst wording", "worst_wording", least=0.99),
        Claim("P(answer) with the knowledge neurons zeroed: relative change", "zeroed", most=-0.7),
        Claim("the same with as many others, at random: size of the change", "others_at_random", most=0.1),
        Claim("P(answer) with the knowledge neurons doubled: relative change", "doubled", least=0.45),
    ),
}
SHOWS = {
    "zero-layer": "bigrams: what a token alone says about the next, W_U W_E",
    "one-layer": "copying and skip-trigrams: attention over what stood before",
    "two-layer": "induction: a previous-token head composed with a head that looks for it",
    "facts": "knowledge neurons: facts that a few neurons of the MLPs carry",
    "cloze": "knowledge neurons as published: a BERT that fills the blank of a cloze",
}
"""What each toy is for."""
