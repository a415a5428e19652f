"""The RPCs on snapshots as a Python program calls them: streams read to their end."""

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import snapshot_pb2

from wire import TIMEOUT_SECONDS

DATA_DIRECTORY = snapshot_pb2.SNAPSHOT_PLACE_DATA_DIRECTORY
BACKUP_DIRECTORY = snapshot_pb2.SNAPSHOT_PLACE_BACKUP_DIRECTORY
PLACES = (DATA_DIRECTORY, BACKUP_DIRECTORY)


def last_of(stream):
    """The last message of a stream."""
    return list(stream)[-1]


def create(stub, name="", place=BACKUP_DIRECTORY, timeout=TIMEOUT_SECONDS):
    """Makes a snapshot and returns it."""
    request = snapshot_pb2.CreateSnapshotRequest(name=name, place=place)
    return last_of(stub.CreateSnapshot(request, timeout=timeout)).snapshot


def names(stub, place=BACKUP_DIRECTORY):
    """The names of all snapshots of a place, the newest first."""
    listed = stub.ListSnapshots(snapshot_pb2.ListSnapshotsRequest(place=place), timeout=TIMEOUT_SECONDS)
    return [snapshot.name for snapshot in listed.snapshots]


def get(stub, name, place=BACKUP_DIRECTORY, timeout=TIMEOUT_SECONDS):
    """A snapshot with its banks."""
    return stub.GetSnapshot(snapshot_pb2.GetSnapshotRequest(name=name, place=place), timeout=timeout).snapshot


def verify(stub, name, place=BACKUP_DIRECTORY, timeout=TIMEOUT_SECONDS):
    """What is wrong with a snapshot."""
    request = snapshot_pb2.VerifySnapshotRequest(name=name, place=place)
    last = last_of(stub.VerifySnapshot(request, timeout=timeout))
    assert last.finished
    return list(last.findings)


def restore(stub, name, bank, new_name="", place=BACKUP_DIRECTORY, timeout=TIMEOUT_SECONDS):
    """Makes a bank again and returns it."""
    return last_of(begin_restore(stub, name, bank, new_name, place, timeout)).bank


def begin_restore(stub, name, bank, new_name="", place=BACKUP_DIRECTORY, timeout=TIMEOUT_SECONDS):
    """The call that makes a bank again."""
    request = snapshot_pb2.RestoreBankRequest(snapshot=name, bank=bank, new_name=new_name, place=place)
    return stub.RestoreBank(request, timeout=timeout)


def delete(stub, name, place=BACKUP_DIRECTORY, timeout=TIMEOUT_SECONDS):
    """Deletes a snapshot."""
    stub.DeleteSnapshot(snapshot_pb2.DeleteSnapshotRequest(name=name, place=place), timeout=timeout)


def delete_bank(stub, name):
    """Deletes a bank."""
    stub.DeleteBank(api.DeleteBankRequest(name=name), timeout=TIMEOUT_SECONDS)
