"""A TCP proxy whose first connection breaks off after a number of bytes."""

import socket
import threading


class BreakingProxy:
    """Forwards to `address` ("HOST:PORT"); the first connection that has carried `break_after` bytes, both
    ways together, is closed. Later ones are not."""

    def __init__(self, address, break_after):
        host, port = address.rsplit(":", 1)
        self._target = (host, int(port))
        self._left = break_after
        self._lock = threading.Lock()
        self.has_broken = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # Closed.
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(self._target) as server:
            requests = threading.Thread(target=self._forward, args=(client, server), daemon=True)
            requests.start()
            self._forward(server, client)
            requests.join()

    def _forward(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                if self._breaks(len(data)):
                    break
                sink.sendall(data)
        except OSError:
            pass  # The other direction has ended.
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # Not connected any more.

    def _breaks(self, count):
        with self._lock:
            self._left -= count
            if self.has_broken or self._left > 0:
                return False
            self.has_broken = True
            return True
