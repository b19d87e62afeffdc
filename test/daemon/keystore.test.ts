import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createDecipheriv } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scrypt } from '@noble/hashes/scrypt.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { createKeystore, keystoreAddress, openKeystore, parsePrivateKey } from '../../daemon/keys/index.ts'
import { addressOfKey } from '../../protocol/crypto/index.ts'

describe('the keystore file', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilth-key-'))
  })
  afterEach(async () => {
    await rm(folder, { recursive: true })
  })

  it('gives back the key for its passphrase, and is readable by its owner only', async () => {
    const path = join(folder, 'deep', 'key.json')
    const made = await createKeystore(path, 'correct horse', { strength: 'light' })
    assert.deepEqual(await openKeystore(path, 'correct horse'), made)
    assert.equal(await keystoreAddress(path), made.address)
    assert.equal((await stat(path)).mode & 0o077, 0)
    assert.ok(!(await readFile(path, 'utf8')).includes(Buffer.from(made.privateKey).toString('hex')))
  })

  it('is the Web3 Secret Storage form, as another implementation reads it', async () => {
    const path = join(folder, 'key.json')
    const { privateKey } = await createKeystore(path, 'correct horse', { strength: 'light' })
    const { crypto } = JSON.parse(await readFile(path, 'utf8')) as {
      crypto: {
        ciphertext: string
        cipherparams: { iv: string }
        kdfparams: { n: number; r: number; p: number; salt: string }
        mac: string
      }
    }
    const { n, r, p, salt } = crypto.kdfparams
    const derived = scrypt(new TextEncoder().encode('correct horse'), Buffer.from(salt, 'hex'), {
      N: n,
      r,
      p,
      dkLen: 32
    })
    const ciphertext = Buffer.from(crypto.ciphertext, 'hex')
    assert.equal(Buffer.from(keccak_256(Buffer.concat([derived.subarray(16), ciphertext]))).toString('hex'), crypto.mac)
    const decipher = createDecipheriv(
      'aes-128-ctr',
      derived.subarray(0, 16),
      Buffer.from(crypto.cipherparams.iv, 'hex')
    )
    assert.deepEqual(new Uint8Array(decipher.update(ciphertext)), privateKey)
  })

  it('refuses a wrong passphrase, a damaged file, a missing one, and never overwrites', async () => {
    const path = join(folder, 'key.json')
    await createKeystore(path, 'correct horse', { strength: 'light' })
    await assert.rejects(openKeystore(path, 'wrong horse'), { code: 'key.passphrase' })
    await assert.rejects(createKeystore(path, 'another one'), { code: 'key.exists' })
    await assert.rejects(createKeystore(join(folder, 'b.json'), 'short'), { code: 'key.passphrase' })
    await assert.rejects(openKeystore(join(folder, 'none.json'), 'x'), { code: 'key.missing' })
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, 100))
    await assert.rejects(openKeystore(path, 'correct horse'), { code: 'key.file' })
  })

  it('refuses parameters that would take gigabytes or minutes, before it tries any', async () => {
    const path = join(folder, 'dear.json')
    await createKeystore(path, 'correct horse', { strength: 'light' })
    const file = JSON.parse(await readFile(path, 'utf8')) as { crypto: { kdfparams: Record<string, unknown> } }
    for (const dear of [
      { n: 1 << 20, r: 32 },
      { n: 1 << 18, r: 8, p: 16 }
    ]) {
      const crypto = { ...file.crypto, kdfparams: { ...file.crypto.kdfparams, ...dear } }
      await writeFile(path, JSON.stringify({ ...file, crypto }))
      await assert.rejects(openKeystore(path, 'correct horse'), { code: 'key.file' })
    }
  })

  it('takes only 32 bytes within the order as a private key', () => {
    assert.throws(() => parsePrivateKey('zz'), { code: 'key.invalid' })
    assert.throws(() => addressOfKey(new Uint8Array(32)), { code: 'key.invalid' })
    assert.throws(() => addressOfKey(new Uint8Array(32).fill(0xff)), { code: 'key.invalid' })
  })
})
