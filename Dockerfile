# syntax=docker/dockerfile:1
# A node, or with `up` the whole local network. Steps are the README's: npm ci, then the command line.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/console.ts ./scripts/
RUN npm ci --omit=dev

# The web console: what builds it stays in this stage.
FROM node:24-bookworm-slim AS console
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY scripts/console.ts ./scripts/
COPY tsconfig.json ./
COPY protocol ./protocol
COPY daemon/api/contract ./daemon/api/contract
COPY web-console ./web-console
RUN node scripts/console.ts

FROM node:24-bookworm-slim
ENV NODE_ENV=production TILTH_DATA=/data
WORKDIR /app
RUN useradd --system --create-home --uid 10001 tilth && mkdir /data && chown tilth:tilth /data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY protocol ./protocol
COPY node ./node
COPY daemon ./daemon
COPY --from=console /app/web-console/dist ./web-console/dist
USER tilth
VOLUME /data
# libp2p; the HTTP API stays on the container's own localhost. Others see the host's address and port, not these: say so
# with TILTH_ANNOUNCE.
EXPOSE 4181
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["node", "bin/tilth.js", "status", "--json"]
ENTRYPOINT ["node", "bin/tilth.js"]
CMD ["daemon"]
