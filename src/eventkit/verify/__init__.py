"""Pairs publishers with subscribers and turns what does not fit into findings; reporters print them."""
