"""The laboratory: studies and tables behind the project's choices, run as `python -m lab.NAME`.

It imports the product; the product never imports it, and no wheel holds it. `lab/README.md` says
what each command answers, `lab/notes/` what was found.
"""
