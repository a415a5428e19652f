"""The API as a Python program sees it: channels, matrices, health, errors."""

import queue

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2_grpc, error_pb2, health_pb2, matrix_pb2

MESSAGE_BYTES = 64 << 20
# No call of a test may hang.
TIMEOUT_SECONDS = 120
SERVICE = "engram.v1.AssociativeMemory"


def connect(address, message_bytes=MESSAGE_BYTES):
    """A channel of its own to `address`, with the message limit both ways."""
    return grpc.insecure_channel(
        address,
        options=[
            ("grpc.max_send_message_length", message_bytes),
            ("grpc.max_receive_message_length", message_bytes),
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.enable_http_proxy", 0),
        ],
    )


def make_stub(channel):
    """The RPCs of AssociativeMemory on `channel`."""
    return associative_memory_pb2_grpc.AssociativeMemoryStub(channel)


def raw_call(channel, rpc, data, timeout=TIMEOUT_SECONDS):
    """Calls a unary RPC with these bytes as the request; returns the response's bytes."""
    return channel.unary_unary(f"/{SERVICE}/{rpc}")(data, timeout=timeout)


def check_health(channel, service=""):
    """The serving status of `service`."""
    method = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    return method(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT_SECONDS).status


def watch_health(channel, service=""):
    """An iterator over the serving status of `service` and its changes."""
    method = channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    return method(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT_SECONDS)


def to_matrix(rows, floats=False):
    """A wire matrix in the bytes encoding, or in the floats encoding."""
    rows = np.atleast_2d(np.asarray(rows, "<f4"))
    matrix = matrix_pb2.Matrix(rows=rows.shape[0], cols=rows.shape[1])
    if floats:
        matrix.values.extend(rows.ravel().tolist())
    else:
        matrix.data = rows.tobytes()
    return matrix


def to_array(matrix):
    """The numbers of a wire matrix [rows, cols], whichever encoding it has."""
    numbers = matrix.values if matrix.values else np.frombuffer(matrix.data, "<f4")
    return np.asarray(numbers, np.float32).reshape(matrix.rows, matrix.cols)


class Conversation:
    """A call with streams both ways, message by message."""

    _END = object()

    def __init__(self, method):
        self._requests = queue.SimpleQueue()
        self.call = method(iter(self._requests.get, self._END), timeout=TIMEOUT_SECONDS)

    def send(self, *requests):
        for request in requests:
            self._requests.put(request)

    def half_close(self):
        self._requests.put(self._END)

    def receive(self):
        """The next response; raises grpc.RpcError or StopIteration at the end."""
        return next(self.call)

    def ask(self, request):
        """The next response after sending this."""
        self.send(request)
        return self.receive()

    def leave(self):
        """Breaks off, as a client does that dies."""
        self.call.cancel()
        self.half_close()

    def error(self):
        """The WireError with which the stream must end now."""
        return error_of(lambda timeout: self.receive())


class WireError:
    """What a failed call says: code and text, and the details if the server gave them."""

    def __init__(self, error):
        self.code = error.code()
        self.text = error.details()
        self.info = self.bad_request = self.retry = None
        trailers = {item.key: item.value for item in error.trailing_metadata() or ()}
        self.status = None
        if "grpc-status-details-bin" in trailers:
            self.status = error_pb2.ErrorStatus.FromString(trailers["grpc-status-details-bin"])
            for detail in self.status.details:
                self._take(detail)

    def _take(self, detail):
        kind = detail.type_url.removeprefix("type.googleapis.com/google.rpc.")
        if kind == "ErrorInfo":
            self.info = error_pb2.ErrorInfo.FromString(detail.value)
        elif kind == "BadRequest":
            self.bad_request = error_pb2.BadRequest.FromString(detail.value)
        elif kind == "RetryInfo":
            self.retry = error_pb2.RetryInfo.FromString(detail.value)
        else:
            raise ValueError(f"unexpected detail {detail.type_url}")

    @property
    def field(self):
        """Path of the field at fault; None: none is."""
        return self.bad_request.field_violations[0].field if self.bad_request else None


def error_of(call, *args, timeout=TIMEOUT_SECONDS):
    """The WireError of a call that must fail."""
    try:
        call(*args, timeout=timeout)
    except grpc.RpcError as error:
        return WireError(error)
    raise AssertionError("the call succeeded")
