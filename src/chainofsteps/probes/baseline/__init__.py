"""The untouched runs of every case, which all probes start from and are compared with."""
