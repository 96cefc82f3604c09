"""Entropy models: a room for each kind, and what they have in common.

    base.py, registry.py     what a kind says of itself, and the list of kinds
    graph/                   range coders in stock TensorFlow operations, for the kinds' graphs
    prior.py  relaxed/       what the priors of all kinds share, and what their relaxed forms share
    factorized/  hyperprior/  bits/
        kind.py              what this kind answers to base.py
        layout.py            what a bundle fixes, from and to its manifest
        coder.py             latents to the sections of a file and back, in NumPy
        prior                the model that is trained, a Keras layer
        graph                the coder in stock TensorFlow operations, for SavedModels
        relaxed              latents that need not be whole numbers, for gradient descent

Only `prior`, `graph` and `relaxed` import TensorFlow. The others run without it.
"""
