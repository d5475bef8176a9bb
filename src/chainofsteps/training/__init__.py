"""How the embedded model was made: clips -> VAE -> latents -> transformer and text encoder -> diffusers folder.

``chainofsteps train --help`` lists the stages; ``make embedded`` runs them all.
"""
