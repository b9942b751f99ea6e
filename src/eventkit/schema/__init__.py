"""Containment of JSON Schemas: does a subscriber accept every event that a publisher can send?

    >>> from eventkit.schema import compare
    >>> comparison = compare({"type": "string"}, {"type": ["integer", "null"]})
    >>> comparison.verdict, comparison.counterexample
    ('incompatible', 'a')

JSON goes in, a verdict comes out; the package knows no pydantic, no events and no files.

The method
----------
The question is whether a value exists that satisfies the publisher's schema and violates the subscriber's. To look
for one and to prove that there is none is the same search.

1. *Graph* (`dialects`, `documents`, `nodes`). Each schema becomes a graph of nodes, parsed where it is reached.
   References are edges and recursion is a cycle; the differences between drafts end here.
2. *Goals* (`solver`). A goal is a set of schemas that hold and a set that fail. It is solved for each type of value on
   its own, so that most of a schema falls away at once: a string need not be looked at as an object.
3. *Defects, one at a time* (`cases`, `search`). A schema fails when one of its keywords is violated: a choice between
   defects, each of which is tried on its own. No normal form of either schema is ever built, which would be
   exponential; this is what makes the ordinary case as fast as a list of rules. A union that fails is a conjunction:
   all its branches fail, but for those that a tag rules out (`tags`). Unions within unions make goals of ever more
   schemas that fail: a value that violates some of them is tried on all before one is searched for.
4. *Theories* (`keywords`). What is left when all choices are made is a conjunction of facts about one type, and each
   type has its own way to find a value: intervals and grids of exact rational numbers; the product of automata for
   texts (`regex`), with formats that are known by their samples and by a language wide enough for them (`formats`);
   cells of keys for objects; positions and counted features for arrays. What they ask of a part of the value is a goal
   again.
5. *Recursion* (`solver`). A goal that is met again while it is being solved counts as empty. The values of a schema
   are a least fixpoint: if there is a value at all, there is one that does not need itself as a part.
6. *Approximation, made good*. That only one branch of a `oneOf` may hold is left out at first. If even then there is
   no value, the answer stands; a value that was found is checked, and the search repeated exactly if it does not pass.
7. *Witnesses* (`validator`, `samples`). A search that succeeds yields a value, with no more in it than is needed. No
   verdict is "incompatible" without a counterexample that the validator of this package accepts on the one side and
   rejects on the other.
8. *Explanation* (`explain`, `places`, `messages`, `codes`). Both schemas are walked once more, side by side, and each
   defect that the publisher can produce becomes a problem with its place, or leads further down.
9. *Budget* (`budget`). Work is counted in steps; when they are used up, or something is met that cannot be decided
   (look-behind, a reference that leads nowhere, a loop of references), the verdict is "unknown" and says why.

Other checkers are partners in tests, not parts of the engine. The canonicalization of jsonschema-rs (0.60), which could
answer "compatible" first, decides nothing that is undecided here. On the 3,791 directions of the containment test
suite, asked with the same policy for formats, it contradicts no verdict, but leaves 51 unknown and refuses 109 that are
decided here; the 8 that stay unknown here, for a reference that leads nowhere, it refuses, too. Asked without
`validate_formats=True` it takes formats for annotations, and says that 85 pairs fit which do not: all 85 differ by a
format.

Sources
-------
- A. Habib, A. Shinnar, M. Hirzel, M. Pradel: Finding data compatibility bugs with JSON subschema checks, ISSTA 2021.
- L. Attouche, M.-A. Baazizi, D. Colazzo, G. Ghelli, C. Sartiani, S. Scherzinger: Witness generation for JSON Schema,
  VLDB 2022. The idea to search for a witness is theirs, the construction here is not.
- J. Brzozowski: Derivatives of regular expressions, JACM 1964.
- JSON Schema drafts 4, 6, 7, 2019-09 and 2020-12; ECMA-262 for patterns; the RFCs that `formats` names.
"""

from eventkit.schema.codes import CODES
from eventkit.schema.compare import compare
from eventkit.schema.comparison import MISSING, Comparison, Problem

__all__ = ["CODES", "MISSING", "Comparison", "Problem", "compare"]
