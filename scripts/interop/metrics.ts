import { spawn } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { serving } from './network.ts'
import type { Outcome, Served } from './network.ts'
import { freePort, lastOf, run } from './programs.ts'

// Prometheus, as Debian packs it, against a daemon that answers questions: it scrapes by a key to read, as README and
// deploy/prometheus.yml say, and is asked everything that the dashboard asks.

const tilth = resolve('bin/tilth.js')
const dashboard = resolve('daemon/assets/grafana/dashboard.json')
const shipped = resolve('deploy/prometheus.yml')

const dashboards = z.object({
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) }))
})
const answers = z.object({ status: z.string(), data: z.object({ result: z.array(z.unknown()) }).optional() })

/** Of these nothing is known where nothing has failed, no job was posted and nobody waits. */
const mayBeEmpty = /failures_total|jobs_events_total/

/** Fetches and unpacks Debian's package, without installing it. @returns the folder of its programs, or why not */
async function unpack(folder: string): Promise<{ bin: string } | { why: string }> {
  const fetched = await run('apt-get', ['download', 'prometheus'], { cwd: folder })
  const file = (await readdir(folder)).find(name => name.startsWith('prometheus_') && name.endsWith('.deb'))
  if (file === undefined) return { why: `apt-get gave no prometheus: ${lastOf(fetched.output)}` }
  const { code, output } = await run('dpkg-deb', ['-x', file, 'prometheus'], { cwd: folder })
  return code === 0 ? { bin: join(folder, 'prometheus', 'usr', 'bin') } : { why: lastOf(output) }
}

async function ask({ url, key, model }: Served): Promise<void> {
  const body = JSON.stringify({ model, max_tokens: 8, messages: [{ role: 'user', content: 'What is a dog?' }] })
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const reply = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
  if (!reply.ok) throw new Error(await reply.text())
}

/** Scrapes the daemon once a second, while questions are asked, and asks what the dashboard asks. */
async function scraped(served: Served, bin: string): Promise<Outcome[]> {
  const { folder, url, data } = served
  const made = await run(
    process.execPath,
    [tilth, 'keys', 'add', 'prometheus', '--scope', 'read', '--json', '--data', data],
    { cwd: folder }
  )
  const { key } = z.object({ key: z.string() }).parse(JSON.parse(made.output))
  await writeFile(join(folder, 'key'), key, { mode: 0o600 })
  const scrape = `global: { scrape_interval: 1s }
scrape_configs:
  - job_name: tilth
    authorization: { credentials_file: ${join(folder, 'key')} }
    static_configs: [{ targets: ['${new URL(url).host}'] }]
`
  const config = join(folder, 'prometheus.yml')
  await writeFile(config, scrape)
  const port = await freePort()
  const child = spawn(
    join(bin, 'prometheus'),
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'series')}`,
      `--web.listen-address=127.0.0.1:${port}`
    ],
    { stdio: 'ignore' }
  )
  const query = async (expr: string): Promise<number> => {
    const reply = await fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query: expr })}`)
    const { status, data } = answers.parse(await reply.json())
    if (status !== 'success' || data === undefined) throw new Error(`Prometheus does not take ${expr}`)
    return data.result.length
  }
  try {
    for (let i = 0; (await query('up == 1').catch(() => 0)) === 0; i++) {
      if (i === 60) return [{ name: 'prometheus: scrapes by a key to read', state: 'failed', why: 'not in a minute' }]
      await sleep(1000)
    }
    for (let i = 0; i < 5; i++) {
      await ask(served)
      await sleep(2000)
    }
    const { panels } = dashboards.parse(JSON.parse(await readFile(dashboard, 'utf8')))
    const asked = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })))
    const empty: string[] = []
    for (const { title, expr } of asked)
      if ((await query(expr.replaceAll('$node', '.*'))) === 0 && !mayBeEmpty.test(expr)) empty.push(title)
    const name = `prometheus: answers the ${asked.length} questions of the dashboard`
    return [
      { name: 'prometheus: scrapes by a key to read', state: 'passed' },
      empty.length === 0 ? { name, state: 'passed' } : { name, state: 'failed', why: `nothing for ${empty.join(', ')}` }
    ]
  } finally {
    child.kill()
  }
}

/** A real Prometheus, its configuration as shipped, and the dashboard's questions. */
export const metrics = (say: (text: string) => void): Promise<Outcome[]> =>
  serving(say, async served => {
    say('fetching Prometheus from Debian')
    const unpacked = await unpack(served.folder)
    if ('why' in unpacked) return [{ name: 'prometheus', state: 'skipped', why: unpacked.why }]
    const { bin } = unpacked
    const checked = await run(join(bin, 'promtool'), ['check', 'config', shipped], { cwd: served.folder })
    const taken: Outcome = { name: 'promtool: takes deploy/prometheus.yml', state: 'passed' }
    say('scraping')
    return [
      checked.code === 0 ? taken : { ...taken, state: 'failed', why: lastOf(checked.output) },
      ...(await scraped(served, bin))
    ]
  })
