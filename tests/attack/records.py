"""Attacks below the lines: records of TLS that cost the server much and say little. By libssl itself, for Python's module can neither
ask for new keys nor be told how to cut what it says into records."""
import ctypes

from arena import attack

LOGIN = b'{"id":1,"method":"mining.subscribe","params":[]}\n{"id":2,"method":"mining.authorize","params":["user.tls%d","x"]}\n'


class Tls:
    """A client of TLS 1.3 over a socket, whose records are its user's to send."""
    ssl, crypto = ctypes.CDLL("libssl.so.3"), ctypes.CDLL("libcrypto.so.3")
    for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
        getattr(ssl, name).restype = ctypes.c_void_p
    for name in ("BIO_new", "BIO_s_mem"):
        getattr(crypto, name).restype = ctypes.c_void_p
    context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))

    def __init__(self, sock):
        self.sock, self.session = sock, ctypes.c_void_p(self.ssl.SSL_new(self.context))
        memory = ctypes.c_void_p(self.crypto.BIO_s_mem())
        self.coming, self.going = (ctypes.c_void_p(self.crypto.BIO_new(memory)) for _ in range(2))
        self.ssl.SSL_set_bio(self.session, self.coming, self.going)
        self.ssl.SSL_set_connect_state(self.session)
        while self.ssl.SSL_do_handshake(self.session) != 1:
            sock.sendall(self.wire())
            data = sock.recv(65536)
            if not data:
                raise OSError("the server hung up")
            self.crypto.BIO_write(self.coming, data, len(data))
        sock.sendall(self.wire())

    def wire(self):
        """What was said and is not sent yet."""
        parts, piece = [], ctypes.create_string_buffer(65536)
        while (size := self.crypto.BIO_read(self.going, piece, len(piece))) > 0:
            parts.append(piece.raw[:size])
        return b"".join(parts)

    def record(self, words):
        self.ssl.SSL_write(self.session, words, len(words))

    def new_keys(self):
        self.ssl.SSL_key_update(self.session, 0)
        self.ssl.SSL_do_handshake(self.session)

    def close(self):
        self.ssl.SSL_free(self.session)


def clients(a, count):
    """Authorised connections from ten addresses, one after the other."""
    for at in range(count):
        sock = a.connect(1 + at % 10)
        if not sock:
            continue
        try:
            client = Tls(sock)
        except OSError:
            continue
        client.record(LOGIN % at)
        yield client
        client.close()


@attack("-", "asks for new keys of TLS again and again", "16 in a connection's life", ["zubr_connections_ended_total:too_many_new_keys"])
def rekeys(a):
    for client in clients(a, 40 if a.full else 5):
        for _ in range(2400):
            client.new_keys()
        a.pour(client.sock, client.wire())  # 64 KiB


@attack("17", "records of TLS with a byte in each", "limits.lines_per_second, limits.address_lines_per_second",
        ["zubr_connections_ended_total:too_many_requests|crowded_address"])
def crumbs(a):
    for client in clients(a, 40 if a.full else 2):
        for _ in range(24):
            for _ in range(2800):
                client.record(b"\n")
            if not a.pour(client.sock, client.wire()):  # 64 KiB
                break
