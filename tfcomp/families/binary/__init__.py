"""The binary family: a code made of bits."""
