"""Families of codecs: a room for each, and the demonstration that two of them share.

    cycle/  binary/  vaegan/
        config.py          settings of the model and of its loss
        model.py           the Keras model that is trained, a `CodecModel`
        deployed.py        its transforms in stock operations, for bundles and SavedModels
        demonstration.py   what a finished run shows

tfcomp/config/families.py lists them.
"""
