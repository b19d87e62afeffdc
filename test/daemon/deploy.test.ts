import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = join(import.meta.dirname, '../..')
const deploy = join(root, 'deploy')
const read = (name: string): string => readFileSync(join(deploy, name), 'utf8')

interface Service {
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly network_mode?: string
  readonly cap_drop?: readonly string[]
}

/** Variables that the daemon reads. */
const known = new Set(
  ['daemon/config/load.ts', 'daemon/keys/passphrase.ts', 'daemon/supervised.ts', 'daemon/traces/settings.ts'].flatMap(
    file => [...readFileSync(join(root, file), 'utf8').matchAll(/'?((?:TILTH|OTEL)_[A-Z_]+)/g)].map(([, name]) => name)
  )
)
const yaml = async (name: string): Promise<unknown> => {
  // It comes with mocha, and without types.
  const parser = 'js-yaml'
  const { load } = (await import(parser)) as { load: (text: string) => unknown }
  return load(read(name))
}

describe('what runs a node as a service', () => {
  it('composes what there is: every variable is read, every file stands, only libp2p is for everybody', async () => {
    const { services } = (await yaml('compose.yaml')) as { services: Record<string, Service> }
    assert.deepEqual(Object.keys(services), ['chain', 'setup', 'node', 'prometheus', 'grafana'])
    for (const [name, { ports = [], volumes = [], environment = {} }] of Object.entries(services)) {
      for (const port of ports) assert.ok(port.startsWith('127.0.0.1:') || port === '4181:4181', `${name}: ${port}`)
      for (const volume of volumes) {
        const [from = ''] = volume.split(':')
        if (from.startsWith('.')) assert.ok(existsSync(resolve(deploy, from)), from)
      }
      if (name === 'node') for (const variable of Object.keys(environment)) assert.ok(known.has(variable), variable)
    }
    assert.deepEqual(services['node']?.cap_drop, ['ALL'])
    // Prometheus scrapes on the node's own localhost, where no key is asked for as the node is told so.
    assert.equal(services['node']?.environment?.['TILTH_API_OPEN_METRICS'], 'yes')
    assert.equal(services['prometheus']?.network_mode, 'service:chain')
    for (const name of ['prometheus.yml', 'grafana/datasources.yml', 'grafana/dashboards.yml'])
      assert.equal(typeof (await yaml(name)), 'object')
  })

  it('is a hardened unit of systemd, whose variables the daemon reads', () => {
    const unit = read('tilth.service')
    for (const [, variable] of unit.matchAll(/^Environment=([A-Z_]+)=/gm)) assert.ok(known.has(variable), variable)
    for (const line of [
      'DynamicUser=yes',
      'UMask=0077',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'Restart=always'
    ])
      assert.ok(unit.split('\n').includes(line), line)
    assert.match(unit, /^CapabilityBoundingSet=$/m)
    assert.match(unit, /^LoadCredential=passphrase:/m)
    assert.doesNotMatch(unit, /TILTH_PASSPHRASE=/)
  })
})
