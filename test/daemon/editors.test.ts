import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createKeystore, openKeystore, openingPassphrase, readPassphrase } from '../../daemon/keys/index.ts'
import { readJson } from '../../daemon/config/read.ts'
import { questionFile, readText } from '../../daemon/cli/text-file.ts'
import { scratch } from '../harness/index.ts'

const utf16 = (text: string, unit: 'le' | 'be'): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return unit === 'le' ? bytes : bytes.swap16()
}

describe('files that somebody wrote in an editor or a shell', () => {
  let folder: string
  before(async () => {
    folder = await scratch('editors')
  })
  const file = async (bytes: Buffer | string): Promise<string> => {
    const path = join(folder, 'file')
    await writeFile(path, bytes)
    return path
  }
  const said = 'größe, 8 letters'
  const ways: [string, Buffer | string][] = [
    ['UTF-8', said],
    ['UTF-8 with a mark', `\ufeff${said}`],
    ['UTF-16, as PowerShell writes it', utf16(said, 'le')],
    ['UTF-16 of the other order', utf16(said, 'be')]
  ]
  for (const [what, bytes] of ways)
    it(`say the same in ${what}: a passphrase, a question, text`, async () => {
      const path = await file(bytes)
      assert.deepEqual(
        [await readPassphrase({ file: path }), await questionFile(path), await readText(path)],
        [said, said, said]
      )
    })

  it('end with the line, and may hold JSON', async () => {
    assert.equal(await readPassphrase({ file: await file(utf16(`${said}\r\n`, 'le')) }), said)
    assert.deepEqual(await readJson(await file('\ufeff{"a": 1}'), 'configuration'), { a: 1 })
  })

  it('open what was sealed when each was read as UTF-8', async () => {
    const files = [`\ufeff${said}\n`, utf16(`${said}\r\n`, 'le'), Buffer.from(`${said}\n`, 'latin1')]
    for (const [i, bytes] of files.entries()) {
      const path = await file(bytes)
      const sealed = Buffer.from(bytes)
        .toString('utf8')
        .replace(/\r?\n$/, '')
      const key = join(folder, `older-${i}.json`)
      const { address } = await createKeystore(key, sealed, { strength: 'light' })
      assert.equal((await openKeystore(key, await openingPassphrase({ file: path }))).address, address)
    }
    const newer = join(folder, 'newer.json')
    const { address } = await createKeystore(newer, said, { strength: 'light' })
    const utf16File = await file(utf16(said, 'be'))
    assert.equal((await openKeystore(newer, await openingPassphrase({ file: utf16File }))).address, address)
    // What opens nothing is told by what is wrong with its file.
    const latin1 = await openingPassphrase({ file: await file(Buffer.from(said, 'latin1')) })
    await assert.rejects(openKeystore(newer, latin1), { code: 'file.encoding' })
    const wrong = await openingPassphrase({ file: await file('another one') })
    await assert.rejects(openKeystore(newer, wrong), { code: 'key.passphrase' })
  })

  it('are refused rather than read with other letters', async () => {
    const path = await file(Buffer.from(said, 'latin1'))
    await assert.rejects(readPassphrase({ file: path }), { code: 'file.encoding', help: /UTF-8/ })
    await assert.rejects(readText(path), { code: 'file.encoding' })
    await assert.rejects(questionFile(path), { code: 'file.text' })
  })
})
