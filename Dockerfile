# A node, or with `up` the whole local network. Steps are the README's: npm ci, then the command line.
# Where that image is not to be had, another Debian with Node 24 and npm takes its place: --build-arg NODE_IMAGE=…
ARG NODE_IMAGE=node:24-bookworm-slim
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/bundle.ts scripts/client.ts scripts/console.ts scripts/fresh.ts scripts/narrow.ts ./scripts/
RUN npm ci --omit=dev

# The daemon's bundle, and the web console with the library that a page of it uses: sources, and what builds of them, stay in this stage.
FROM ${NODE_IMAGE} AS built
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY scripts/bundle.ts scripts/client.ts scripts/console.ts scripts/fresh.ts scripts/narrow.ts ./scripts/
COPY tsconfig.json LICENSE ./
COPY bin ./bin
COPY protocol ./protocol
COPY node ./node
COPY daemon ./daemon
COPY client ./client
COPY docs/client.md ./docs/
COPY web-console ./web-console
RUN node scripts/bundle.ts && node scripts/console.ts

FROM ${NODE_IMAGE}
ENV NODE_ENV=production TILTH_DATA=/data
WORKDIR /app
RUN useradd --create-home --uid 10001 tilth && mkdir /data && chown tilth:tilth /data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY bin ./bin
COPY daemon/assets ./daemon/assets
COPY --from=built /app/dist ./dist
COPY --from=built /app/web-console/dist ./web-console/dist
USER tilth
VOLUME /data
# libp2p; the HTTP API stays on the container's own localhost. Others see the host's address and port, not these: say so
# with TILTH_ANNOUNCE.
EXPOSE 4181
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["node", "bin/tilth.js", "status", "--json"]
ENTRYPOINT ["node", "bin/tilth.js"]
CMD ["daemon"]
