"""gunicorn's configuration in a task. The load balancer, one hop away, tells the client's address and scheme. The proxy of
the app server also adds what is here: clients must not see a difference."""

from werkzeug.middleware.proxy_fix import ProxyFix

HSTS = ("Strict-Transport-Security", "max-age=31536000")


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
    worker.wsgi = with_https(ProxyFix(worker.wsgi, x_for=1, x_proto=1))
