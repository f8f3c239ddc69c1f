"""What a head's weights compute, how heads compose, and the paths through them."""
