#!/usr/bin/env node
// Starts the command line on the Node 24 that the package brings along, whatever Node started this file: what has not
// been bundled is TypeScript, which Node 24 runs as it is. A node is left running for years beside other things, so it
// is told to hold little.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programEntry } from './bundle.js'
import { allocator, heapFlags } from './memory.js'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const bundled = here('../node_modules/node/bin/node')
const entry = programEntry()
const node = existsSync(bundled) ? bundled : process.execPath
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tilth', 'compiled')
const child = spawn(node, [...heapFlags, entry, ...process.argv.slice(2)], {
  stdio: 'inherit',
  // Compiled sources are kept: the next start is quicker, and needs not load the compiler of TypeScript. What this
  // process starts ends with it, by kill -9 too.
  env: {
    ...(entry.endsWith('.ts') ? { NODE_COMPILE_CACHE: cache } : {}),
    ...allocator,
    ...process.env,
    TILTH_PARENT: String(process.pid)
  }
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
})
