"""A server on loopback that sends whatever bytes a test wants, to each connection."""

import contextlib
import socket
import threading


@contextlib.contextmanager
def rogue(talk):
    """Gives the address of a server that calls talk(connection, over) with each connection.

    The request's first bytes have been read by then. over: an event, set at the end. What sending
    raises once the client has gone ends the talk.
    """
    over = threading.Event()
    threads = []

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 16)
            talk(connection, over)

    def accept(listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
            threads[-1].start()

    listener = socket.create_server(("127.0.0.1", 0), backlog=16)
    acceptor = threading.Thread(target=accept, args=(listener,), daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(10)
        for thread in threads:
            thread.join(10)


def answering(body, *headers, status="200 OK"):
    """For `rogue`: one whole answer, then the connection is closed."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "Connection: close"]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()

    def talk(connection, over):
        connection.sendall(head + body)
        over.wait(0.1)

    return talk
