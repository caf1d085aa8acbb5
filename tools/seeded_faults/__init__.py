"""Seeded faults: changes that break the behaviour, each of which some test has to find.

``python -m tools.seeded_faults`` takes each fault of ``tests/seeded_faults``, makes it in a copy of the checkout, and
runs tests there: first those that the fault names, then the rest of each tier. It prints one line for each fault: its
name, the tier that finds it, the seconds, and the first test that fails. ``python -m tools.seeded_faults NAME ...``
takes the faults of these names.

Exit status 1: a fault is found by no tier or cannot be made, or ``make test`` finds fewer than nine in ten.

A fault is a TOML file::

    why = "A deny rule whose condition is unknown must apply: missing evidence never helps the client."
    part = "lambda_src"
    definition = "evaluate"
    find = "value = rule.denies"
    replace = "value = False"
    tests = ["tests/unit/connect_handler/test_agreement.py"]

``part`` is a key of :data:`tools.seeded_faults.faults.PARTS`. ``definition`` is the qualified name of a function, a
method, a class or a constant in any Python file of the part: a nested function is ``outer.inner``. In Terraform files,
``block`` is the first line of a block without its brace, such as ``locals`` or ``resource "aws_lambda_alias" "this"``;
``module`` can name the one module to look in. ``find`` is text in there, in any layout. Both together must match
exactly one place. ``replace`` takes its place; its further lines are indented as the line that it begins in. So a fault
outlives a move of its code to another file. ``tests`` are files, or single tests, that are expected to find it.

What the tiers run stands in :mod:`tools.seeded_faults.tiers`: whoever changes ``make check``, ``make test`` or
``make test-all`` changes it there.
"""
