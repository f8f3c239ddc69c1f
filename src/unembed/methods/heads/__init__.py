"""What each head does: its role, and what noise in the values of others does to it."""
