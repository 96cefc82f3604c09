"""Run folders: what training leaves behind, and export reads."""
