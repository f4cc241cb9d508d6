# Needs nothing of the network but the base image and the npm registry. The base is Debian 12 slim with Node.js 24.18.0, pinned by
# the digest of its index, which is the same for every platform. Another one, newer or from a mirror:
#   docker build --build-arg BASE=registry.example.com/node@sha256:... .
ARG BASE=docker.io/library/node:24-bookworm-slim@sha256:6f7b03f7c2c8e2e784dcf9295400527b9b1270fd37b7e9a7285cf83b6951452d

FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

# What runs, as the lock file has it, and the list of it, which npm calls after the folder.
FROM ${BASE} AS packages
WORKDIR /pullguard
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm run --silent sbom > sbom.cdx.json

FROM ${BASE}
# A server installs nothing. These are the places of Node.js' own images; elsewhere there is nothing to remove.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn-* \
  /usr/local/bin/yarn /usr/local/bin/yarnpkg
ENV NODE_ENV=production
LABEL org.opencontainers.image.title=Pullguard \
  org.opencontainers.image.description="Tells at admission whether nodes can pull a workload's images" \
  org.opencontainers.image.licenses=Apache-2.0
WORKDIR /app
COPY LICENSE ./
COPY --from=packages /pullguard/package.json /pullguard/sbom.cdx.json ./
COPY --from=packages /pullguard/node_modules ./node_modules
COPY --from=build /app/build/src ./build/src
# By number, so that runAsNonRoot can be verified.
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["node", "/app/build/src/bin/pullguard.js"]
CMD ["serve", "--cert-dir", "/certs"]
