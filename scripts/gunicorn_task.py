"""gunicorn's configuration in a task. The load balancer, one hop away, tells the client's address and scheme. The proxy of
the app server also adds what is here: clients must not see a difference."""

import io
import tempfile
import threading

from werkzeug.middleware.proxy_fix import ProxyFix

HSTS = ("Strict-Transport-Security", "max-age=31536000")
# Bytes of a request that are read before the app gets it, as by the proxy of the app server, and of an answer in memory.
BUFFER = 2**20


def one_at_a_time(app):
    """The app, with one request at a time as in a worker of the app server: an app may use what is not made for threads.
    Meanwhile the other threads of the worker read requests of slow clients and write answers to them."""
    lock = threading.Lock()

    def wrapped(environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if 0 < length <= BUFFER:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with lock:
            answer = app(environ, start_response)
            try:
                body = tempfile.SpooledTemporaryFile(BUFFER)
                for part in answer:
                    body.write(part)
            finally:
                getattr(answer, "close", lambda: None)()
        body.seek(0)
        return iter(lambda: body.read(2**16), b"")

    return wrapped


def with_https(app):
    """The app, with Secure in its cookies, and the header that keeps browsers to HTTPS."""

    def wrapped(environ, start_response):
        def start(status, headers, *exc_info):
            secured = [
                (name, value + "; Secure") if name.lower() == "set-cookie" and "; secure" not in value.lower() else (name, value)
                for name, value in headers
                if name.lower() != HSTS[0].lower()
            ]
            return start_response(status, [*secured, HSTS], *exc_info)

        return app(environ, start)

    return wrapped


def post_worker_init(worker):
    worker.wsgi = with_https(one_at_a_time(ProxyFix(worker.wsgi, x_for=1, x_proto=1)))
