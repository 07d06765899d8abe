# The dts command as a small image: docker build -t dts .   (docs/docker.md says how to run it)
FROM debian:bookworm-slim AS build
WORKDIR /dts
COPY dev ./
# What building needs is the list in ./dev. ccache has nothing to keep here.
RUN apt-get update \
 && bash -c 'source <(sed -n "/^build_packages=(/,/)$/p" dev); \
      apt-get install -y --no-install-recommends "${build_packages[@]}"' \
 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DDTS_BUILD_EXAMPLES=OFF \
 && cmake --build --preset release --target dts_command \
 && strip build/release/cli/dts
# The packages of the libraries that it links with.
RUN ldd build/release/cli/dts | awk '/=> \//{print $3}' | xargs -n1 basename | sed 's|^|*/|' \
  | xargs -d '\n' dpkg -S | cut -d: -f1 | sort -u > packages

FROM debian:bookworm-slim
COPY --from=build /dts/packages /tmp/packages
RUN apt-get update \
 && xargs apt-get install -y --no-install-recommends < /tmp/packages \
 && rm -rf /var/lib/apt/lists/* /tmp/packages \
 && useradd --system --uid 10001 --no-create-home dts
COPY --from=build /dts/build/release/cli/dts /usr/local/bin/dts
USER dts
ENTRYPOINT ["dts"]
CMD ["ls"]
