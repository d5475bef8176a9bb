"""The measurements, one folder for each."""
