# syntax=docker/dockerfile:1
# Our binaries in one image: order-api, voucher-api, risk-api, desk-api, gateway, worker, and lacadon for whoever operates them.
# Which one runs is the container's command; `healthcheck PORT` asks it whether it is ready.
#
# The image tags could not be looked up where this file is tested; the Rust version is rust-toolchain.toml's.

FROM rust:1.95.0-slim-bookworm AS build
# The compiler of the image, not one that rustup would fetch with the components that only developers need.
ENV RUSTUP_TOOLCHAIN=1.95.0
# The worker's allocator is built by make, which the image lacks.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
# The caches outlive the build, so a change of ours compiles ours alone; what is kept is copied out of them.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --workspace --bins \
 && mkdir /binaries \
 && cp target/release/order-api target/release/voucher-api target/release/risk-api target/release/desk-api \
       target/release/gateway target/release/worker target/release/lacadon /binaries/

FROM debian:bookworm-slim
# Certificates, for a Temporal server behind TLS.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /binaries/ /usr/local/bin/
COPY --chmod=755 deploy/healthcheck /usr/local/bin/
# An ordinary user without a home or an entry in any file; docker-compose.yml puts the owner of the secrets here.
USER 65532:65532
# No default command: a container says which of them it is.
