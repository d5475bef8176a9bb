"""After which layer can the answer be read by a linear map of the hidden states (Figure 6e)?"""
