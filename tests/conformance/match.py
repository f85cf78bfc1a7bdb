"""Patterns of sv1_checklist.json against messages."""
import re


def number(text: str):
    return float(text) if text else None


def matches(pattern, value, bound) -> bool:
    if isinstance(pattern, str) and pattern.startswith("$"):
        return special(pattern, value, bound)
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(matches(p, value.get(k), bound) for k, p in pattern.items())
    if isinstance(pattern, list):
        return isinstance(value, list) and len(value) >= len(pattern) and all(
            matches(p, v, bound) for p, v in zip(pattern, value))
    if isinstance(pattern, bool) or isinstance(value, bool):
        return pattern is value
    return pattern == value


def special(pattern: str, value, bound) -> bool:
    name, _, rest = pattern[1:].partition(":")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name in ("int", "num"):
        if not is_number or (name == "int" and not isinstance(value, int)):
            return False
        if rest.startswith(">"):
            return value > float(rest[1:])
        low, _, high = rest.partition("..")
        return (not low or value >= float(low)) and (not high or value <= float(high))
    if name == "re":
        return isinstance(value, str) and re.search(rest, value) is not None
    if name == "same":
        return value == bound(rest)
    if name == "differs":
        return value != bound(rest)
    return {
        "any": lambda: True,
        "str": lambda: isinstance(value, str),
        "bool": lambda: isinstance(value, bool),
        "array": lambda: isinstance(value, list),
        "obj": lambda: isinstance(value, dict),
        "int": lambda: isinstance(value, int),
        "null_or_false": lambda: value is None or value is False,
        "nonnull": lambda: value is not None,
        "new_job_id": lambda: value not in bound("job_ids"),
    }[name]()
