"""Releases: a trained run becomes a bundle that is tuned, measured and described by a command.

    run -> export -> tuning -> measuring -> manifest.json, README.md
"""
