"""Entropy models: a room for each kind, and what they have in common.

    base.py, registry.py     what a kind says of itself, and the list of kinds
    graph/                   range coders in stock TensorFlow operations, for the kinds' graphs
    prior.py  relaxed/       what the kinds' priors, and their relaxed forms, have in common
    factorized/  hyperprior/  bits/
        kind.py              answers of this kind to base.py's questions
        layout.py            what a bundle fixes, from and to its manifest
        coder.py             latents to the sections of a file and back, in NumPy
        prior                the model that is trained, a Keras layer
        graph                the coder in stock TensorFlow operations, for SavedModels
        relaxed              latents between whole ones, for gradient descent

Only `prior`, `graph` and `relaxed` import TensorFlow. The others run where there is none.
"""
