"""Many edited runs at the price of few."""
