import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { z } from 'zod'
import { daemonConfig, loadSettings, networkFile, readNetworkFile } from '../../../daemon/config/index.ts'
import { openKeystore } from '../../../daemon/keys/index.ts'
import { openPins } from '../../../daemon/names/index.ts'
import { readSpending } from '../../../daemon/spending/file.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import { decode } from '../../../node/store/collection.ts'
import { nodeTables } from '../../../node/tables.ts'
import { readDebts } from '../../../node/transport/limits/debts.ts'
import { InvalidError, foreignCode } from '../../../protocol/primitives/index.ts'
import { casesOf, target } from '../kit/target.ts'
import type { Target } from '../kit/target.ts'
import { validOf } from '../kit/valid.ts'
import { wrongFrames, bytesOf } from './wire.ts'
import { someContracts as contracts } from '../../harness/contracts.ts'

// What stands on a disk that was damaged, or that somebody else has written to: entries of the database, settings,
// the network's file, keystores, and what the daemon keeps beside them.

/** Entries of the node's tables: what cannot be read is set aside, and nothing is thrown. */
const stored: readonly Target[] = [...nodeTables()].map(([table, schema]) => {
  const good = validOf(schema)
  return target({
    name: `entries of the table ${table}`,
    cases: casesOf(good.map(bytesOf), wrongFrames(good)),
    // What a record asks beyond its shape is not known to whoever makes one here.
    takesGood: false,
    read(bytes: Uint8Array) {
      const found = decode(new TextDecoder().decode(bytes), schema)
      if ('why' in found) throw new InvalidError(foreignCode('test.set-aside'), found.why)
    }
  })
})

let folder = ''
async function begin(): Promise<() => Promise<void>> {
  folder = mkdtempSync(join(tmpdir(), 'tilth-fuzz-'))
  return async () => rmSync(folder, { recursive: true, force: true })
}

/** A file's content, read by the path it stands at. */
const onDisk = (
  name: string,
  good: fc.Arbitrary<unknown>,
  read: (path: string) => unknown,
  more: Partial<Pick<Target, 'weight' | 'takesGood' | 'mostMs'>> = {}
): Target =>
  target({
    name,
    cases: casesOf(good.map(bytesOf), wrongFrames(good)),
    begin,
    read(bytes: Uint8Array) {
      const path = join(folder, 'file.json')
      writeFileSync(path, bytes)
      return read(path)
    },
    weight: 6,
    ...more
  })

/** Settings that a person may have: all that have no rule beyond their shape, and what has to be there. */
const config = validOf(daemonConfig).map(value => ({
  ...(value as object),
  data: '/nowhere',
  key: '/nowhere/key.json',
  chain: { rpc: 'http://127.0.0.1:8545', contracts }
}))

const passphrase = 'correct horse'
const hex = (digits: number): string => 'ab'.repeat(digits / 2)
const keystoreFile = {
  version: 3,
  id: '6f1ed002-ab5c-4a4b-9c3e-0f6a2f0c5a11',
  address: hex(40),
  crypto: {
    cipher: 'aes-128-ctr',
    ciphertext: hex(64),
    cipherparams: { iv: hex(32) },
    kdf: 'scrypt',
    kdfparams: { n: 1024, r: 1, p: 1, dklen: 32, salt: hex(64) },
    mac: hex(64)
  }
}

const tally = { day: 1, spent: '0', total: '5', held: [{ id: 'a', day: 1, amount: '2' }] }
const spending = {
  version: 1,
  own: tally,
  keys: [{ name: 'app', hash: hex(64), madeAt: 1, perRequest: null, perDay: '7', tally }]
}
const pins = { version: 1, pins: [{ name: 'metals', model: `0x${hex(64)}` }] }
const debts = z.array(
  z.strictObject({
    peerId: z.string().max(100),
    debt: z.number().min(0).max(1e6),
    at: z.number().min(0),
    banned: z.boolean()
  })
)

export const diskTargets: readonly Target[] = [
  ...stored,
  onDisk('the configuration file', config, path => loadSettings({ config: path }), { takesGood: false }),
  onDisk('network.json', validOf(networkFile), path => readNetworkFile(path), { takesGood: false }),
  // Its key is derived in a thread of the system's, however long that takes.
  onDisk('a keystore', fc.constant(keystoreFile), path => openKeystore(path, passphrase), {
    takesGood: false,
    weight: 40
  }),
  onDisk('what was spent', fc.constant(spending), path => readSpending(path)),
  onDisk('pinned names', fc.constant(pins), path => openPins(path)),
  onDisk('what peers owe', validOf(debts), path => readDebts(path, silentLog))
]
