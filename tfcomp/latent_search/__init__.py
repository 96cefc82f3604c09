"""The search for better latents of one picture than the encoder network gives; never worse ones.

    search.py, effort.py                           how a search starts, and how long it runs
    file_choice.py, levels.py, drawn_pictures.py   files of all qualities, and their choice
    iterative_encoding.py, rounds.py, decoder_gradient.py   rounds against the decoded picture
    lagrangian.py                                  what a squared error is worth in bits
    descent/                                       gradient descent; needs TensorFlow
"""
