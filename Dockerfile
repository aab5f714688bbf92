# The program alone: built in one stage, carried into the other. `docs/howto.md` says how to use it.
FROM python:3.13-slim-bookworm AS build
# requirements-postgres.lock: with the driver that `store:` needs, as in compose.cluster.yaml.
ARG LOCK=requirements-run.lock
RUN python -m venv --without-pip /opt/monitor
COPY requirements-run.lock requirements-postgres.lock /src/
RUN pip --python /opt/monitor/bin/python install --no-cache-dir --require-hashes -r "/src/$LOCK"
COPY pyproject.toml README.md LICENSE /src/
COPY data/ /src/data/
COPY monitor/ /src/monitor/
RUN pip --python /opt/monitor/bin/python install --no-cache-dir --no-deps --no-build-isolation /src \
    && pip --python /opt/monitor/bin/python uninstall --yes flit_core

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /monitor --shell /usr/sbin/nologin monitor \
    && install -d /monitor/config /monitor/seeds \
    && ln -s config/config.yaml /monitor/config.yaml \
    && install -d -o 10001 -g 10001 -m 0700 /monitor/state
COPY --from=build /opt/monitor /opt/monitor
ENV PATH=/opt/monitor/bin:$PATH \
    MONITOR_CONFIG=/monitor/config.yaml \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /monitor
USER 10001:10001
VOLUME /monitor/state
HEALTHCHECK --interval=60s --timeout=20s --start-period=120s --retries=3 CMD ["monitor", "status", "--check"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["monitor"]
CMD ["run"]
