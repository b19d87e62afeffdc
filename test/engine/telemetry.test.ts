import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { modelFolder, temporary } from './fixture.ts'

describe('ONNX Runtime', () => {
  const folder = temporary()
  after(() => folder.remove())

  it('keeps no book of what the engine runs, to be sent to others', async () => {
    const home = join(folder.path, 'home')
    mkdirSync(home)
    const { ORT_DISABLE_TELEMETRY: _, XDG_CACHE_HOME: __, ...rest } = process.env
    const output = join(folder.path, 'out')
    await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, 'one-session.ts'), modelFolder(folder.path), output],
      { env: { ...rest, HOME: home, TMPDIR: home } }
    )
    assert.ok(existsSync(join(output, 'adapter_model.safetensors')))
    const left = readdirSync(home, { recursive: true, encoding: 'utf8' })
    assert.deepEqual(
      left.filter(name => /telemetry|onnxruntime|deviceid|mat-debug/i.test(name)),
      []
    )
  })
})
