#!/usr/bin/env node
// Starts the command line on the Node 24 that the package brings along, whatever Node started this file:
// the sources are TypeScript, which Node 24 runs as it is.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const bundled = here('../node_modules/node/bin/node')
const built = here('../dist/daemon/cli/main.js')
const entry = existsSync(built) ? built : here('../daemon/cli/main.ts')
const child = spawn(existsSync(bundled) ? bundled : process.execPath, [entry, ...process.argv.slice(2)], {
  stdio: 'inherit'
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
})
