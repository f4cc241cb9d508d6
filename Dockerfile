# syntax=docker/dockerfile:1

# Pin the base by digest where builds must be repeatable:
#   docker build --build-arg NODE_DIGEST=sha256:… .
ARG NODE_TAG=24-slim
ARG NODE_DIGEST=

FROM node:${NODE_TAG}${NODE_DIGEST:+@${NODE_DIGEST}} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY src ./src
RUN npx tsc && npm prune --omit=dev --no-audit --no-fund

FROM node:${NODE_TAG}${NODE_DIGEST:+@${NODE_DIGEST}}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/build/src ./build/src
# By number, so that runAsNonRoot can be verified.
USER 65532:65532
EXPOSE 8443 8080
ENTRYPOINT ["node", "/app/build/src/bin/pullguard.js"]
CMD ["serve", "--cert-dir", "/certs"]
