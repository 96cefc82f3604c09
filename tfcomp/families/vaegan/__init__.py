"""The vaegan family: an autoencoder with a discriminator, and rates that are asked for."""
