"""Measures codecs: metrics, curves, benchmark, report."""
