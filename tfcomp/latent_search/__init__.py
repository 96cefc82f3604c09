"""The search for better latents of one picture than the encoder network gives; never worse ones.

search.py is the way in. Files of every level and the choice among them: levels.py, file_choice.py,
drawn_pictures.py; rounds against the decoded picture: rounds.py, iterative_encoding.py, along two
gradients: decoder_gradient.py, and the entropy coder's; what an error is worth in bits:
lagrangian.py. Only descent/, gradient descent on the latents, needs TensorFlow.
"""
