import assert from 'node:assert/strict'
import { createDecipheriv, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { scrypt } from '@noble/hashes/scrypt.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { createKeystore, keystoreAddress, openKeystore, parsePrivateKey } from '../../daemon/keys/index.ts'
import { addressOfKey } from '../../protocol/crypto/index.ts'
import { describeError } from '../../protocol/primitives/index.ts'
import type { InvalidError } from '../../protocol/primitives/index.ts'

const vectors = join(import.meta.dirname, '..', 'vectors', 'keystores')

describe('the keystore file', function () {
  // Keys of others' files are derived with their own parameters: a second each where nothing else is done.
  this.timeout(400_000)
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
    await assert.rejects(openKeystore(folder, 'x'), { code: 'key.file', message: /is a folder$/ })
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

  it('opens what geth, Foundry and pbkdf2 tools wrote: with an address or none, 0x or capitals', async () => {
    const address = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'
    const key = new Uint8Array(32).fill(0x11)
    for (const name of ['geth', 'foundry', 'checksummed', 'pbkdf2']) {
      const path = join(vectors, `${name}.json`)
      assert.deepEqual(await openKeystore(path, 'correct horse'), { address, privateKey: key }, name)
      assert.equal(await keystoreAddress(path), name === 'foundry' ? undefined : address)
      await assert.rejects(openKeystore(path, 'wrong horse'), { code: 'key.passphrase' })
    }
  })

  it('opens the two files of the format’s own specification', async () => {
    for (const kdf of ['pbkdf2', 'scrypt']) {
      const { address, privateKey } = await openKeystore(join(vectors, `specification-${kdf}.json`), 'testpassword')
      assert.equal(address, '0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b')
      assert.match(Buffer.from(privateKey).toString('hex'), /^7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c/)
    }
  })

  it('takes a passphrase as others read it: as typed, composed otherwise, with its ligatures taken apart', async () => {
    // The file was sealed with the bytes as typed.
    const opened = await openKeystore(join(vectors, 'ligature.json'), '\ufb01sh-caf\u00e9-2024')
    assert.deepEqual(opened.privateKey, new Uint8Array(32).fill(0x11))
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 8, maxLength: 20 }), async passphrase => {
        const path = join(folder, `${randomUUID()}.json`)
        const { privateKey } = await createKeystore(path, passphrase, { strength: 'light' })
        for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const)
          assert.deepEqual((await openKeystore(path, passphrase.normalize(form))).privateKey, privateKey)
      }),
      { numRuns: 5 }
    )
  })

  it('names what it does not take by its field, and speaks of a copy only where a file is cut off', async () => {
    const text = await readFile(join(vectors, 'geth.json'), 'utf8')
    const file = JSON.parse(text) as { crypto: Record<string, unknown> }
    const written = async (content: unknown): Promise<string> => {
      const path = join(folder, `${randomUUID()}.json`)
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
      return path
    }
    const { crypto } = file
    const { mac: _, ...unchecked } = crypto
    const bare = '11'.repeat(32)
    const wrong: [unknown, RegExp][] = [
      [{ ...file, version: 1 }, /version must be 3, not 1/],
      [
        { ...file, crypto: { ...crypto, kdf: 'argon2id' } },
        /crypto\.kdf must be one of scrypt, pbkdf2, not "argon2id"/
      ],
      [{ ...file, crypto: { ...crypto, cipher: 'aes-128-cbc' } }, /crypto\.cipher .*aes-128-cbc/],
      [{ ...file, crypto: unchecked }, /crypto\.mac is missing/],
      [{ ...file, crypto: undefined }, /crypto is missing/],
      [{ ...file, address: '0x11' }, /address must be 20 bytes/],
      [{ ...file, crypto: { ...crypto, kdfparams: { n: 1000, r: 8, p: 1, dklen: 32, salt: 'ab' } } }, /power of two/],
      [[], /its JSON is no object/],
      [bare, /bare private key/],
      [JSON.stringify(bare.slice(0, 40)), /its JSON is no object/],
      ['abandon abandon about', /not JSON/],
      ['x'.repeat(100_000), /it has 100000 bytes/]
    ]
    for (const [content, said] of wrong)
      await assert.rejects(openKeystore(await written(content), 'correct horse'), (error: InvalidError) => {
        assert.equal(error.code, 'key.file')
        assert.match(error.message, said)
        assert.doesNotMatch(`${error.help}`, /backup|copy/)
        assert.ok(!describeError(error).includes(bare.slice(0, 40)), 'no digit of a key is repeated')
        return true
      })
    await assert.rejects(openKeystore(await written(text.slice(0, 200)), 'correct horse'), (error: InvalidError) => {
      assert.match(`${error.message} ${error.help}`, /cut off or damaged.*copy/)
      return true
    })
    const other = await written({ ...file, address: '22'.repeat(20) })
    await assert.rejects(openKeystore(other, 'correct horse'), /0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a/)
    // As older tools write it.
    const capital = await written({ ...file, version: '3', crypto: undefined, Crypto: crypto, address: '' })
    assert.deepEqual((await openKeystore(capital, 'correct horse')).privateKey, new Uint8Array(32).fill(0x11))
  })

  it('takes only 32 bytes within the order as a private key', () => {
    assert.throws(() => parsePrivateKey('zz'), { code: 'key.invalid' })
    assert.throws(() => addressOfKey(new Uint8Array(32)), { code: 'key.invalid' })
    assert.throws(() => addressOfKey(new Uint8Array(32).fill(0xff)), { code: 'key.invalid' })
  })
})
