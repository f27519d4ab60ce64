import pytest

from retention_kit.workbook.memory import Memory


def counting():
    """A function that returns 1, 2, … and so tells how often it was called."""
    calls = iter(range(1, 100))
    return lambda: next(calls)


def test_same_key_is_computed_once():
    memory, compute = Memory(), counting()
    assert [memory.recall("a", compute), memory.recall("a", compute)] == [1, 1]


def test_other_key_is_computed_anew():
    memory, compute = Memory(), counting()
    assert [memory.recall(("a", 1), compute), memory.recall(("a", 2), compute)] == [1, 2]


def test_result_not_asked_for_the_longest_goes_first():
    memory, compute = Memory(most=2), counting()
    for key in ("a", "b", "a", "c"):
        memory.recall(key, compute)
    assert memory.recall("a", compute) == 1
    assert memory.recall("b", compute) == 4


def test_nothing_is_a_result_too():
    memory, calls = Memory(), []
    for _ in range(2):
        assert memory.recall("a", lambda: calls.append(1)) is None
    assert calls == [1]


def test_failure_is_tried_again():
    memory = Memory()
    with pytest.raises(ZeroDivisionError):
        memory.recall("a", lambda: 1 / 0)
    assert memory.recall("a", lambda: 2) == 2
