"""What certificate files a client of a TLS server is given."""

import contextlib
import ssl


class _SaysGoodbyeOnly(ssl.SSLObject):
    """Closes once its own close_notify is written, as RFC 8446 (6.1) allows, and RFC 5246 (7.2.1) for TLS 1.2.

    A broker that reads it along with a request may keep silent until the connection has idled too long (Kafka's SslTransportLayer
    leaves the closing to a next read that never comes), and asyncio waits for it, for 30 s, in every `stop()`.
    """

    def unwrap(self) -> None:
        with contextlib.suppress(ssl.SSLWantReadError):
            super().unwrap()


def client_context(ca_file: str | None, certificate_file: str | None, key_file: str | None) -> ssl.SSLContext:
    """Checks the server's certificate and name, against the system's authorities where no file is named; TLS 1.2 at the least.

    Reads the files. Raises ValueError, whose text begins with the variable that is wrong and shows neither path nor content.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(f"WAYPOST_KAFKA_SSL_CA_FILE {_why(error)}: name a PEM file of certificate authorities") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslobject_class = _SaysGoodbyeOnly
    if certificate_file is not None:
        try:
            # A key with a passphrase would have it asked for on the terminal.
            context.load_cert_chain(certificate_file, key_file, password=lambda: "")
        except OSError as error:
            raise ValueError(
                f"WAYPOST_KAFKA_SSL_CERTIFICATE_FILE or WAYPOST_KAFKA_SSL_KEY_FILE {_why(error)}: "
                "name PEM files of a certificate and of its key, without a passphrase"
            ) from None
    return context


def _why(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"cannot be used ({getattr(error, 'reason', None) or 'no PEM'})"
    return f"cannot be read ({error.strerror})"
