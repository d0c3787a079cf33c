"""A Hugging Face hub: what huggingface_hub 2.4 and git-lfs clients see of it.

Wire shapes are those the client itself expects and sends, its tests assert, and the documentation of the hub names;
Xet is not offered (no X-Xet headers, xet-token routes answer 501), git's smart protocol neither.
"""
