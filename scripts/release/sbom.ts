import { createHash } from 'node:crypto'
import { asSpdx, isAllowed, lookedUp } from './licences.ts'

/** As much of package-lock.json (version 3) as is read here. */
export interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly name?: string
        readonly version?: string
        readonly license?: string
        readonly integrity?: string
        readonly dev?: boolean
        readonly optional?: boolean
        readonly link?: boolean
        readonly dependencies?: Readonly<Record<string, string>>
      }
    >
  >
}
export interface Product {
  readonly name: string
  readonly version: string
  readonly license: string
}

interface Component {
  readonly type: string
  readonly 'bom-ref': string
  readonly name: string
  readonly version: string
  readonly scope: 'required' | 'optional' | 'excluded'
  readonly licenses: readonly [{ readonly expression: string }]
  readonly purl?: string
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[]
  readonly description?: string
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
const purlOf = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`

/** `sha512-BASE64` as hexadecimal digits. */
function hashesOf(integrity: string | undefined): Component['hashes'] {
  const [, digits] = /^sha512-([A-Za-z0-9+/=]+)$/.exec(integrity ?? '') ?? []
  return digits === undefined ? undefined : [{ alg: 'SHA-512', content: Buffer.from(digits, 'base64').toString('hex') }]
}

/** What is shipped and is no package: where it is from stands beside it, in its README. */
const assets: readonly Pick<Component, 'type' | 'name' | 'description'>[] = [
  {
    type: 'machine-learning-model',
    name: 'seedling',
    description: 'made by scripts/base-model from WordNet 3.0 (Princeton University); daemon/assets/seedling/README.md'
  },
  {
    type: 'data',
    name: 'elements',
    description: 'facts about the chemical elements, written for this project; daemon/assets/elements/README.md'
  }
]

/** Packages of a lockfile, each version once. */
function packagesOf({ packages }: Lock): Component[] {
  const found = new Map<string, Component>()
  for (const [path, { version = '', license, integrity, dev, optional, link }] of Object.entries(packages)) {
    if (path === '' || link === true) continue
    const name = nameOf(path)
    const purl = purlOf(name, version)
    const scope = dev === true ? 'excluded' : optional === true ? 'optional' : 'required'
    // What one place needs only to build, another may ship.
    const before = found.get(purl)
    if (before !== undefined && (before.scope !== 'excluded' || scope === 'excluded')) continue
    const hashes = hashesOf(integrity)
    found.set(purl, {
      type: 'library',
      'bom-ref': purl,
      name,
      version,
      scope,
      licenses: [{ expression: asSpdx(license ?? lookedUp[name] ?? 'NONE') }],
      purl,
      ...(hashes === undefined ? {} : { hashes })
    })
  }
  return [...found.values()].toSorted((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1))
}

export interface Sbom {
  readonly serialNumber: string
  readonly components: readonly Component[]
}

/**
 * What is shipped and what it is built with, as CycloneDX 1.6 has it in JSON. The same lockfile gives the same bytes:
 * its number is a hash of what it holds, and it names no time.
 */
export function sbomOf(lock: Lock, { name, version, license }: Product): Sbom {
  const own = assets.map((asset): Component => ({
    ...asset,
    'bom-ref': `${name}/${asset.name}`,
    version,
    scope: 'required',
    licenses: [{ expression: license }]
  }))
  const components = [...own, ...packagesOf(lock)]
  const digest = createHash('sha256')
    .update(JSON.stringify([name, version, components]))
    .digest('hex')
  const uuid = /^(.{8})(.{4})(.{4})(.{4})(.{12})/.exec(digest)?.slice(1).join('-') ?? ''
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuid}`,
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': name,
        name,
        version,
        licenses: [{ expression: license }]
      }
    },
    components
  } as Sbom
}

/** Parts whose licence gives no way to ship them, or is not known. */
export const faultsOf = ({ components }: Sbom): string[] =>
  components
    .filter(({ licenses: [{ expression }] }) => !isAllowed(expression))
    .map(({ name, version, licenses: [{ expression }] }) => `${name} ${version}: ${expression}`)
