"""Train the small Parti and write its folder: `python scripts/train_parti.py FOLDER`. A few minutes on one thread."""

import sys
from pathlib import Path

import torch

from unembed.toys.parti.training import save, train

torch.set_num_threads(1)  # so that the same seed gives the same weights
save(train(progress=lambda stage, share: print(f"\r{stage}: {share:.0%}", end="", flush=True)), Path(sys.argv[1]))
print()
