# an-sync in an image: built and tested in the first stage, nothing but what it needs to run in the second.
# What the RUN lines do is done by the Makefile and scripts/, and works without Docker, too.
#   docker run --rm -i -v an-sync-state:/state -e AN_API_KEY_FILE=/run/secrets/key ... an-sync - < export.eml
# It has no aws CLI: for s3:// add one to an image FROM an-sync.

FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make
WORKDIR /src
COPY . .
# What must pass before there is an image.
ARG TESTS=check
RUN make deps && make "$TESTS"
RUN make install DESTDIR=/installed PREFIX=/usr

FROM debian:bookworm-slim
COPY scripts/install-deps /tmp/
RUN /tmp/install-deps --run && rm -rf /tmp/install-deps /var/lib/apt/lists/*
COPY --from=build /installed /
RUN useradd --uid 10001 --no-create-home --home-dir /state an-sync && install -d -m 700 -o an-sync /state
USER an-sync
ENV AN_STATE=/state
VOLUME /state
ENTRYPOINT ["an-sync"]
CMD ["--help"]
