"""Whether what clients saw of a bank is what they could have seen of one that does one thing at a time.

Every answer has the bank's version, which orders the writes. A history is linearizable if each version is the
work of one write, if every read sees exactly the writes up to its version, and if nothing that began after
something had ended comes before it. Writes whose answers were lost when the server was killed may have happened
or not: they are tried at the versions that nobody else claims.
"""

import dataclasses
import math


@dataclasses.dataclass
class Operation:
    """What a client did, and when: moments of one clock."""

    begin: float
    end: float = math.inf  # Of a write whose answer was lost: it may happen at any time until the kill.
    version: int | None = None  # As answered.
    # Of a write: the revision of each id that it changed, None for those it deleted.
    changes: dict | None = None
    # Of a read: what it saw, and of which ids; no ids: of all.
    seen: dict | None = None
    ids: list | None = None

    @property
    def is_write(self):
        return self.changes is not None


class Violation(Exception):
    """The history is not linearizable."""


def applied(state, write):
    """The revisions by id after a write."""
    state = {**state, **write.changes}
    return {id: revision for id, revision in state.items() if revision is not None}


def agrees(read, state):
    """Whether a read could have seen this state."""
    if read.ids is None:
        return read.seen == state
    return read.seen == {id: state[id] for id in read.ids if id in state}


def find_disorder(operations):
    """An operation whose version is older than one that was seen before it began; None: there is none."""
    ended = sorted((o for o in operations if o.end != math.inf), key=lambda o: o.end)
    newest = 0
    next_ended = 0
    for operation in sorted(operations, key=lambda o: o.begin):
        while next_ended < len(ended) and ended[next_ended].end < operation.begin:
            newest = max(newest, ended[next_ended].version)
            next_ended += 1
        least = newest + 1 if operation.is_write else newest
        if operation.version < least:
            return operation
    return None


def check_phase(state, first_version, last_version, operations):
    """Checks what happened between two kills: versions above `first_version`, at which the bank had `state`, up
    to `last_version`, which it had after the restart. Returns the state then, and the operations with the lost
    ones that happened. Raises Violation."""
    writes = {}
    lost = []
    reads = {}
    for operation in operations:
        if not operation.is_write:
            reads.setdefault(operation.version, []).append(operation)
        elif operation.version is None:
            lost.append(operation)
        elif writes.setdefault(operation.version, operation) is not operation:
            raise Violation(f"two writes are version {operation.version}")
    newest = max([first_version, *writes, *reads])
    if newest > last_version:
        raise Violation(f"version {newest} was acknowledged, {last_version} is there")
    if min([*writes, *reads], default=first_version + 1) < first_version:
        raise Violation("a version of before the last restart was acknowledged after it")

    def reads_agree(version, state):
        return all(agrees(read, state) for read in reads.get(version, ()))

    if not reads_agree(first_version, state):
        raise Violation(f"a read at version {first_version} saw something else than {state}")

    # Depth first over which lost write is at which version that has no other.
    wrong = ""
    stack = [(first_version, state, ())]
    while stack:
        version, state, used = stack.pop()
        if version == last_version:
            happened = [o for o in operations if o.version is not None]
            happened += [dataclasses.replace(lost[i], version=v) for v, i in used]
            disorder = find_disorder(happened)
            if disorder is None:
                return state, happened
            wrong = f"an older version than before this began: {disorder}"
            continue
        version += 1
        if version in writes:
            choices = [(writes[version], used)]
        else:
            taken = {i for _, i in used}
            choices = [(o, (*used, (version, i))) for i, o in enumerate(lost) if i not in taken]
        for write, now_used in choices:
            after = applied(state, write)
            if reads_agree(version, after):
                stack.append((version, after, now_used))
            else:
                wrong = f"version {version} of {last_version} was seen otherwise than {after}"
    raise Violation(wrong or f"nobody wrote a version between {first_version} and {last_version}")
