"""Hypothesis strategies that several tests share."""

from hypothesis import strategies as st

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("a\"'\\ é"),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text("ab/~", max_size=3), children, max_size=4)
    ),
    max_leaves=12,
)
