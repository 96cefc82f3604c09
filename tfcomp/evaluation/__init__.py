"""Measuring codecs: metrics, curves, benchmark, report."""
