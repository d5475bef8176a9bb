"""EvalKit's scores of the untouched runs."""
