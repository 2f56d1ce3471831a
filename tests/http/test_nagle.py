"""A connection that is accepted sends its packets at once."""

import socket

from lib.http.nagle import send_at_once


def sends_at_once(listening: socket.socket) -> bool:
    """Whether what it accepts now does."""
    with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
        return bool(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


def test_what_a_listening_socket_accepts_sends_at_once():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert not sends_at_once(listening)  # as Streamlit binds it
        send_at_once()
        assert sends_at_once(listening)
