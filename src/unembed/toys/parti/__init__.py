"""A small Parti: a text encoder and a decoder of image tokens, its pictures, and how it was trained.

After Yu et al. 2022, "Scaling Autoregressive Models for Content-Rich Text-to-Image Generation": there a learned code
book turns image tokens into pixels; here plain rules do.
"""
